"""Guests that wait, one for every kind of wait, and what they wait for."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from typing import Any

import wasmbuild as wb

from pywasmedge import VM, WASI, Configure, HostModule, Proposal, Tier

NET = "wasi_snapshot_preview1"
LONG = 60 * 10**9


def guest(code: str, imports: tuple[tuple[str, str, str], ...] = (), *, data: bytes = b"") -> bytes:
    """A module whose function ``wait`` runs ``code``; memory 0 is shared and holds ``data``."""
    types = [*(type_ for _, _, type_ in imports), "->"]
    return wb.wasm(
        types=types,
        imports=[(module, name, "func", i) for i, (module, name, _) in enumerate(imports)],
        funcs=[len(imports)],
        memories=[wb.limits(1, 1, shared=True)],
        exports=[("wait", "func", len(imports)), ("memory", "memory", 0)],
        code=[wb.body(code)],
        datas=[wb.data("i32.const 0", data)] if data else (),
    )


def clock_subscription(nanoseconds: int) -> bytes:
    """A subscription to the monotonic clock."""
    return (
        bytes(8) + bytes((0,)) + bytes(7) + (1).to_bytes(4, "little") + bytes(4)
        + nanoseconds.to_bytes(8, "little") + bytes(16)
    )  # fmt: skip


def read_subscription(fd: int) -> bytes:
    """A subscription to a descriptor's being readable."""
    return bytes(8) + bytes((1,)) + bytes(7) + fd.to_bytes(4, "little") + bytes(28)


POLL = (NET, "poll_oneoff", "i32 i32 i32 i32 -> i32")
READ = (NET, "fd_read", "i32 i32 i32 i32 -> i32")
WRITE = (NET, "fd_write", "i32 i32 i32 i32 -> i32")
RECEIVE = (NET, "sock_recv", "i32 i32 i32 i32 i32 i32 -> i32")
ACCEPT = (NET, "sock_accept", "i32 i32 i32 -> i32")
ASLEEP = ("host", "asleep", "->")
CALL_POLL = "i32.const 0 i32.const 256 i32.const COUNT i32.const 512 call 0 drop"
IOVEC = (64).to_bytes(4, "little") + (60000).to_bytes(4, "little")

GUESTS: dict[str, bytes] = {
    "computing": guest("loop void br 0 end"),
    "memory.atomic.wait32": guest(
        "i32.const 0 i32.const 0 i64.const -1 memory.atomic.wait32 2 0 drop"
    ),
    "memory.atomic.wait64": guest(
        f"i32.const 8 i64.const 0 i64.const {LONG} memory.atomic.wait64 3 0 drop"
    ),
    "poll_oneoff of a clock": guest(
        CALL_POLL.replace("COUNT", "1"), (POLL,), data=clock_subscription(LONG)
    ),
    "poll_oneoff of a descriptor": guest(
        CALL_POLL.replace("COUNT", "1"), (POLL,), data=read_subscription(0)
    ),
    "poll_oneoff of both": guest(
        CALL_POLL.replace("COUNT", "2"),
        (POLL,),
        data=clock_subscription(LONG) + read_subscription(0),
    ),
    "fd_read of standard input": guest(
        "i32.const 0 i32.const 0 i32.const 1 i32.const 32 call 0 drop", (READ,), data=IOVEC
    ),
    "fd_write to a full pipe": guest(
        "loop void i32.const 1 i32.const 0 i32.const 1 i32.const 32 call 0 drop br 0 end",
        (WRITE,),
        data=IOVEC,
    ),
    "sock_recv": guest(
        "i32.const 0 i32.const 0 i32.const 1 i32.const 0 i32.const 32 i32.const 36 call 0 drop",
        (RECEIVE,),
        data=IOVEC,
    ),
    "sock_accept": guest("i32.const 0 i32.const 4 i32.const 32 call 0 drop", (ACCEPT,)),
    "an async host function": guest("call 0", (ASLEEP,)),
    "a stubborn async host function": guest("call 0", (("host", "stubborn", "->"),)),
}

host = HostModule("host")


@host.function
async def asleep() -> None:
    """Waits, and ends when it is cancelled."""
    await asyncio.sleep(60)


@host.function
async def stubborn() -> None:
    """Goes on waiting when it is cancelled."""
    for _ in range(2):
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)


class Setting:
    """A VM with a guest that waits, and what it waits for."""

    def __init__(self, name: str, tier: Tier = Tier.AUTO) -> None:
        configure = Configure(tier=tier, cache="off")
        configure.add_proposal(Proposal.THREADS)
        self.pipes = [os.pipe(), os.pipe()]
        self.sockets: list[Any] = []
        (stdin, _), (_, stdout) = self.pipes
        if name == "sock_recv":
            self.sockets += socket.socketpair()
        elif name == "sock_accept":
            self.sockets.append(socket.create_server(("127.0.0.1", 0)))
        if self.sockets:
            stdin = self.sockets[0].fileno()
        self.vm = VM(configure)
        self.vm.register_module(WASI(stdin=stdin, stdout=stdout, network=True))
        self.vm.register(host)
        self.vm.start(GUESTS[name])

    def close(self) -> None:
        """End it, and leave nothing open."""
        self.vm.close()
        for pair in self.pipes:
            for end in pair:
                os.close(end)
        for one in self.sockets:
            one.close()
