"""Descriptors that are sockets."""

from __future__ import annotations

import os
import time

from ..base import waiting
from . import abi, errno
from .descriptor import Descriptor
from .errno import WasiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket

    from .function import Iovecs

_FOREVER = bytes(16)
"""A timeout of no length means none: ``struct timeval`` of the host."""

_PEEK_PAUSE = 5
"""Milliseconds between two looks at data that is to be complete, but not to be taken."""


class Socket(Descriptor):
    """A socket of the host.

    The host's handle never blocks if it is the guest's own. An operation that the guest wants to
    wait for is tried, then waited for, then tried again, so that another thread can end the wait
    at any time.
    """

    __slots__ = ("_sock",)

    def __init__(self, host: int, base: int, *, owned: bool = True) -> None:
        """Take over ``host``, an open socket; close it in the end if it is ``owned``.

        Raises:
            OSError: ``host`` is not open.
        """
        self._sock: _socket.socket | None = None
        super().__init__(host, base, base if owned else 0, owned=owned)
        self.may_block = False
        if not owned:
            self.nonblock = not os.get_blocking(host)

    @classmethod
    def open(cls, family: int, type_: int) -> Socket:
        """Make a socket of a host address family and type.

        Raises:
            OSError: the host has no such sockets, or no more descriptors.
        """
        import _socket

        made = cls.of(_socket.socket(family, type_), abi.SOCKET_RIGHTS)
        if type_ == _socket.SOCK_DGRAM:
            made.type = abi.SOCKET_DGRAM
        return made

    @classmethod
    def of(cls, sock: _socket.socket, base: int) -> Socket:
        """The descriptor for a new host socket."""
        sock.setblocking(False)
        made = cls(sock.fileno(), base)
        made._sock = sock
        return made

    def __del__(self) -> None:
        if self._sock is not None:
            self._sock.detach()  # the handle has one owner
        super().__del__()

    @property
    def pollable(self) -> bool:
        return True

    @property
    def sock(self) -> _socket.socket:
        """The Python object for the handle."""
        sock = self._sock
        if sock is None:
            import _socket

            blocking = os.get_blocking(self.host)
            sock = _socket.socket(fileno=self.host)
            sock.settimeout(None)  # whatever a host program's default is
            os.set_blocking(self.host, blocking)
            self._sock = sock
        return sock

    def readv(self, buffers: Iovecs) -> int:
        self._tell()
        return self.receive(buffers, 0)[0]

    def writev(self, buffers: Iovecs) -> int:
        self._tell()
        return self.send(buffers)

    def flags(self) -> int:
        return abi.NONBLOCK if self.nonblock else 0

    def set_flags(self, flags: int) -> None:
        self.nonblock = bool(flags & abi.NONBLOCK)

    def _tell(self) -> None:
        """Fail as C's attempt has failed, whose error the host has told and forgotten."""
        error: int = self.c.error
        if error:
            self.c.error = 0
            raise OSError(error, os.strerror(error))

    def receive(self, buffers: Iovecs, flags: int) -> tuple[int, bool, object]:
        """Receive into ``buffers``.

        Args:
            flags: host flags; of ``MSG_WAITALL`` and ``MSG_PEEK`` any.

        Returns:
            The number of bytes, whether a datagram was cut off, the sender as Python has it.
        """
        import _socket

        sock, all_ = self.sock, _socket.MSG_WAITALL
        if flags & all_ and self.type == abi.SOCKET_STREAM and not self.nonblock:
            return self._receive_all(buffers, flags & ~all_), False, None
        flags = (flags & ~all_) | _socket.MSG_DONTWAIT
        stream = self.type == abi.SOCKET_STREAM
        host = buffers if len(buffers) <= abi.MAX_IOVECS else _fewer(buffers, stream, empty=True)
        while True:
            try:
                if len(buffers) == 1 and stream:
                    return sock.recv_into(buffers[0], 0, flags), False, None
                size, _, got, sender = sock.recvmsg_into(host, 0, flags)
                if host is not buffers and not stream:
                    _spread(host, size, buffers)
                return size, bool(got & _socket.MSG_TRUNC), sender
            except BlockingIOError:
                self.wait(write=False)

    def send(self, buffers: Iovecs, to: tuple[str, int] | None = None) -> int:
        """Send ``buffers``, to an address or the peer; the number of bytes.

        A stream that may wait takes everything, unless something happens before.
        """
        import _socket

        sock = self.sock
        flags = _socket.MSG_NOSIGNAL | _socket.MSG_DONTWAIT
        done = 0
        stream = self.type == abi.SOCKET_STREAM
        while True:
            try:
                host = buffers if len(buffers) <= abi.MAX_IOVECS else _fewer(buffers, stream)
                if to is not None:
                    return sock.sendmsg(host, (), flags, to)
                if len(host) == 1:
                    size = sock.send(host[0], flags)
                else:
                    size = sock.sendmsg(host, (), flags)
                done += size
                buffers = _after(buffers, size)
                if not buffers or self.nonblock or not stream:
                    return done
            except BlockingIOError:
                try:
                    self.wait(write=True)
                except WasiError:
                    if done:
                        return done
                    raise
            except OSError:
                if done:
                    return done  # the next call tells
                raise

    def accept(self) -> Socket:
        """Take the next connection."""
        import _socket

        if not self.owned:
            self.wait(write=False, here_too=True)  # the handle may block, it is not ours alone
        while True:
            try:
                handle, _ = self.sock._accept()  # type: ignore[attr-defined]
                break
            except BlockingIOError:
                self.wait(write=False)
        return Socket.of(_socket.socket(fileno=handle), abi.ACCEPTED_RIGHTS)

    def connect(self, to: tuple[str, int]) -> None:
        """Connect; ``INPROGRESS`` if that takes time and the guest does not wait."""
        import _socket

        try:
            self.sock.connect(to)
        except BlockingIOError:
            if self.nonblock:
                raise
            self.wait(write=True)
            error = self.sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR)
            if error:
                raise OSError(error, os.strerror(error)) from None

    def wait(self, *, write: bool, here_too: bool = False) -> None:
        """Wait until the socket is ready; until its timeout for that direction at most.

        Args:
            write: which direction.
            here_too: look even if the guest does not wait.

        Raises:
            WasiError: ``AGAIN`` if it must not block or for too long, ``INTR`` when interrupted.
        """
        if self.nonblock and not here_too:
            raise WasiError(errno.AGAIN)
        if not self._ready(write, 0 if self.nonblock else self._timeout(write)):
            raise WasiError(errno.AGAIN)

    def _ready(self, write: bool, milliseconds: float | None) -> int:
        """Host poll events of the socket, 0 when time is up."""
        import select

        poll = select.poll()
        poll.register(self.host, select.POLLOUT if write else select.POLLIN | select.POLLRDHUP)
        wake = waiting.handle()
        if wake >= 0:
            poll.register(wake, select.POLLIN)
        states = dict(poll.poll(milliseconds))
        if wake in states:
            raise WasiError(errno.INTR)
        return states.get(self.host, 0)

    def _timeout(self, write: bool) -> float | None:
        """Milliseconds of SO_SNDTIMEO or SO_RCVTIMEO, ``None`` for endless."""
        import _socket

        name = _socket.SO_SNDTIMEO if write else _socket.SO_RCVTIMEO
        value = self.sock.getsockopt(_socket.SOL_SOCKET, name, 16)
        if value == _FOREVER:
            return None
        seconds, micros = abi.TIMEVAL.unpack(value)
        milliseconds: float = seconds * 1000 + micros / 1000
        return min(max(milliseconds, 1), 2**31 - 1)

    def _receive_all(self, buffers: Iovecs, flags: int) -> int:
        """Receive until the buffers are full or the stream ends; less if interrupted then."""
        import _socket

        if flags & _socket.MSG_PEEK:
            buffers = buffers[: abi.MAX_IOVECS]
            return self._peek_all(buffers, sum(map(len, buffers)))
        total = sum(map(len, buffers))
        done = 0
        while done < total:
            try:
                size = self.receive(_after(buffers, done), flags)[0]
            except (WasiError, OSError):
                if done:
                    break
                raise
            if not size:
                break
            done += size
        return done

    def _peek_all(self, buffers: Iovecs, total: int) -> int:
        import _socket
        import select

        timeout = self._timeout(False)
        deadline = None if timeout is None else time.monotonic_ns() + timeout * 1e6
        while True:
            size = self.receive(buffers, _socket.MSG_PEEK)[0]
            ended = select.POLLRDHUP | select.POLLHUP | select.POLLERR
            late = deadline is not None and time.monotonic_ns() >= deadline
            if size == total or late or self._ready(False, 0) & ended:
                return size
            self._pause()

    def _pause(self) -> None:
        """Give the peer time although there is data already."""
        import select

        poll = select.poll()
        wake = waiting.handle()
        if wake >= 0:
            poll.register(wake, select.POLLIN)
        if poll.poll(_PEEK_PAUSE):
            raise WasiError(errno.INTR)


def _after(buffers: Iovecs, count: int) -> Iovecs:
    """The buffers without their first ``count`` bytes."""
    for i, buffer in enumerate(buffers):
        if count < len(buffer):
            return [buffer[count:], *buffers[i + 1 :]]
        count -= len(buffer)
    return []


_DATAGRAM = 65536
"""Bytes, more than any datagram has."""


def _fewer(buffers: Iovecs, stream: bool, *, empty: bool = False) -> Iovecs:
    """As many buffers as the host takes at once, in place of more.

    For a stream these are the first ones. Of a datagram nothing may be left out: the last buffer
    contains those that are too many, or is ``empty`` but has room for what is for them.
    """
    few = abi.MAX_IOVECS
    if stream:
        return buffers[:few]
    rest = bytearray()
    for buffer in buffers[few - 1 :]:
        rest += buffer[: _DATAGRAM - len(rest)]
    return [*buffers[: few - 1], memoryview(bytearray(len(rest)) if empty else rest)]


def _spread(host: Iovecs, size: int, buffers: Iovecs) -> None:
    """Put what was received into the last one of fewer buffers into those it stands for."""
    first = len(host) - 1
    rest = host[first][: max(size - sum(map(len, host[:first])), 0)]
    for buffer in buffers[first:]:
        piece = rest[: len(buffer)]
        buffer[: len(piece)] = piece
        rest = rest[len(piece) :]
        if not rest:
            break
