"""Limits, cancelling and Ctrl-C end every kind of wait."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import wasmbuild as wb

from pywasmedge import VM, WASI, Configure, ErrCode, HostModule, Proposal, Tier, Trap
from pywasmedge.code.compiled import CompiledModule

if TYPE_CHECKING:
    from collections.abc import Iterator

SOON = 5.0
"""Seconds that a loaded machine may take for what takes a tenth of one; the waits take longer."""
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


@pytest.fixture
def setting(request: pytest.FixtureRequest) -> Iterator[Setting]:
    made = Setting(*request.param)
    yield made
    made.close()


EVERY = [(name, tier) for name in GUESTS for tier in (Tier.QUICK, Tier.OPTIMISED)]


@pytest.mark.parametrize("setting", EVERY, indirect=True, ids=str)
def test_a_time_limit(setting: Setting) -> None:
    for _ in range(2):  # what the first one has ended is as it was
        begin = time.monotonic()
        with pytest.raises(Trap) as caught:
            setting.vm.execute("wait", timeout=0.05)
        assert caught.value.code == ErrCode.INTERRUPTED
        assert 0.05 <= time.monotonic() - begin < SOON


@pytest.mark.parametrize("setting", EVERY, indirect=True, ids=str)
def test_cancelling(setting: Setting) -> None:
    run = setting.vm.execute_async("wait")
    assert not run.wait(0.1)
    run.cancel()
    assert run.wait(SOON)
    with pytest.raises(Trap) as caught:
        run.result()
    assert caught.value.code == ErrCode.INTERRUPTED


class Stop(BaseException):
    """What a signal's handler may raise."""


def test_what_is_raised_while_better_code_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python runs the handlers of signals wherever it is, in a callback of the kernel as well."""

    def ask(*_: object) -> int:
        raise Stop

    setting = Setting("computing")
    with monkeypatch.context() as patch:
        patch.setattr(CompiledModule, "ask", ask)
        with pytest.raises(Stop):
            setting.vm.execute("wait", timeout=30)
    with pytest.raises(Trap):
        setting.vm.execute("wait", timeout=0.05)
    setting.close()


CTRL_C = """
import os, signal, sys, threading, time
sys.path[:0] = {path}
import test_limits_waiting as kinds
signal.signal(signal.SIGINT, signal.default_int_handler)
setting = kinds.Setting({name!r})
for limit in (None, 30):
    begin = time.monotonic()
    try:
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        setting.vm.execute("wait", timeout=limit)
    except BaseException as error:
        print(type(error).__name__, time.monotonic() - begin < kinds.SOON, flush=True)
    else:
        print("returned", flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("name", GUESTS)
def test_ctrl_c(name: str) -> None:
    script = CTRL_C.format(path=[str(Path(__file__).parent), *sys.path], name=name)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == (2 * "KeyboardInterrupt True\n", "")
