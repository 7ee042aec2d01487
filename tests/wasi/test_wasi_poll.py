"""poll_oneoff: clocks, files, pipes; interrupting a wait."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from wasi_guest import Guest
from wasi_machine import Machine, stoppable

from pywasmedge.base import waiting
from pywasmedge.wasi import abi, errno

MILLISECOND = 1_000_000
CLOCK, READ, WRITE = abi.EVENT_CLOCK, abi.EVENT_FD_READ, abi.EVENT_FD_WRITE


@pytest.fixture(params=["Python", "Python watched", "C", "C watched"])
def guest(request: pytest.FixtureRequest) -> Iterator[Guest]:
    """Calls Python's functions or C's, on a thread that can be stopped or on one that cannot."""
    guest = Machine() if request.param.startswith("C") else Guest()
    with stoppable() if request.param.endswith("watched") else nullcontext():
        yield guest
    guest.env.close()


@pytest.fixture
def pipe(guest: Guest) -> Iterator[tuple[int, int]]:
    """Host ends of a pipe that is the guest's descriptors 0 and 1."""
    reader, writer = os.pipe()
    guest.env.set_stream(0, reader)
    guest.env.set_stream(1, writer)
    yield reader, writer
    os.close(reader)
    os.close(writer)


def clock(userdata: int, timeout: int, id_: int = abi.MONOTONIC, flags: int = 0) -> bytes:
    return abi.SUBSCRIPTION.pack(userdata, CLOCK, id_, timeout, 0, flags)


def on_fd(userdata: int, tag: int, fd: int) -> bytes:
    return abi.SUBSCRIPTION.pack(userdata, tag, fd, 0, 0, 0)


def poll(guest: Guest, *subscriptions: bytes) -> list[tuple[int, int, int, int, int]]:
    """Events: userdata, errno, type, bytes, flags."""
    count = len(subscriptions)
    subs = guest.put(b"".join(subscriptions))
    events, _ = guest.room(32 * count)
    out = guest.put(bytes(4))
    assert guest.call("poll_oneoff", subs, events, count, out) == 0
    return [
        abi.EVENT.unpack_from(guest.memory, events + 32 * i)  # type: ignore[misc]
        for i in range(guest.u32(out))
    ]


def test_nothing_to_wait_for_is_inval(guest: Guest) -> None:
    assert guest.call("poll_oneoff", 0, 0, 0, 0) == errno.INVAL


def test_many_subscriptions(guest: Guest) -> None:
    guest.use_memory(8 << 20)
    events = poll(guest, *(clock(i, i % 2 * 10**15) for i in range(65536)))
    assert [event[0] for event in events] == list(range(0, 65536, 2))


def test_sleeping(guest: Guest) -> None:
    start = time.monotonic_ns()
    assert poll(guest, clock(7, 20 * MILLISECOND)) == [(7, 0, CLOCK, 0, 0)]
    assert 20 * MILLISECOND <= time.monotonic_ns() - start < 5000 * MILLISECOND


@pytest.mark.parametrize("id_", [abi.REALTIME, abi.MONOTONIC])
def test_absolute_times(guest: Guest, id_: int) -> None:
    start = time.monotonic_ns()
    now = time.time_ns() if id_ == abi.REALTIME else start
    until = now + 20 * MILLISECOND
    assert poll(guest, clock(1, until, id_, abi.ABSTIME)) == [(1, 0, CLOCK, 0, 0)]
    assert time.monotonic_ns() - start >= 19 * MILLISECOND
    assert poll(guest, clock(1, 5, id_, abi.ABSTIME)) == [(1, 0, CLOCK, 0, 0)]


def test_zero_timeouts_fire_together(guest: Guest) -> None:
    events = poll(guest, clock(1, 0), clock(2, 10**15), clock(3, 0))
    assert [event[0] for event in events] == [1, 3]


def test_wrong_subscriptions_are_events(guest: Guest) -> None:
    events = poll(
        guest,
        clock(1, 10**15),
        clock(2, 0, abi.PROCESS_CPUTIME),
        clock(3, 0, 17),
        clock(4, 0, flags=2),
        on_fd(5, READ, 99),
        abi.SUBSCRIPTION.pack(6, 9, 0, 0, 0, 0),
    )
    assert [event[:2] for event in events] == [
        (2, errno.INVAL),
        (3, errno.INVAL),
        (4, errno.INVAL),
        (5, errno.BADF),
        (6, errno.INVAL),
    ]


def test_files_are_always_ready(guest: Guest, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    guest.env.preopen("/", tmp_path)
    _, fd = guest.open("file")
    guest.read(fd, 4)
    events = poll(guest, on_fd(1, READ, fd), on_fd(2, WRITE, fd), clock(3, 10**15))
    assert events == [(1, 0, READ, 6, 0), (2, 0, WRITE, 0, 0)]
    _, blind = guest.open("file", rights=0)
    assert poll(guest, on_fd(1, READ, blind)) == [(1, errno.NOTCAPABLE, READ, 0, 0)]


def test_pipes(guest: Guest, pipe: tuple[int, int]) -> None:
    assert poll(guest, on_fd(1, READ, 0), clock(2, MILLISECOND))[0][0] == 2
    assert poll(guest, on_fd(1, READ, 0), on_fd(2, WRITE, 1)) == [(2, 0, WRITE, 0, 0)]
    os.write(pipe[1], b"abc")
    assert poll(guest, on_fd(1, READ, 0), clock(2, 10**15)) == [(1, 0, READ, 3, 0)]
    assert [e[0] for e in poll(guest, on_fd(1, READ, 0), on_fd(2, READ, 0))] == [1, 2]


def test_waiting_for_a_pipe(guest: Guest, pipe: tuple[int, int]) -> None:
    timer = threading.Timer(0.02, os.write, (pipe[1], b"late"))
    timer.start()
    assert poll(guest, on_fd(1, READ, 0)) == [(1, 0, READ, 4, 0)]
    timer.join()


def test_hangups(guest: Guest, pipe: tuple[int, int]) -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, pipe[1])  # closes the pipe's end for writing
    os.close(null)
    assert poll(guest, on_fd(1, READ, 0)) == [(1, 0, READ, 0, abi.HANGUP)]


def test_reading_and_writing_one_socket(guest: Guest) -> None:
    ours, theirs = socket.socketpair()
    guest.env.set_stream(0, ours.fileno())
    guest.env.table[0].base |= abi.FD_WRITE
    theirs.send(b"hi")
    events = poll(guest, on_fd(1, READ, 0), on_fd(2, WRITE, 0))
    assert events[0] == (1, 0, READ, 2, 0)
    *kind, room, flags = events[1]
    assert (kind, flags) == ([2, 0, WRITE], 0)
    assert room > 0
    ours.close()
    theirs.close()


def test_sockets_given_as_streams(guest: Guest) -> None:
    ours, theirs = socket.socketpair()
    guest.env.set_stream(0, ours.fileno())
    out = guest.put(bytes(8))
    assert guest.call("sock_send", 0, *guest.iovecs(guest.text("ping")), 0, out) == 0
    assert theirs.recv(100) == b"ping"
    theirs.send(b"pong")
    area, size = guest.room(8)
    assert guest.call("sock_recv", 0, *guest.iovecs((area, size)), 1, out, out + 4) == 0
    assert guest.read(0) == (0, b"pong")  # it had only been peeked at
    assert bytes(guest.memory[area : area + 4]) == b"pong"
    assert guest.call("sock_shutdown", 0, 2) == 0
    assert theirs.recv(100) == b""
    assert guest.call("sock_shutdown", 0, 4) == errno.INVAL
    ours.close()
    theirs.close()


def test_sock_functions_want_a_socket(guest: Guest, pipe: tuple[int, int]) -> None:
    assert guest.call("sock_shutdown", 0, 1) == errno.NOTSOCK
    assert guest.call("sock_shutdown", 9, 1) == errno.BADF
    assert guest.call("sock_recv", 0, 0, 0, 0, 0, 8) == errno.NOTSOCK
    assert guest.call("sock_send", 0, 0, 0, 0, 8) == errno.NOTSOCK


@pytest.mark.parametrize("what", ["sleep", "poll", "read", "write"])
def test_waits_end_when_the_thread_is_woken(what: str) -> None:
    guest = Guest()
    reader, writer = os.pipe()
    guest.env.set_stream(0, reader)
    guest.env.set_stream(1, writer)

    def wait() -> int:
        guest.free = 1024
        if what == "read":
            return guest.read(0)[0]
        if what == "write":
            error = 0
            for _ in range(3):  # more than a pipe holds
                guest.free = 1024
                error = guest.write(1, b"x" * 30000)[0]
            return error
        subs = guest.put(on_fd(0, READ, 0) if what == "poll" else clock(0, 10**13))
        return guest.call("poll_oneoff", subs, guest.room(32)[0], 1, guest.put(bytes(4)))

    before = len(os.listdir("/proc/self/fd"))
    thread = waiting.begin()
    timer = threading.Timer(0.03, waiting.wake, (thread,))
    timer.start()
    start = time.monotonic()
    assert wait() == errno.INTR
    assert time.monotonic() - start < 5
    timer.join()
    assert wait() == errno.INTR  # until the end, no wait begins
    waiting.end(thread)
    assert len(os.listdir("/proc/self/fd")) == before
    os.write(writer, b"go") if what == "read" else None
    if what == "read":
        assert wait() == 0
    os.close(reader)
    os.close(writer)


def test_ordinary_polls_are_answered_in_c(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine().watch(monkeypatch)
    ours, theirs = socket.socketpair()
    machine.env.set_stream(0, ours.fileno())
    machine.env.set_stream(1, ours.fileno())
    theirs.send(b"hi")
    subscriptions = [on_fd(i, READ, 0) for i in range(20)]
    assert poll(machine, *subscriptions) == [(i, 0, READ, 2, 0) for i in range(20)]
    assert poll(machine, on_fd(1, WRITE, 1), clock(2, 0))[1] == (2, 0, CLOCK, 0, 0)
    assert machine.asked == []
    with stoppable():
        assert poll(machine, on_fd(1, READ, 0), clock(2, 10**15)) == [(1, 0, READ, 2, 0)]
        assert machine.asked == []
        assert poll(machine, clock(2, MILLISECOND)) == [(2, 0, CLOCK, 0, 0)]
    assert poll(machine, on_fd(1, READ, 9))[0][1] == errno.BADF
    assert machine.asked == ["poll_oneoff"] * 2
    ours.close()
    theirs.close()
