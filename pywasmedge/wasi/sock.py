"""Sockets: what a guest can do with a socket its host gave it as a standard stream.

The functions that make sockets are declared, so that programs that may use them link; they
answer ``NOSYS``.
"""

from __future__ import annotations

from . import abi, errno
from .env import wait
from .errno import WasiError
from .function import U8, U16, U32, Fd, Iovecs, alternative, wasi

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

    from .descriptor import Descriptor
    from .env import Env

_PEEK, _WAITALL = 1, 2
_TRUNCATED = 1


@wasi
def sock_shutdown(env: Env, fd: Fd, how: U8) -> None:
    """End receiving (1), sending (2) or both (3)."""
    descriptor = _socket(env, fd)
    if how > 3:
        raise WasiError(errno.INVAL)
    host = _host_socket(descriptor)
    try:
        host.shutdown(max(how, 1) - 1)
    finally:
        host.detach()


@wasi
def sock_recv(env: Env, fd: Fd, iovs: Iovecs, flags: U16) -> tuple[U32, U16]:
    """Receive into ``iovs``; the number of bytes, and 1 if a datagram was cut off."""
    import socket

    if flags & ~(_PEEK | _WAITALL):
        raise WasiError(errno.INVAL)
    descriptor = _socket(env, fd)
    wait(descriptor)
    host_flags = socket.MSG_PEEK if flags & _PEEK else 0
    host_flags |= socket.MSG_WAITALL if flags & _WAITALL else 0
    host = _host_socket(descriptor)
    try:
        size, _, got, _ = host.recvmsg_into(iovs, 0, host_flags)
    finally:
        host.detach()
    return size, _TRUNCATED if got & socket.MSG_TRUNC else 0


@wasi
def sock_send(env: Env, fd: Fd, iovs: Iovecs, flags: U16) -> U32:
    """Send ``iovs``; the number of bytes."""
    if flags:
        raise WasiError(errno.INVAL)
    import socket

    descriptor = _socket(env, fd)
    wait(descriptor, write=True)
    host = _host_socket(descriptor)
    try:
        return host.sendmsg(iovs, [], socket.MSG_NOSIGNAL)
    finally:
        host.detach()


@wasi
def sock_accept(env: Env, fd: Fd) -> U32:
    """Not supported: there are no listening sockets."""
    raise WasiError(errno.NOSYS)


@alternative("sock_accept")
def sock_accept_with_flags(env: Env, fd: Fd, flags: U16) -> U32:
    """The standard's form of ``sock_accept``. Not supported either."""
    raise WasiError(errno.NOSYS)


@wasi
def sock_open(env: Env, family: U8, type_: U8) -> U32:
    """Not supported."""
    raise WasiError(errno.NOSYS)


@wasi
def sock_bind(env: Env, fd: Fd, address: U32, port: U32) -> None:
    """Not supported."""
    raise WasiError(errno.NOSYS)


@wasi
def sock_listen(env: Env, fd: Fd, backlog: U32) -> None:
    """Not supported."""
    raise WasiError(errno.NOSYS)


@wasi
def sock_connect(env: Env, fd: Fd, address: U32, port: U32) -> None:
    """Not supported."""
    raise WasiError(errno.NOSYS)


@wasi
def sock_recv_from(env: Env, fd: Fd, iovs: Iovecs, address: U32, flags: U16) -> tuple[U32, U16]:
    """Not supported."""
    raise WasiError(errno.NOSYS)


@wasi
def sock_send_to(env: Env, fd: Fd, iovs: Iovecs, address: U32, port: U32, flags: U16) -> U32:
    """Not supported."""
    raise WasiError(errno.NOSYS)


@wasi
def sock_getsockopt(env: Env, fd: Fd, level: U32, name: U32, value: U32, size: U32) -> None:
    """Not supported."""
    raise WasiError(errno.NOSYS)


@wasi
def sock_setsockopt(env: Env, fd: Fd, level: U32, name: U32, value: U32, size: U32) -> None:
    """Not supported."""
    raise WasiError(errno.NOSYS)


@wasi
def sock_getlocaladdr(env: Env, fd: Fd, address: U32) -> tuple[U32, U32]:
    """Not supported."""
    raise WasiError(errno.NOSYS)


@wasi
def sock_getpeeraddr(env: Env, fd: Fd, address: U32) -> tuple[U32, U32]:
    """Not supported."""
    raise WasiError(errno.NOSYS)


@wasi
def sock_getaddrinfo(
    env: Env,
    node: U32,
    node_len: U32,
    service: U32,
    service_len: U32,
    hints: U32,
    results: U32,
    max_results: U32,
) -> U32:
    """Not supported."""
    raise WasiError(errno.NOSYS)


def _socket(env: Env, fd: int) -> Descriptor:
    descriptor = env.require(fd, 0)
    if descriptor.type not in (abi.SOCKET_STREAM, abi.SOCKET_DGRAM):
        raise WasiError(errno.NOTSOCK)
    return descriptor


def _host_socket(descriptor: Descriptor) -> socket.socket:
    """A Python socket over the same handle; to be detached, not closed."""
    import socket

    return socket.socket(fileno=descriptor.host)
