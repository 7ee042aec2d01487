"""What others do in the name of guests: opening files and connecting, by the guest's rights."""

from __future__ import annotations

import os

from . import abi
from .errno import WasiError
from .path import path_open

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import socket

    from .env import Env

_READ = abi.FD_READ | abi.FD_SEEK | abi.FD_FILESTAT_GET
_WRITE = abi.FD_WRITE | abi.FD_SEEK | abi.FD_FILESTAT_GET


def open_path(env: Env, path: str | bytes, *, write: bool = False) -> int:
    """A host descriptor for a path as programs say it, below the directory that it begins with.

    The same function opens as for the guest, so the sandbox and the rights are the same.

    Raises:
        OSError: ``FileNotFoundError`` where no directory fits, else what the guest would get.
    """
    name = os.fsencode(path)
    fd, rest = _directory(env, name)
    oflags = abi.O_CREAT | abi.O_TRUNC if write else 0
    try:
        opened = path_open(
            env, fd, abi.SYMLINK_FOLLOW, rest, oflags, _WRITE if write else _READ, 0, 0
        )
        try:
            descriptor = env.require(opened, 0)
            if descriptor.type != abi.REGULAR_FILE:
                raise PermissionError(1, "not a regular file", os.fsdecode(name))
            return os.dup(descriptor.host)
        finally:
            env.remove(opened)
    except WasiError as error:
        code = error.errno
        raise PermissionError(1, f"WASI error {code} for the guest", os.fsdecode(name)) from None


def _directory(env: Env, path: bytes) -> tuple[int, bytes]:
    """The preopened directory whose name is the longest beginning of a path, and the rest."""
    wanted = _parts(path)
    best, fits = -1, -1
    for fd in env.table:
        name = env.table[fd].preopen
        if name is None:
            continue
        parts = _parts(name)
        if wanted[: len(parts)] == parts and len(parts) > fits:
            best, fits = fd, len(parts)
    if best < 0:
        raise FileNotFoundError(2, "in no directory of the guest", os.fsdecode(path))
    return best, b"/".join(wanted[fits:]) or b"."


def _parts(path: bytes) -> list[bytes]:
    """The components of a path; programs begin in ``/``, so it may be absolute or not."""
    return [part for part in path.split(b"/") if part not in (b"", b".")]


def connect(env: Env, host: str, port: int, timeout: float | None) -> socket:
    """A TCP connection to the first address that is allowed and answers.

    Raises:
        OSError: ``PermissionError`` if the rules forbid all of it, else what connecting raises.
    """
    import socket as sockets

    rules = env.network
    if rules is None:
        raise PermissionError(1, "no network for the guest", f"{host}:{port}")
    numeric = sockets.AI_NUMERICHOST
    try:
        found = sockets.getaddrinfo(host, port, type=sockets.SOCK_STREAM, flags=numeric)
    except sockets.gaierror:
        if not rules.names:
            raise PermissionError(1, "the guest may not look names up", host) from None
        found = sockets.getaddrinfo(host, port, type=sockets.SOCK_STREAM)
    failed: OSError = PermissionError(1, "not among the guest's addresses", f"{host}:{port}")
    for family, kind, protocol, _, address in found:
        if not rules.allows("tcp", sockets.inet_pton(family, str(address[0])), port):
            continue
        made = sockets.socket(family, kind, protocol)
        made.settimeout(timeout)
        try:
            made.connect(address)
        except OSError as error:
            made.close()
            failed = error
        else:
            return made
    raise failed
