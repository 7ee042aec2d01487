"""The ahead-of-time compiler: from a module's file to a compiled one."""

from __future__ import annotations

import os
import stat

from ..base import arguments
from ..base.closing import Closing
from ..base.config import Configure, OutputFormat
from ..base.errors import ErrCode, LoadError
from .loader import Loader, Validator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import ReadableBuffer, StrOrBytesPath

    from ..module import ast

    Progress = Callable[[int, int], None]


class Compiler(Closing):
    """Compiles modules to files that load like any module and need no compilation any more.

    Safe from several threads: it has no state.
    """

    __slots__ = ("_configure",)

    def __init__(self, configure: Configure | None = None) -> None:
        """Make a compiler with a copy of ``configure`` (default configuration if ``None``)."""
        self._configure = configure.copy() if configure else Configure()

    def compile(
        self,
        source: StrOrBytesPath,
        output: StrOrBytesPath,
        progress: Progress | None = None,
    ) -> None:
        """Compile a file to another one.

        Args:
            source: a binary module.
            output: is replaced when everything is done; untouched on failure.
            progress: is told now and then how many bytes of how many are compiled.

        Raises:
            LoadError: 0x20 if a file cannot be opened or written, 0x21 if reading fails, other
                codes below 0x40 if the module is malformed.
            ValidationError: the module is not valid.
        """
        from ..compiler import universal

        output = arguments.path(output, "output")
        tree = self._validated(universal.without_code(_read(arguments.path(source, "source"))))
        target = os.path.realpath(output)
        try:
            special = _open_special(target)
            if special is None:
                _try_to_create(target)
                _replace(target, self._compiled(tree, progress), self._mode())
                return
            with open(special, "wb", buffering=0) as file:
                _write_all(file.fileno(), self._compiled(tree, progress))
        except OSError as error:
            detail = f"{error.filename or os.fspath(output)!r}: {error.strerror}"
            raise LoadError(ErrCode.ILLEGAL_PATH, detail) from error

    def compile_bytes(self, data: ReadableBuffer, progress: Progress | None = None) -> bytes:
        """The same for a module in memory; the content of the output file."""
        from ..compiler import universal

        return self._compiled(self._validated(universal.without_code(bytes(data))), progress)

    def _validated(self, data: bytes) -> ast.Module:
        module = Loader(self._configure).parse_bytes(data)
        Validator(self._configure).validate(module)
        return module.ast

    def _compiled(self, tree: ast.Module, progress: Progress | None) -> bytes:
        from ..compiler import elf, universal
        from ..compiler.ahead import compile_all, origin
        from ..compiler.codegen import Level

        level = int(Level.OPTIMISED)
        codes = [(code, level) for code in compile_all(tree, self._configure, progress)]
        made_from = origin(universal.module_id(tree.data), self._configure)
        if self._configure.output_format == OutputFormat.WASM:
            return universal.write(made_from, codes, tree.data)
        return elf.write(made_from, codes, tree.data, _names(tree))

    def _mode(self) -> int:
        return 0o666 if self._configure.output_format == OutputFormat.WASM else 0o777


def _names(tree: ast.Module) -> dict[int, str]:
    """Names of the defined functions, from the name section and the exports."""
    from ..base.types import ExternKind
    from ..module.names import read_names

    first = tree.imported_funcs
    names = {e.index - first: e.name for e in tree.exports if e.kind == ExternKind.FUNCTION}
    named = read_names(tree).functions.items()
    names.update((index - first, name) for index, name in named if name)
    return names


def _read(path: str) -> bytes:
    code = ErrCode.ILLEGAL_PATH
    try:
        with open(path, "rb") as file:
            code = ErrCode.READ_ERROR
            return file.read()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise LoadError(code, f"{os.fspath(path)!r}: {reason}") from error


def _open_special(path: str) -> int | None:
    """A descriptor for what a new file must not replace, such as a pipe; ``None`` for files."""
    try:
        if stat.S_ISREG(os.stat(path).st_mode):
            return None
    except FileNotFoundError:
        return None
    return os.open(path, os.O_WRONLY)


def _beside(path: str) -> str:
    return f"{path}.{os.getpid()}.tmp"


def _try_to_create(path: str) -> None:
    """Raise OSError if a file cannot be written at ``path``, before hours of work."""
    beside = _beside(path)
    os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    os.unlink(beside)


def _replace(path: str, data: bytes, mode: int) -> None:
    """Replace the file at ``path`` by one that is complete, or leave it alone."""
    beside = _beside(path)
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        try:
            _write_all(fd, data)
        finally:
            os.close(fd)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
