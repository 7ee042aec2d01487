"""``wasmedge wast FILE...``: run scripts of the specification's test suite."""

from __future__ import annotations

import os

from ..base.errors import ErrCode, LoadError, WatError
from .options import UsageError
from .switches import put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..base.config import Configure


def run(files: list[str], configure: Configure) -> int:
    """Run scripts: a line of counts for each, then one for each command that does not hold.

    Args:
        files: paths of the scripts.
        configure: what the engine is made with, proposals above all.

    Returns:
        The exit code: 0 if all commands of all scripts hold.

    Raises:
        UsageError: no files.
        LoadError: a file cannot be read, or is no script (then a ``WatError``).
    """
    if not files:
        raise UsageError("wast needs the files of scripts")
    from ..text import script
    from ..wast.engine import Engine
    from ..wast.runner import counts, describe, outcomes

    good = True
    for file in files:
        try:
            with open(file, "rb") as opened:
                found = script.read(opened.read())
        except OSError as error:
            raise LoadError(ErrCode.ILLEGAL_PATH, f"{file!r}: {error.strerror}") from None
        except WatError as error:
            error.detail = repr(file)
            raise
        passed, total, failures = 0, 0, []
        for command, failure in outcomes(Engine(configure), found):
            if failure is not None:
                place = f"{file}:{command['line']}: {command['type']}"
                failures.append(f"{place}: {describe(failure)}\n")
            total += failure is not None or counts(command)
            passed += failure is None and counts(command)
        name = os.path.basename(file)
        put(f"{name}: {passed} of {total} hold\n")
        put("".join(failures), to=2)
        good = good and not failures
    return 0 if good else 1
