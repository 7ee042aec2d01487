"""Sockets: those of the standard and of WasmEdge, whose functions share one module.

Where the generations of an interface differ in type, the import's type chooses. Names that end
in ``_v2`` are those of later releases.
"""

from __future__ import annotations

from . import abi, addrinfo, errno
from .errno import WasiError, from_host
from .function import U8, U16, U32, Fd, Iovecs, Memory, also, alternative, wasi
from .socket import Socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket

    from .env import Env

sock_getaddrinfo = addrinfo.sock_getaddrinfo

_OPTIONS = (
    "REUSEADDR",
    "TYPE",
    "ERROR",
    "DONTROUTE",
    "BROADCAST",
    "SNDBUF",
    "RCVBUF",
    "KEEPALIVE",
    "OOBINLINE",
    "LINGER",
    "RCVLOWAT",
    "RCVTIMEO",
    "SNDTIMEO",
    "ACCEPTCONN",
)
"""Options by number, named as the host's constants are without ``SO_``."""

_READ_ONLY = frozenset(["TYPE", "ERROR", "ACCEPTCONN"])
_OPTION_SIZES = {"LINGER": 8, "RCVTIMEO": 16, "SNDTIMEO": 16}
_INT_SIZE = 4


@also("sock_open_v2")
@wasi
def sock_open(env: Env, family: U8, type_: U8) -> U32:
    """Make a socket: IPv4 (1) or IPv6 (2), for datagrams (1) or a stream (2).

    ``NOTCAPABLE`` if the host has not allowed any address for the protocol.
    """
    if family not in (abi.INET4, abi.INET6) or type_ not in (abi.DGRAM, abi.STREAM):
        raise WasiError(errno.INVAL)
    if env.network is None or not env.network.allows_any("udp" if type_ == abi.DGRAM else "tcp"):
        raise WasiError(errno.NOTCAPABLE)
    import _socket

    made = Socket.open(
        _socket.AF_INET if family == abi.INET4 else _socket.AF_INET6,
        _socket.SOCK_DGRAM if type_ == abi.DGRAM else _socket.SOCK_STREAM,
    )
    return env.add(made)


@also("sock_bind_v2")
@wasi
def sock_bind(env: Env, memory: Memory, fd: Fd, address: U32, port: U32) -> None:
    """Give a socket its address; port 0 lets the host choose one."""
    raw = _read_address(memory, address)
    sock = _socket_of(env, fd).sock
    sock.bind(_allowed(env, sock, raw, port))


@also("sock_listen_v2")
@wasi
def sock_listen(env: Env, fd: Fd, backlog: U32) -> None:
    """Let a socket take connections."""
    sock = _socket_of(env, fd).sock
    name = sock.getsockname()
    if isinstance(name, tuple) and not name[1]:  # the host binds it to any address now
        _allowed(env, sock, addrinfo.raw_address(name), 0)
    sock.listen(backlog & 0x7FFFFFFF)


@also("sock_connect_v2")
@wasi
def sock_connect(env: Env, memory: Memory, fd: Fd, address: U32, port: U32) -> None:
    """Connect a socket; ``INPROGRESS`` if it does not block, then poll_oneoff tells the end."""
    raw = _read_address(memory, address)
    socket = _socket_of(env, fd)
    socket.connect(_allowed(env, socket.sock, raw, port))


@wasi
def sock_accept(env: Env, fd: Fd) -> U32:
    """Take the next connection."""
    return sock_accept_with_flags(env, fd, 0)


@also("sock_accept_v2")
@alternative("sock_accept")
def sock_accept_with_flags(env: Env, fd: Fd, flags: U16) -> U32:
    """The standard's form: with fdflags for the connection."""
    if flags & ~abi.ALL_FDFLAGS:
        raise WasiError(errno.INVAL)
    accepted = _socket_of(env, fd).accept()
    accepted.set_flags(flags)
    return env.add(accepted)


@wasi
def sock_shutdown(env: Env, fd: Fd, how: U8) -> None:
    """End receiving (1), sending (2) or both (3)."""
    socket = _socket_of(env, fd)
    if how > 3:
        raise WasiError(errno.INVAL)
    socket.sock.shutdown(max(how, 1) - 1)


@also("sock_recv_v2")
@wasi
def sock_recv(env: Env, fd: Fd, iovs: Iovecs, flags: U16) -> tuple[U32, U16]:
    """Receive into ``iovs``; the number of bytes, and 1 if a datagram was cut off."""
    host_flags = _receive_flags(flags)
    size, cut_off, _ = _socket_of(env, fd).receive(iovs, host_flags)
    return size, abi.RECV_DATA_TRUNCATED if cut_off else 0


@wasi
def sock_recv_from(
    env: Env, memory: Memory, fd: Fd, iovs: Iovecs, address: U32, flags: U16
) -> tuple[U32, U16]:
    """The same with the sender: a host socket address, cut to the 4 or 16 bytes of ``address``."""
    host_flags = _receive_flags(flags)
    where = _buffer(memory, address)
    if len(where) not in abi.ADDRESS_SIZES:
        raise WasiError(errno.INVAL)
    size, cut_off, sender = _socket_of(env, fd).receive(iovs, host_flags)
    image = addrinfo.host_address(sender) if isinstance(sender, tuple) else bytes(16)
    where[:] = image[: len(where)]
    return size, abi.RECV_DATA_TRUNCATED if cut_off else 0


@also("sock_recv_from_v2")
@alternative("sock_recv_from")
def sock_recv_from_with_port(
    env: Env, memory: Memory, fd: Fd, iovs: Iovecs, address: U32, flags: U16
) -> tuple[U32, U32, U16]:
    """The later form: the sender's plain or tagged address; port, number of bytes, cut off."""
    host_flags = _receive_flags(flags)
    where = _buffer(memory, address)
    socket = _socket_of(env, fd)
    _require_room(where, socket.sock)
    size, cut_off, sender = socket.receive(iovs, host_flags)
    port = _write_address(where, sender) if isinstance(sender, tuple) else 0
    return port, size, abi.RECV_DATA_TRUNCATED if cut_off else 0


@also("sock_send_v2")
@wasi
def sock_send(env: Env, fd: Fd, iovs: Iovecs, flags: U16) -> U32:
    """Send ``iovs``; the number of bytes."""
    if flags:
        raise WasiError(errno.INVAL)
    return _socket_of(env, fd).send(iovs)


@also("sock_send_to_v2")
@wasi
def sock_send_to(
    env: Env, memory: Memory, fd: Fd, iovs: Iovecs, address: U32, port: U32, flags: U16
) -> U32:
    """Send a datagram to an address; a stream sends to its peer whatever that is."""
    if flags:
        raise WasiError(errno.INVAL)
    raw = _read_address(memory, address)
    socket = _socket_of(env, fd)
    if _protocol(socket.sock) == "tcp":
        return socket.send(iovs)
    return socket.send(iovs, _allowed(env, socket.sock, raw, port))


@wasi
def sock_getsockopt(
    env: Env, memory: Memory, fd: Fd, level: U32, name: U32, value: U32, size: U32
) -> None:
    """Read an option into the bytes at ``value``, whose number is at ``size`` before and after."""
    option = _option(level, name)
    u32 = abi.LAYOUTS["U32"]
    if size + u32.size > len(memory):
        raise WasiError(errno.FAULT)
    (room,) = u32.unpack_from(memory, size)
    if value + room > len(memory):
        raise WasiError(errno.FAULT)
    data = _read_option(_socket_of(env, fd).sock, option)[:room]
    memory[value : value + len(data)] = data
    u32.pack_into(memory, size, len(data))


@wasi
def sock_setsockopt(
    env: Env, memory: Memory, fd: Fd, level: U32, name: U32, value: U32, size: U32
) -> None:
    """Set an option to the ``size`` bytes at ``value``."""
    option = _option(level, name)
    if value + size > len(memory):
        raise WasiError(errno.FAULT)
    sock = _socket_of(env, fd).sock
    if option in _READ_ONLY:
        raise WasiError(errno.NOPROTOOPT)
    needed = _OPTION_SIZES.get(option, _INT_SIZE)
    if size < needed:
        raise WasiError(errno.INVAL)
    import _socket

    number = getattr(_socket, f"SO_{option}")
    sock.setsockopt(_socket.SOL_SOCKET, number, bytes(memory[value : value + needed]))


@wasi
def sock_getlocaladdr(env: Env, memory: Memory, fd: Fd, address: U32) -> tuple[U32, U32]:
    """Store the plain address of a socket; 4 or 6 for its family, and the port."""
    where = _buffer(memory, address)
    sock = _socket_of(env, fd).sock
    return _store_plain(where, sock, sock.getsockname())


@also("sock_getlocaladdr_v2")
@alternative("sock_getlocaladdr")
def sock_getlocaladdr_tagged(env: Env, memory: Memory, fd: Fd, address: U32) -> U32:
    """The later form: store the tagged address; the port."""
    where = _buffer(memory, address)
    sock = _socket_of(env, fd).sock
    return _store_tagged(where, sock.getsockname())


@wasi
def sock_getpeeraddr(env: Env, memory: Memory, fd: Fd, address: U32) -> tuple[U32, U32]:
    """Store the plain address of a socket's peer; 4 or 6 for its family, and the port."""
    where = _buffer(memory, address)
    sock = _socket_of(env, fd).sock
    return _store_plain(where, sock, sock.getpeername())


@also("sock_getpeeraddr_v2")
@alternative("sock_getpeeraddr")
def sock_getpeeraddr_tagged(env: Env, memory: Memory, fd: Fd, address: U32) -> U32:
    """The later form: store the tagged address; the port."""
    where = _buffer(memory, address)
    sock = _socket_of(env, fd).sock
    return _store_tagged(where, sock.getpeername())


def _socket_of(env: Env, fd: int) -> Socket:
    descriptor = env.require(fd, 0)
    if not isinstance(descriptor, Socket):
        raise WasiError(errno.NOTSOCK)
    return descriptor


def _buffer(memory: Memory, address: int) -> memoryview:
    """The bytes that the address structure at ``address`` names."""
    if address + abi.ADDRESS.size > len(memory):
        raise WasiError(errno.FAULT)
    start, length = abi.ADDRESS.unpack_from(memory, address)
    if start + length > len(memory):
        raise WasiError(errno.FAULT)
    return memory[start : start + length]


def _read_address(memory: Memory, address: int) -> bytes:
    """The 4 or 16 bytes of a plain or tagged address."""
    data = bytes(_buffer(memory, address))
    if len(data) == abi.TAGGED_ADDRESS.size:
        tag, _ = abi.TAGGED_ADDRESS.unpack(data)
        sizes = [size for size, family in abi.ADDRESS_SIZES.items() if family == tag]
        if not sizes:
            raise WasiError(errno.AFNOSUPPORT)
        data = data[2 : 2 + sizes[0]]
    if len(data) not in abi.ADDRESS_SIZES:
        raise WasiError(errno.INVAL)
    return data


def _protocol(sock: _socket.socket) -> str:
    import _socket

    return "udp" if sock.type == _socket.SOCK_DGRAM else "tcp"


def _allowed(env: Env, sock: _socket.socket, raw: bytes, port: int) -> tuple[str, int]:
    """An address as Python takes it.

    Raises:
        WasiError: ``AFNOSUPPORT`` if the socket is of another family, ``ACCES`` if the host does
            not allow the address.
    """
    import _socket

    family = _socket.AF_INET if len(raw) == 4 else _socket.AF_INET6
    if sock.family != family:
        raise WasiError(errno.AFNOSUPPORT)
    port &= 0xFFFF
    if env.network is None or not env.network.allows(_protocol(sock), raw, port):
        raise WasiError(errno.ACCES)
    return _socket.inet_ntop(family, raw), port


def _receive_flags(flags: int) -> int:
    """Host flags for the guest's.

    Raises:
        WasiError: ``INVAL`` for unknown ones.
    """
    if flags & ~(abi.RECV_PEEK | abi.RECV_WAITALL):
        raise WasiError(errno.INVAL)
    if not flags:
        return 0
    import _socket

    host = _socket.MSG_PEEK if flags & abi.RECV_PEEK else 0
    return host | (_socket.MSG_WAITALL if flags & abi.RECV_WAITALL else 0)


def _require_room(where: memoryview, sock: _socket.socket) -> None:
    """Check that an address of the socket's family fits, plain or tagged."""
    import _socket

    needed = 16 if sock.family == _socket.AF_INET6 else 4
    tagged = len(where) == abi.TAGGED_ADDRESS.size
    if not tagged and (len(where) not in abi.ADDRESS_SIZES or len(where) < needed):
        raise WasiError(errno.INVAL)


def _write_address(where: memoryview, name: tuple[str, int]) -> int:
    """Store an address of the host in the form that ``where`` has room for; the port."""
    raw = addrinfo.raw_address(name)
    if len(where) == abi.TAGGED_ADDRESS.size:
        where[:] = abi.TAGGED_ADDRESS.pack(abi.ADDRESS_SIZES[len(raw)], raw)
    else:
        where[: len(raw)] = raw
    return name[1]


def _store_plain(where: memoryview, sock: _socket.socket, name: object) -> tuple[int, int]:
    if not isinstance(name, tuple):
        raise WasiError(errno.AFNOSUPPORT)
    if len(where) not in abi.ADDRESS_SIZES:
        raise WasiError(errno.INVAL)
    _require_room(where, sock)
    port = _write_address(where, name)
    return 4 if len(addrinfo.raw_address(name)) == 4 else 6, port


def _store_tagged(where: memoryview, name: object) -> int:
    if not isinstance(name, tuple):
        raise WasiError(errno.AFNOSUPPORT)
    if len(where) != abi.TAGGED_ADDRESS.size:
        raise WasiError(errno.INVAL)
    return _write_address(where, name)


def _option(level: int, name: int) -> str:
    if level or name >= len(_OPTIONS):
        raise WasiError(errno.INVAL)
    return _OPTIONS[name]


def _read_option(sock: _socket.socket, option: str) -> bytes:
    import _socket

    size = _OPTION_SIZES.get(option, _INT_SIZE)
    data: bytes = sock.getsockopt(_socket.SOL_SOCKET, getattr(_socket, f"SO_{option}"), size)
    if option == "TYPE":
        types = {_socket.SOCK_DGRAM: abi.DGRAM, _socket.SOCK_STREAM: abi.STREAM}
        return types.get(int.from_bytes(data, "little"), 0).to_bytes(size, "little")
    if option == "ERROR" and any(data):
        error = OSError(int.from_bytes(data, "little"), "")
        return from_host(error).to_bytes(size, "little")
    return data
