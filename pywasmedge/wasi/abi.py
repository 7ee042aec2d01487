"""Constants and memory layouts of WASI preview1 (little-endian, 32-bit pointers)."""

from __future__ import annotations

import struct

# Rights: what may be done with a descriptor.
FD_DATASYNC = 1 << 0
FD_READ = 1 << 1
FD_SEEK = 1 << 2
FD_FDSTAT_SET_FLAGS = 1 << 3
FD_SYNC = 1 << 4
FD_TELL = 1 << 5
FD_WRITE = 1 << 6
FD_ADVISE = 1 << 7
FD_ALLOCATE = 1 << 8
PATH_CREATE_DIRECTORY = 1 << 9
PATH_CREATE_FILE = 1 << 10
PATH_LINK_SOURCE = 1 << 11
PATH_LINK_TARGET = 1 << 12
PATH_OPEN = 1 << 13
FD_READDIR = 1 << 14
PATH_READLINK = 1 << 15
PATH_RENAME_SOURCE = 1 << 16
PATH_RENAME_TARGET = 1 << 17
PATH_FILESTAT_GET = 1 << 18
PATH_FILESTAT_SET_SIZE = 1 << 19
PATH_FILESTAT_SET_TIMES = 1 << 20
FD_FILESTAT_GET = 1 << 21
FD_FILESTAT_SET_SIZE = 1 << 22
FD_FILESTAT_SET_TIMES = 1 << 23
PATH_SYMLINK = 1 << 24
PATH_REMOVE_DIRECTORY = 1 << 25
PATH_UNLINK_FILE = 1 << 26
POLL_FD_READWRITE = 1 << 27
SOCK_SHUTDOWN = 1 << 28
SOCK_OPEN = 1 << 29  # the standard's SOCK_ACCEPT: both meanings
SOCK_CLOSE = 1 << 30
SOCK_BIND = 1 << 31
SOCK_RECV = 1 << 32
SOCK_RECV_FROM = 1 << 33
SOCK_SEND = 1 << 34
SOCK_SEND_TO = 1 << 35

ALL_RIGHTS = (1 << 36) - 1
"""Every bit a guest may name; bits 29 to 35 belong to sockets."""

FILE_RIGHTS = (
    FD_DATASYNC
    | FD_READ
    | FD_SEEK
    | FD_FDSTAT_SET_FLAGS
    | FD_SYNC
    | FD_TELL
    | FD_WRITE
    | FD_ADVISE
    | FD_ALLOCATE
    | FD_FILESTAT_GET
    | FD_FILESTAT_SET_SIZE
    | FD_FILESTAT_SET_TIMES
    | POLL_FD_READWRITE
)

DIRECTORY_RIGHTS = (
    PATH_CREATE_DIRECTORY
    | PATH_CREATE_FILE
    | PATH_LINK_SOURCE
    | PATH_LINK_TARGET
    | PATH_OPEN
    | FD_READDIR
    | PATH_READLINK
    | PATH_RENAME_SOURCE
    | PATH_RENAME_TARGET
    | PATH_FILESTAT_GET
    | PATH_FILESTAT_SET_SIZE
    | PATH_FILESTAT_SET_TIMES
    | FD_FILESTAT_GET
    | FD_FILESTAT_SET_TIMES
    | PATH_SYMLINK
    | PATH_REMOVE_DIRECTORY
    | PATH_UNLINK_FILE
)

PREOPEN_INHERITING = DIRECTORY_RIGHTS | FILE_RIGHTS | SOCK_SHUTDOWN

MODIFYING_RIGHTS = (
    FD_DATASYNC
    | FD_WRITE
    | FD_ALLOCATE
    | PATH_CREATE_DIRECTORY
    | PATH_CREATE_FILE
    | PATH_LINK_SOURCE
    | PATH_LINK_TARGET
    | PATH_RENAME_SOURCE
    | PATH_RENAME_TARGET
    | PATH_FILESTAT_SET_SIZE
    | PATH_FILESTAT_SET_TIMES
    | FD_FILESTAT_SET_SIZE
    | FD_FILESTAT_SET_TIMES
    | PATH_SYMLINK
    | PATH_REMOVE_DIRECTORY
    | PATH_UNLINK_FILE
)
"""What a read-only preopen lacks."""

STDIN_RIGHTS = FD_READ | FD_FDSTAT_SET_FLAGS | FD_ADVISE | FD_FILESTAT_GET | POLL_FD_READWRITE
STDOUT_RIGHTS = (
    FD_WRITE
    | FD_FDSTAT_SET_FLAGS
    | FD_SYNC
    | FD_DATASYNC
    | FD_ADVISE
    | FD_FILESTAT_GET
    | POLL_FD_READWRITE
)
"""No seek and no tell: this is how wasi-libc recognises a terminal. Other devices have both."""

ACCEPTED_RIGHTS = (
    FD_READ
    | FD_WRITE
    | FD_FDSTAT_SET_FLAGS
    | FD_FILESTAT_GET
    | POLL_FD_READWRITE
    | SOCK_SHUTDOWN
    | SOCK_RECV
    | SOCK_RECV_FROM
    | SOCK_SEND
    | SOCK_SEND_TO
)
SOCKET_RIGHTS = ACCEPTED_RIGHTS | SOCK_OPEN | SOCK_CLOSE | SOCK_BIND
"""What sockets have, of connections and others. Functions of sockets ask for none of them."""

# File types.
UNKNOWN = 0
BLOCK_DEVICE = 1
CHARACTER_DEVICE = 2
DIRECTORY = 3
REGULAR_FILE = 4
SOCKET_DGRAM = 5
SOCKET_STREAM = 6
SYMBOLIC_LINK = 7

_TYPE_OF_MODE = {
    0o060000: BLOCK_DEVICE,
    0o020000: CHARACTER_DEVICE,
    0o040000: DIRECTORY,
    0o100000: REGULAR_FILE,
    0o140000: SOCKET_STREAM,
    0o120000: SYMBOLIC_LINK,
}


def file_type(mode: int) -> int:
    """File type of a host ``st_mode``; ``UNKNOWN`` for a pipe."""
    return _TYPE_OF_MODE.get(mode & 0o170000, UNKNOWN)


# Flags. ALL_... are the bits that exist; any other is an error.
APPEND, DSYNC, NONBLOCK, RSYNC, SYNC = 1, 2, 4, 8, 16
ALL_FDFLAGS = 31
O_CREAT, O_DIRECTORY, O_EXCL, O_TRUNC = 1, 2, 4, 8
ALL_OFLAGS = 15
SYMLINK_FOLLOW = 1
ATIM, ATIM_NOW, MTIM, MTIM_NOW = 1, 2, 4, 8
ALL_FSTFLAGS = 15

# Clocks, subscriptions and events of poll_oneoff.
REALTIME, MONOTONIC, PROCESS_CPUTIME, THREAD_CPUTIME = 0, 1, 2, 3
EVENT_CLOCK, EVENT_FD_READ, EVENT_FD_WRITE = 0, 1, 2
HANGUP = 1
ABSTIME = 1

# Sockets.
INET4, INET6 = 1, 2
DGRAM, STREAM = 1, 2
RECV_PEEK, RECV_WAITALL = 1, 2
RECV_DATA_TRUNCATED = 1

MAX_PATH = 4096
"""Longest path in bytes, as on the host."""

MAX_IOVECS = 1024
"""Most buffers in one operation of the host (``IOV_MAX``)."""

MAX_RANGES = 65536
"""After so many buffers, empty ones apart, no more are looked at; as many as the bytes of a
datagram, so that what is left out never belongs to one."""

LAYOUTS = {
    "U8": struct.Struct("<B"),
    "U16": struct.Struct("<H"),
    "U32": struct.Struct("<I"),
    "U64": struct.Struct("<Q"),
    "Prestat": struct.Struct("<B3xI"),
    "Fdstat": struct.Struct("<BxH4xQQ"),
    "Filestat": struct.Struct("<QQB7xQQQQQ"),
    "Filestat0": struct.Struct("<QQB3xIQQQQ"),
}
"""Layout of what a function stores through an out pointer, by the annotation of its result."""

DIRENT = struct.Struct("<QQIB3x")
"""Next cookie, inode, length of the name, type; the name follows."""

SUBSCRIPTION = struct.Struct("<QB7xI4xQQH6x")
"""Userdata, tag, then for a clock: id, timeout, precision, flags; else the descriptor as id."""

SUBSCRIPTION0 = struct.Struct("<QB7xQI4xQQH6x")
"""The same in preview 0: userdata, tag, an identifier of the guest's, then as above. A descriptor
lies where the identifier begins."""

EVENT = struct.Struct("<QHB5xQH6x")
"""Userdata, error, type, bytes, flags."""

ADDRESS = struct.Struct("<II")
"""Where the bytes of a network address are: pointer, length."""

ADDRESS_SIZES = {4: INET4, 16: INET6}
"""Address family of a plain address of so many bytes, in network order."""

TAGGED_ADDRESS = struct.Struct("<H126s")
"""The later form of an address: its family, then its bytes."""

SOCKADDR = struct.Struct("<B3xII")
"""Family, length of the data, pointer to it."""

ADDRINFO = struct.Struct("<HBBB3xIIIII")
"""Flags, family, socket type, protocol, length of a host address, pointers to the sockaddr and to
the canonical name, that name's length, pointer to the next one."""

TIMEVAL = struct.Struct("<qq")
"""Seconds and microseconds, as on a 64-bit host."""
