"""A binary before it is decoded: its bytes, and what is known about it."""

from __future__ import annotations

import os

from ..base import arguments
from ..base.errors import ErrCode, LoadError
from ..module.compiled import code_sections

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, StrOrBytesPath

    from ..base.config import Configure
    from ..cache.modules import Front
    from .precompiled import Precompiled

_PIECE = 4096
"""Bytes that are looked at together when space is skipped."""
_KEPT_FROM = 256 << 10
"""Bytes of a binary from which the cache may know it."""


class Source:
    """A binary on its way to a module.

    Attributes:
        data: the binary itself.
    """

    __slots__ = ("_library", "_status", "data")

    def __init__(
        self,
        data: bytes,
        library: Precompiled | None = None,
        status: os.stat_result | None = None,
    ) -> None:
        """Give also the code of the shared library it was in, or what the system says of its file.

        A file that changes while it is read has no ``status``.
        """
        self.data = data
        self._library = library
        self._status = status

    @classmethod
    def from_bytes(cls, data: ReadableBuffer) -> Source:
        """A binary in memory, which is copied unless it is ``bytes``."""
        return cls(data if type(data) is bytes else bytes(memoryview(data)))

    @classmethod
    def from_file(cls, path: StrOrBytesPath) -> Source:
        """The content of a file, which is not mapped as it may change; of a library, its module.

        Raises:
            LoadError: 0x20 if there is no such file that can be read, 0x21 if reading fails; what
                is wrong with a library (see :func:`precompiled.in_library`).
        """
        path = arguments.path(path)
        try:
            file = open(path, "rb", buffering=0)  # noqa: SIM115
        except (OSError, ValueError) as error:
            raise _unreadable(ErrCode.ILLEGAL_PATH, path, error) from error
        with file:
            try:
                fd = file.fileno()
                if _is_elf(fd):
                    from .precompiled import in_library

                    return cls(*in_library(fd))
                before, data, after = os.fstat(fd), file.read(), os.fstat(fd)
                unchanged = before.st_ctime_ns == after.st_ctime_ns and len(data) == after.st_size
                return cls(data, None, after if unchanged else None)
            except OSError as error:
                raise _unreadable(ErrCode.READ_ERROR, path, error) from error

    def binary(self, configure: Configure) -> Source:
        """The binary that the content means, if it is a module in the text format; else itself.

        Raises:
            WatError: the text is malformed.
        """
        data = self.data
        if data[:1] == b"\0" or not is_text(data) or not wants_text(configure):
            return self
        from ..text import assemble

        return Source(assemble(data))

    @property
    def precompiled(self) -> Precompiled | None:
        """Code that came with the binary: around it, or in one of its custom sections."""
        if self._library is not None:
            return self._library
        if not code_sections(self.data):
            return None
        from .precompiled import in_module

        return in_module(self.data)

    def known(self, configure: Configure) -> Front | None:
        """The place in the cache for what earlier runs found out about it, if it is large."""
        if len(self.data) < _KEPT_FROM:
            return None
        from ..cache.modules import find

        return find(self.data, self._status, configure)


def wants_precompiled(configure: Configure) -> bool:
    """Whether code may be used that comes with a binary."""
    if configure.precompiled is None:
        return os.environ.get("PYWASMEDGE_PRECOMPILED") != "off"
    return configure.precompiled


def wants_text(configure: Configure) -> bool:
    """Whether modules may be texts."""
    if configure.text is None:
        return os.environ.get("PYWASMEDGE_TEXT") != "off"
    return configure.text


def is_text(data: bytes) -> bool:
    """Whether ``data`` begins like a module in the text format: with ``(``, or comments first."""
    at = 0
    while True:
        piece = data[at : at + _PIECE]
        space = len(piece) - len(piece.lstrip(b" \t\r\n"))
        at += space
        if space == len(piece):
            if not space:
                return False
            continue
        if data[at : at + 2] != b";;":
            return data[at : at + 1] == b"("
        at = data.find(b"\n", at)
        if at < 0:
            return False


def _is_elf(fd: int) -> bool:
    try:
        return os.pread(fd, 1, 0) == b"\x7f"
    except OSError:  # a pipe
        return False


def _unreadable(code: ErrCode, path: object, error: Exception) -> LoadError:
    reason = getattr(error, "strerror", None) or str(error)
    return LoadError(code, f"{os.fspath(path)!r}: {reason}")  # type: ignore[call-overload]
