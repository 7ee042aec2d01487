"""Loading and validating: from bytes to a :class:`Module`."""

from __future__ import annotations

import os
from threading import RLock

from ..base.closing import Closing
from ..base.config import Configure, Validation
from ..base.errors import ErrCode, LoadError, ValidationError
from ..base.record import dataclass
from ..module.compiled import code_sections

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from ..base.config import Proposal
    from ..base.types import ExternKind, ExternType
    from ..module import ast
    from .code import CompiledModule
    from .plan import Plan
    from .precompiled import Precompiled


@dataclass(frozen=True, slots=True)
class ImportType:
    """What a module imports: two-part name, kind and type."""

    module: str
    name: str
    kind: ExternKind
    type: ExternType


@dataclass(frozen=True, slots=True)
class ExportType:
    """What a module exports: name, kind and type."""

    name: str
    kind: ExternKind
    type: ExternType


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of validating a module with a set of proposals."""

    proposals: frozenset[Proposal]
    error: ValidationError | None


_KEPT_FROM = 256 << 10
"""Bytes of a binary from which the cache may know it."""
EAGER_SIZE = 16 << 10
"""Bytes of a binary up to which ``Validation.AUTO`` means ``EAGER``: that takes up to 2 ms."""


class Module(Closing):
    """A loaded module (section 2.5). Immutable but for the marks that validation succeeded.

    Code is generated for it at the first instantiation and shared by all instances.
    """

    __slots__ = ("__weakref__", "_checked", "_code", "_lock", "_plan", "_precompiled", "ast")

    def __init__(
        self, tree: ast.Module, checked: Checked | None, precompiled: Precompiled | None = None
    ) -> None:
        """Wrap a decoded module.

        Args:
            tree: the module.
            checked: what the loader found out about its validity; ``None`` if it has not looked
                at the bodies.
            precompiled: code that came with it.
        """
        self.ast = tree
        self._checked = checked
        self._lock = RLock()
        self._plan: Plan | None = None
        self._precompiled = precompiled
        self._code: dict[object, CompiledModule] = {}

    @property
    def validated(self) -> bool:
        """Whether a validator has accepted the module, or all that it consists of."""
        return self.ast.validated and 0 not in self.ast.checked

    @property
    def imports(self) -> list[ImportType]:
        """The imports in the order of the file."""
        tree = self.ast
        return [
            ImportType(
                item.module,
                item.name,
                item.kind,
                tree.types[item.desc] if isinstance(item.desc, int) else item.desc,
            )
            for item in tree.imports
        ]

    @property
    def exports(self) -> list[ExportType]:
        """The exports in the order of the file."""
        tree = self.ast
        return [
            ExportType(item.name, item.kind, tree.extern_type(item.kind, item.index))
            for item in tree.exports
        ]

    @property
    def name(self) -> str:
        """The module's name from its name section, or ``""``."""
        from ..module.names import read_names

        return read_names(self.ast).module or ""

    def custom_sections(self, name: str) -> list[bytes]:
        """Contents of the custom sections called ``name``, in the order of the file."""
        data = self.ast.data
        return [data[start:end] for key, (start, end) in self.ast.customs if key == name]

    def close(self) -> None:
        """Drop the code generated for the module; instances that exist keep theirs."""
        with self._lock:
            self._code = {}

    def __repr__(self) -> str:
        tree = self.ast
        mark = "" if self.validated else ", not validated"
        return (
            f"<Module {len(tree.data)} bytes, {len(tree.imports)} imports, "
            f"{len(tree.exports)} exports{mark}>"
        )


class Loader(Closing):
    """Decodes WebAssembly binaries (section 5). Safe from several threads: it has no state."""

    __slots__ = ("_configure",)

    def __init__(self, configure: Configure | None = None) -> None:
        """Make a loader with a copy of ``configure`` (default configuration if ``None``)."""
        self._configure = configure.copy() if configure else Configure()

    def parse_file(self, path: str | os.PathLike[str]) -> Module:
        """Load the binary in a file, or the shared library that one was compiled to.

        Raises:
            LoadError: 0x20 if there is no such file that can be read, 0x21 if reading fails,
                other codes below 0x40 if the content is malformed; for a library see
                :func:`precompiled.in_library`.
        """
        return self._module(_read(path), whole=True)

    def parse_bytes(self, data: ReadableBuffer) -> Module:
        """Load a binary from a bytes-like object (which is copied unless it is ``bytes``).

        Raises:
            LoadError: the binary is malformed (0x22 if empty).
        """
        return self._module(_Source(_copied(data)), whole=True)

    def load(self, source: str | os.PathLike[str] | ReadableBuffer) -> Module:
        """Load a file or bytes to run them at once.

        Bodies are decoded when ``Configure.validation`` says that they are validated.

        Raises:
            LoadError: as the other methods; it says nothing about bodies not decoded yet.
        """
        if isinstance(source, (str, os.PathLike)):
            found = _read(source)
        else:
            found = _Source(_copied(source))
        mode = self._configure.validation
        small = mode == Validation.AUTO and len(found.data) <= EAGER_SIZE
        return self._module(found, whole=small or mode == Validation.EAGER)

    def _module(self, source: _Source, *, whole: bool) -> Module:
        """Decode a module; code may be with it, or in one of its custom sections."""
        precompiled = None
        if _wants_code(self._configure):
            precompiled = source.precompiled or _in_section(source.data)
        front = None
        tree = None
        if precompiled is None and len(source.data) >= _KEPT_FROM:
            from .front import find

            front = find(source.data, source.status, self._configure)
            tree = front.load(source.data) if front else None
        if tree is None:
            from ..module.loader import load

            tree = load(source.data, self._configure, bodies=whole and precompiled is None)
        checked = None
        if precompiled is not None and precompiled.valid_with(self._configure.proposals):
            checked = Checked(frozenset(self._configure.proposals), None)
            tree.checked[:] = b"\1" * len(tree.checked)
        elif tree.sound and 0 not in tree.checked:
            checked = Checked(tree.proposals, None)
        elif whole:
            checked = _check(tree, self._configure)
        if front is not None:
            front.keep(tree)
        return Module(tree, checked, precompiled)


class _Source:
    """A binary: its bytes, code that came with it, and what the system says of its file."""

    __slots__ = ("data", "precompiled", "status")

    def __init__(
        self,
        data: bytes,
        precompiled: Precompiled | None = None,
        status: os.stat_result | None = None,
    ) -> None:
        self.data = data
        self.precompiled = precompiled
        self.status = status


def _read(path: str | os.PathLike[str]) -> _Source:
    """Content of a file, which is not mapped as it may change; for a library module and code.

    Raises:
        LoadError: 0x20 or 0x21; what is wrong with a library.
    """
    try:
        file = open(path, "rb", buffering=0)  # noqa: SIM115
    except (OSError, ValueError) as error:
        raise _unreadable(ErrCode.ILLEGAL_PATH, path, error) from error
    with file:
        try:
            fd = file.fileno()
            library = _library(fd)
            if library is not None:
                return _Source(*library)
            before, data, after = os.fstat(fd), file.read(), os.fstat(fd)
            unchanged = before.st_ctime_ns == after.st_ctime_ns and len(data) == after.st_size
            return _Source(data, None, after if unchanged else None)
        except OSError as error:
            raise _unreadable(ErrCode.READ_ERROR, path, error) from error


def _copied(data: ReadableBuffer) -> bytes:
    return data if type(data) is bytes else bytes(memoryview(data))


def _library(fd: int) -> tuple[bytes, Precompiled] | None:
    """Module and code in a shared library; ``None`` for any other file."""
    try:
        if os.pread(fd, 1, 0) != b"\x7f":
            return None
    except OSError:  # a pipe
        return None
    from .precompiled import in_library

    return in_library(fd)


def _wants_code(configure: Configure) -> bool:
    """Whether code may be used that comes with a module."""
    if configure.precompiled is None:
        return os.environ.get("PYWASMEDGE_PRECOMPILED") != "off"
    return configure.precompiled


def _in_section(data: bytes) -> Precompiled | None:
    """Code in a custom section, if there is some that can be used."""
    if not code_sections(data):
        return None
    from .precompiled import in_module

    return in_module(data)


def _unreadable(code: ErrCode, path: object, error: Exception) -> LoadError:
    reason = getattr(error, "strerror", None) or str(error)
    return LoadError(code, f"{os.fspath(path)!r}: {reason}")  # type: ignore[call-overload]


def _check(tree: ast.Module, configure: Configure) -> Checked:
    """Decode the bodies and validate the module, in one walk."""
    from ..walk.check import check

    error = None
    try:
        check(tree, configure)
    except ValidationError as found:
        error = found
    return Checked(frozenset(configure.proposals), error)


class Validator(Closing):
    """Checks loaded modules (section 3). Safe from several threads: it has no state."""

    __slots__ = ("_configure",)

    def __init__(self, configure: Configure | None = None) -> None:
        """Make a validator with a copy of ``configure`` (default configuration if ``None``)."""
        self._configure = configure.copy() if configure else Configure()

    def validate(self, module: Module) -> None:
        """Mark ``module`` as validated.

        Raises:
            ValidationError: the module is not valid (codes 0x40 to 0x5F); the mark is unchanged.
            LoadError: a body that was not decoded before is malformed.
        """
        checked = module._checked
        if checked is None or checked.proposals != self._configure.proposals:
            checked = _check(module.ast, self._configure)
            if module._checked is None:
                module._checked = checked
        if checked.error is not None:
            raise checked.error.with_traceback(None)
        module.ast.validated = True

    def admit(self, module: Module) -> None:
        """Let ``module`` be run: bodies that are not validated yet are when they are called first.

        Raises:
            ValidationError, LoadError: as :meth:`validate`, but for these bodies.
        """
        tree = module.ast
        if module._checked is not None or tree.proposals != self._configure.proposals:
            self.validate(module)
            return
        if not tree.sound:
            from ..walk.rules import validate_module

            try:
                validate_module(tree, self._configure)
            except ValidationError:
                self.validate(module)  # malformed bodies come first
                raise
        tree.validated = True
