"""``wasmedge print [--folded] FILE``: a module as text."""

from __future__ import annotations

import os

from ..base.errors import WasmError
from ..prepare.source import Source
from .options import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..base.config import Configure


def run(words: list[str], configure: Configure) -> None:
    """Print the module in a file: a binary, a text, or the one in a compiled library.

    Args:
        words: what follows ``print`` on the command line.
        configure: whether the file may be a text.

    Raises:
        UsageError: not one file, or an option that is not known.
        LoadError: the file cannot be read, or is malformed.
    """
    folded = "--folded" in words
    files = [word for word in words if word != "--folded"]
    if len(files) != 1 or files[0].startswith("-"):
        raise UsageError("print: `print [--folded] FILE`")
    from ..text import print_module

    try:
        text = print_module(Source.from_file(files[0]).binary(configure).data, folded=folded)
    except WasmError as error:
        if repr(files[0]) not in error.detail:
            error.detail = f"{files[0]!r}: {error.detail}" if error.detail else repr(files[0])
        raise
    data = text.encode()
    try:
        while data:
            data = data[os.write(1, data) :]
    except OSError:  # whoever reads has seen enough
        pass
