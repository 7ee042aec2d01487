"""Looking up names and services; addresses of the host as bytes."""

from __future__ import annotations

import os
from _thread import start_new_thread

from ..base import waiting
from . import abi, errno
from .errno import WasiError
from .function import U32, Buffer, Memory, wasi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from .env import Env

    Found: TypeAlias = tuple[int, int, int, str, tuple[Any, ...]]
    """Family, type, protocol, canonical name and address, as Python gives them."""

_FLAGS = ("PASSIVE", "CANONNAME", "NUMERICHOST", "NUMERICSERV", "V4MAPPED", "ALL", "ADDRCONFIG")
"""Flags by bit, named as the host's constants are without ``AI_``."""

_CANONNAME, _NUMERICHOST = 2, 4

_ERRORS = {
    "ADDRFAMILY": errno.AIADDRFAMILY,
    "AGAIN": errno.AIAGAIN,
    "BADFLAGS": errno.AIBADFLAG,
    "FAIL": errno.AIFAIL,
    "FAMILY": errno.AIFAMILY,
    "MEMORY": errno.AIMEMORY,
    "NODATA": errno.AINODATA,
    "NONAME": errno.AINONAME,
    "SERVICE": errno.AISERVICE,
    "SOCKTYPE": errno.AISOCKTYPE,
    "SYSTEM": errno.AISYSTEM,
}
"""Errors by name of the host's constants without ``EAI_``."""

_MAX_NAME = 1024
"""Longest name; DNS ends at 255."""

_SHORT, _LONG = 14, 26
"""Bytes of address data that every guest has room for, and that an IPv6 address takes."""

_CANON_ROOM = 30
"""Bytes for a canonical name where the guest does not say."""


@wasi
def sock_getaddrinfo(
    env: Env,
    memory: Memory,
    node: Buffer,
    service: Buffer,
    hints: U32,
    results: U32,
    max_results: U32,
) -> U32:
    """Look up a name and a service; the number of results.

    At ``results`` lies a pointer to the first of a chain of structures that the guest has
    prepared, at most ``max_results`` are filled in. Names end at a NUL. ``NOTCAPABLE`` if there
    is no network for the guest, ``ACCES`` if it must not look names up.
    """
    if max_results == 0:
        raise WasiError(errno.AIMEMORY)
    if max(hints + abi.ADDRINFO.size, results + 4) > len(memory):
        raise WasiError(errno.FAULT)
    flags, family, type_, protocol, *_ = abi.ADDRINFO.unpack_from(memory, hints)
    name, port = (bytes(text).partition(b"\0")[0] for text in (node, service))
    if flags >> len(_FLAGS) or (flags & _CANONNAME and not name):
        raise WasiError(errno.AIBADFLAG)
    if family > abi.INET6:
        raise WasiError(errno.AIFAMILY)
    if type_ > abi.STREAM or protocol > 2:
        raise WasiError(errno.NOSYS)
    if not (name or port) or max(len(name), len(port)) > _MAX_NAME:
        raise WasiError(errno.AINONAME)
    if env.network is None:
        raise WasiError(errno.NOTCAPABLE)
    found = _find(env, name, port, _host_hints(flags, family, type_, protocol))
    (head,) = abi.LAYOUTS["U32"].unpack_from(memory, results)
    writes = _writes(memory, head, found[:max_results], flags)
    for address, data in (write for group in writes for write in group):
        memory[address : address + len(data)] = data
    return len(writes)


def raw_address(name: tuple[Any, ...]) -> bytes:
    """The 4 or 16 bytes of an Internet address as Python has it."""
    import _socket

    text = name[0].partition("%")[0]
    return _socket.inet_pton(_socket.AF_INET6 if ":" in text else _socket.AF_INET, text)


def host_address(name: tuple[Any, ...]) -> bytes:
    """An address as the host's C library stores it: ``struct sockaddr_in`` or ``sockaddr_in6``."""
    import _socket

    data = _address_data(name)
    family = _socket.AF_INET if len(data) == _SHORT else _socket.AF_INET6
    return family.to_bytes(2, "little") + data


def _address_data(name: tuple[Any, ...]) -> bytes:
    """The same without the family: port, then the address, zeros around it."""
    port: bytes = name[1].to_bytes(2, "big")
    raw = raw_address(name)
    if len(raw) == 4:
        return port + raw + bytes(8)
    flow: bytes = name[2].to_bytes(4, "big")
    scope: bytes = name[3].to_bytes(4, "little")
    return port + flow + raw + scope


def _host_hints(flags: int, family: int, type_: int, protocol: int) -> tuple[int, int, int, int]:
    """Family, type, protocol and flags for the host."""
    import _socket

    host_flags = 0
    for bit, name in enumerate(_FLAGS):
        if flags >> bit & 1:
            host_flags |= getattr(_socket, f"AI_{name}")
    return (
        (_socket.AF_UNSPEC, _socket.AF_INET, _socket.AF_INET6)[family],
        (0, _socket.SOCK_DGRAM, _socket.SOCK_STREAM)[type_],
        (0, _socket.IPPROTO_TCP, _socket.IPPROTO_UDP)[protocol],
        host_flags,
    )


def _find(env: Env, name: bytes, port: bytes, hints: tuple[int, int, int, int]) -> list[Found]:
    """Ask the host; raises the guest's errors."""
    import _socket

    assert env.network is not None
    *kind, flags = hints
    numeric = (*kind, flags | _socket.AI_NUMERICHOST)
    try:
        # Numbers cost no wait, and no permission to look names up.
        return _socket.getaddrinfo(name or None, port or None, *numeric)
    except _socket.gaierror as error:
        if error.errno != _socket.EAI_NONAME or numeric == hints:
            raise _failed(error) from None
    if not env.network.names:
        raise WasiError(errno.ACCES)
    try:
        return _interruptible(name, port or None, hints)
    except _socket.gaierror as error:
        raise _failed(error) from None


def _failed(error: OSError) -> WasiError:
    import _socket

    for name, number in _ERRORS.items():
        if getattr(_socket, f"EAI_{name}", None) == error.errno:
            return WasiError(number)
    return WasiError(errno.AIFAIL)


def _interruptible(
    name: bytes, port: bytes | None, hints: tuple[int, int, int, int]
) -> list[Found]:
    """Have another thread wait for the answer: this one may be stopped, or Ctrl-C hit."""
    import _socket

    def ask() -> list[Found]:
        return _socket.getaddrinfo(name, port, *hints)

    wake = waiting.handle()
    answers: list[list[Found] | Exception] = []
    reader, writer = os.pipe()

    def run() -> None:
        try:
            answers.append(ask())
        except Exception as error:
            answers.append(error)
        finally:
            os.close(writer)

    try:
        start_new_thread(run, ())
        import select

        poll = select.poll()
        poll.register(reader, select.POLLIN)
        if wake >= 0:
            poll.register(wake, select.POLLIN)
        if wake in dict(poll.poll()):
            raise WasiError(errno.INTR)
    finally:
        os.close(reader)
    answer = answers[0]
    if isinstance(answer, Exception):
        raise answer
    return answer


def _writes(
    memory: Memory, head: int, found: list[Found], flags: int
) -> list[list[tuple[int, bytes]]]:
    """What goes where in the guest's chain, for each result that it has a place for."""
    import _socket

    size = len(memory)
    types = {_socket.SOCK_DGRAM: abi.DGRAM, _socket.SOCK_STREAM: abi.STREAM}
    protocols = {_socket.IPPROTO_TCP: 1, _socket.IPPROTO_UDP: 2}
    groups = []
    at = head
    for _family, type_, protocol, canon, name in found:
        if at + abi.ADDRINFO.size > size:
            raise WasiError(errno.FAULT)
        *_, where, canon_at, canon_room, next_ = abi.ADDRINFO.unpack_from(memory, at)
        if where + abi.SOCKADDR.size > size:
            raise WasiError(errno.FAULT)
        _, room, data_at = abi.SOCKADDR.unpack_from(memory, where)
        data = _address_data(name)
        family = abi.INET4 if len(data) == _SHORT else abi.INET6
        host_size = 2 + len(data)
        if room < len(data):
            data = data[:_SHORT]
        text = canon.encode()[: (canon_room or _CANON_ROOM) - 1] if canon_at else b""
        written = (flags, family, types.get(type_, 0), protocols.get(protocol, 0), host_size)
        group = [
            (at, abi.ADDRINFO.pack(*written, where, canon_at, len(text), next_)),
            (where, abi.SOCKADDR.pack(family, len(data), data_at)),
            (data_at, data),
        ]
        if text:
            group.append((canon_at, text + b"\0"))
        if any(address + len(piece) > size for address, piece in group):
            raise WasiError(errno.FAULT)
        groups.append(group)
        if not next_:
            break
        at = next_
    return groups
