"""The state behind a WASI module: arguments, environment, descriptors, exit code."""

from __future__ import annotations

import os
import sys
from _thread import allocate_lock
from collections.abc import Mapping

from ..base import waiting
from ..base.arguments import items, text
from ..kernel.native import lib
from ..kernel.objects import own
from . import abi, errno
from .descriptor import Descriptor, Stream, Table
from .errno import WasiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from _typeshed import StrOrBytesPath as Text

    from ..kernel.native import CData
    from .network import Network

_FEW = 64
"""Descriptors that nobody counts."""

_RESERVED = 32
"""Descriptors of the process that guests leave to the host."""


class Env:
    """What a guest sees of its host. Starts empty: no arguments, no descriptors.

    May be shared by guests in several threads.

    Attributes:
        args: argument strings, the program's name first.
        environ: ``NAME=VALUE`` strings.
        clock, random: what the embedder has in place of the host's clocks and random numbers.
        max_files: most descriptors a guest may have open; ``None`` for what the process may,
            some left to the host.
        exit_code: what the guest gave to ``proc_exit``, 0 to 2^32-1; 0 before.
        network: what of the network it may use; ``None`` for nothing.
    """

    def __init__(self) -> None:
        self.args: list[bytes] = []
        self.environ: list[bytes] = []
        self.exit_code = 0
        self.clock: Callable[[int], int] | None = None
        self.random: Callable[[int], bytes] | None = None
        self.max_files: int | None = None
        self.network: Network | None = None
        self._c = lib.we_wasi_new()
        self._owned = own(self._c, "we_wasi_free")
        self.table = Table(self._c)
        self._lowest = 0
        self._lock = allocate_lock()

    def set_args(self, args: Iterable[Text]) -> None:
        """Set the arguments.

        Raises:
            TypeError: it is no list of texts.
            ValueError: one contains a NUL character.
        """
        self.args = [text(arg, "args") for arg in items(args, "args")]
        self._share(self.args, environment=False)

    def set_environ(self, environ: Mapping[Any, Text] | Iterable[Text]) -> None:
        """Set the environment from a mapping or from ``NAME=VALUE`` strings.

        Raises:
            TypeError: it is none of texts.
            ValueError: one contains a NUL character; a name in a mapping is empty or contains
                ``=``.
        """
        if isinstance(environ, Mapping):
            self.environ = [_variable(*pair) for pair in environ.items()]
        else:
            entries = items(environ, "env", "list of strings or a mapping")
            self.environ = [text(entry, "env") for entry in entries]
        self._share(self.environ, environment=True)

    def hot(self, name: str) -> Callable[[int, CData], CData] | None:
        """What makes the kernel's function ``name``; ``None`` if the embedder has its own."""
        replaced = {"clock_time_get": self.clock, "random_get": self.random}
        if replaced.get(name) is not None:
            return None
        return lambda type_id, handle: lib.we_wasi_function(self._c, name.encode(), type_id, handle)

    def set_stream(self, fd: int, stream: object) -> None:
        """Make ``fd`` (0, 1 or 2) a standard stream.

        Args:
            stream: a descriptor of the host or an object with ``fileno()``, used directly and
                never closed; else an object with ``read`` or ``write``, or a callable that gets
                each piece of output; input may also be given as ``bytes`` or the like.

        Raises:
            OSError: the host descriptor is not open.
            TypeError: ``stream`` is none of these.
        """
        rights = abi.STDOUT_RIGHTS if fd else abi.STDIN_RIGHTS
        if fd == 0 and isinstance(stream, (bytes, bytearray, memoryview)):
            import io

            stream = io.BytesIO(stream)
        if isinstance(stream, bool):
            raise TypeError(f"not usable as a standard stream: {stream}")
        host = stream if isinstance(stream, int) else _fileno(stream)
        if host is None:
            descriptor: Descriptor = Stream(stream, rights)
        else:
            descriptor = Descriptor(host, rights, owned=False)
            if descriptor.type == abi.CHARACTER_DEVICE and not os.isatty(host):
                descriptor.base |= abi.FD_SEEK | abi.FD_TELL
            if descriptor.type == abi.SOCKET_STREAM:
                from .socket import Socket

                descriptor = Socket(host, rights, owned=False)
        with self._lock:
            self.table[fd] = descriptor

    def set_network(self, allowed: bool | str | Iterable[str]) -> None:
        """Allow what :class:`~pywasmedge.wasi.network.Network` makes of ``allowed``.

        Raises:
            TypeError: it is none of the types there.
            ValueError: it contains something that is no pattern.
        """
        self.network = None
        if allowed is not False and allowed is not None:
            from .network import Network

            self.network = Network(allowed) or None

    def preopen(self, guest: Text, host: Text, *, readonly: bool = False) -> int:
        """Give the guest the directory ``host`` under the name ``guest``; its descriptor.

        The guest learns that name as it is. Descriptors are given out from 3 upwards.

        Raises:
            OSError: ``host`` cannot be opened as a directory.
            TypeError: one of them is no text or path.
            ValueError: a NUL character in a name.
        """
        name, place = text(guest, "preopens"), os.fsdecode(text(host, "preopens"))
        handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        base, inheriting = abi.DIRECTORY_RIGHTS, abi.PREOPEN_INHERITING
        if readonly:
            base &= ~abi.MODIFYING_RIGHTS
            inheriting &= ~abi.MODIFYING_RIGHTS
        descriptor = Descriptor(handle, base, inheriting)
        descriptor.preopen = name
        return self.add(descriptor, 3, limited=False)

    def remove_preopens(self) -> None:
        """Close the preopened directories."""
        with self._lock:
            for fd, descriptor in list(self.table.items()):
                if descriptor.preopen is not None:
                    del self.table[fd]
                    self._lowest = min(self._lowest, fd)

    def require(self, fd: int, rights: int) -> Descriptor:
        """The open descriptor ``fd``.

        Raises:
            WasiError: ``BADF`` if it is not open, ``NOTCAPABLE`` if it lacks one of ``rights``.
        """
        descriptor = self.table.find(fd)
        if descriptor is None:
            raise WasiError(errno.BADF)
        if descriptor.base & rights != rights:
            raise WasiError(errno.NOTCAPABLE)
        return descriptor

    def require_room(self) -> None:
        """Make sure that the guest may open one more file.

        Raises:
            WasiError: ``MFILE``.
        """
        count = len(self.table)
        if self.max_files is None:
            if count < _FEW:
                return
            import resource

            limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
            unlimited = limit == resource.RLIM_INFINITY
            self.max_files = sys.maxsize if unlimited else max(limit - _RESERVED, _FEW)
        if count >= self.max_files:
            raise WasiError(errno.MFILE)

    def add(self, descriptor: Descriptor, start: int = 0, *, limited: bool = True) -> int:
        """Enter ``descriptor`` under the lowest free number from ``start``.

        Raises:
            WasiError: ``MFILE``, there are too many, unless that is not to be ``limited``.
        """
        with self._lock:
            if limited:
                self.require_room()
            fd = max(start, self._lowest)
            while fd in self.table:
                fd += 1
            self.table[fd] = descriptor
            if start <= self._lowest:
                self._lowest = fd + 1
            return fd

    def remove(self, fd: int) -> None:
        """Close ``fd``.

        Raises:
            WasiError: ``BADF`` if it is not open.
        """
        with self._lock:
            if self.table.pop(fd, None) is None:
                raise WasiError(errno.BADF)
            self._lowest = min(self._lowest, fd)

    def renumber(self, fd: int, to: int) -> None:
        """Make ``to`` what ``fd`` is, closing what it was, and close ``fd``.

        Raises:
            WasiError: ``BADF`` if one of them is not open.
        """
        with self._lock:
            if fd not in self.table or to not in self.table:
                raise WasiError(errno.BADF)
            if fd != to:
                self.table[to] = self.table.pop(fd)
                self._lowest = min(self._lowest, fd)

    def close(self) -> None:
        """Close everything. Handles the host gave stay open."""
        with self._lock:
            self.table.clear()
            self._lowest = 0

    def _share(self, strings: list[bytes], *, environment: bool) -> None:
        data = b"".join([string + b"\0" for string in strings])
        if not lib.we_wasi_set_strings(self._c, environment, data, len(data), len(strings)):
            raise MemoryError


def wait(descriptor: Descriptor, *, write: bool = False) -> None:
    """Before an operation that may block: wait until it will not.

    Returns at once for files, and for threads whose waits nobody can end.

    Raises:
        WasiError: ``AGAIN`` for a descriptor that must not block, ``INTR`` when interrupted.
    """
    if not descriptor.may_block:
        return
    nonblock = descriptor.nonblock
    wake = waiting.handle()
    if wake < 0 and not nonblock:
        return
    import select

    poll = select.poll()
    poll.register(descriptor.host, select.POLLOUT if write else select.POLLIN)
    if wake >= 0:
        poll.register(wake, select.POLLIN)
    ready = [handle for handle, _ in poll.poll(0 if nonblock else None)]
    if wake in ready:
        raise WasiError(errno.INTR)
    if not ready:
        raise WasiError(errno.AGAIN)


def directories(preopens: Any) -> list[tuple[bytes, bytes, bool]]:
    """Guest name, host path and whether it is read-only, of each directory to be given.

    >>> directories(["/data:some/dir:readonly", "dir"])
    [(b'/data', b'some/dir', True), (b'dir', b'dir', False)]

    Raises:
        TypeError: ``preopens`` is neither a list of texts nor a mapping.
    """
    if isinstance(preopens, Mapping):
        pairs = preopens.items()
        return [(text(guest, "preopens"), text(host, "preopens"), False) for guest, host in pairs]
    found = []
    for spec in items(preopens, "preopens", "list of strings or a mapping"):
        name, colon, place = text(spec, "preopens").partition(b":")
        place = place if colon else name
        path = place.removesuffix(b":readonly") if colon else name
        found.append((name, path, path != place))
    return found


def _variable(name: Any, value: Any) -> bytes:
    """``NAME=VALUE`` for an item of a mapping."""
    left, right = text(name, "env"), text(value, "env")
    if not left or b"=" in left:
        raise ValueError(f"env: no name of a variable: {name!r}")
    return left + b"=" + right


def _fileno(stream: object) -> int | None:
    """Host descriptor behind a file object, its buffer flushed; ``None`` if it has none."""
    fileno = getattr(stream, "fileno", None)
    if fileno is None:
        return None
    try:
        host: int = fileno()
    except OSError:  # io.UnsupportedOperation
        return None
    flush = getattr(stream, "flush", None)
    if flush is not None:
        flush()
    return host
