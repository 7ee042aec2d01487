"""WASI functions that C answers: the same answers as Python's, and who gives them when."""

from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from wasi_guest import Guest
from wasi_machine import HOT, Machine

from pywasmedge import Trap
from pywasmedge.base.types import ValType
from pywasmedge.kernel.native import ffi, lib
from pywasmedge.runtime.interrupt import with_timeout
from pywasmedge.wasi import abi, errno
from pywasmedge.wasi.descriptor import Descriptor
from pywasmedge.wasi.groups import find_all

NULL = open("/dev/null", "r+b", buffering=0)  # noqa: SIM115  (of all guests)


def fill(guest: Guest, root: Path) -> Guest:
    """The same environment for each guest: a file as descriptor 4, a read-only one as 5."""
    (root / "file").write_bytes(b"0123456789" * 10)
    guest.env.set_args(["prog", "ä", ""])
    guest.env.set_environ(["A=1", "B=xyz"])
    for fd in range(3):
        guest.env.set_stream(fd, NULL)
    guest.env.preopen("/data", root)
    assert guest.open("file") == (0, 4)
    assert guest.open("file", rights=abi.FD_READ) == (0, 5)
    return guest


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    machine = Machine()
    fill(machine, tmp_path)
    yield machine.watch(monkeypatch)
    machine.env.close()


@pytest.fixture
def python(tmp_path: Path) -> Iterator[Guest]:
    """Another guest with an environment like the machine's, answered by Python alone."""
    guest = fill(Guest(), tmp_path)
    yield guest
    guest.env.close()


def test_the_functions_that_are_hot_are_those_that_c_has() -> None:
    names = [ffi.string(lib.we_wasi_name(i)).decode() for i in range(len(HOT))]
    assert names == HOT
    assert lib.we_wasi_name(len(HOT)) == ffi.NULL


IOVECS, OUT, AREA = 512, 768, 2048
"""Where the calls of these tests have an iovec for 20 bytes at AREA, and what they store."""

ORDINARY = [
    ("args_sizes_get", OUT, OUT + 4),
    ("args_get", OUT, AREA),
    ("environ_sizes_get", OUT, OUT + 4),
    ("environ_get", OUT + 1, AREA + 3),
    ("fd_fdstat_get", 1, OUT),
    ("fd_fdstat_get", 3, OUT),
    ("fd_fdstat_get", 4, OUT),
    ("fd_prestat_get", 3, OUT),
    ("fd_read", 4, IOVECS, 1, OUT),
    ("fd_read", 4, IOVECS, 2, OUT),
    ("fd_read", 4, 0, 0, OUT),
    ("fd_pread", 4, IOVECS, 1, 3, OUT),
    ("fd_pread", 4, IOVECS, 2, 1000, OUT),
    ("fd_write", 1, IOVECS, 1, OUT),
    ("fd_write", 4, IOVECS, 2, OUT),
    ("fd_pwrite", 4, IOVECS, 1, 7, OUT),
    ("fd_seek", 4, 5, 0, OUT),
    ("fd_seek", 4, 3, 1, OUT),
    ("fd_seek", 4, 3, 2, OUT),
    ("fd_seek", 4, 1, 0x100, OUT),  # only the low byte of whence counts
    ("fd_tell", 4, OUT),
    ("sched_yield",),
]
"""Calls that C answers by itself."""

RARE = [
    (errno.FAULT, "args_sizes_get", 65533, OUT),
    (errno.FAULT, "args_sizes_get", OUT, 65533),
    (errno.FAULT, "args_get", 65530, AREA),
    (errno.FAULT, "environ_get", OUT, 65530),
    (errno.FAULT, "fd_fdstat_get", 4, 65536 - 23),
    (errno.BADF, "fd_fdstat_get", 6, OUT),
    (errno.BADF, "fd_fdstat_get", 0xFFFFFFFF, OUT),
    (errno.BADF, "fd_prestat_get", 99, OUT),
    (errno.BADF, "fd_prestat_get", 4, OUT),
    (errno.FAULT, "fd_prestat_get", 3, 0xFFFFFFFF),
    (errno.FAULT, "fd_read", 4, IOVECS, 1, 65533),
    (errno.FAULT, "fd_read", 4, 65529, 1, OUT),
    (errno.FAULT, "fd_read", 4, IOVECS, 3, OUT),  # the third names what is not there
    (errno.FAULT, "fd_read", 4, IOVECS, 65536, OUT),
    (errno.FAULT, "fd_write", 4, IOVECS, 0x80000000, OUT),
    (errno.BADF, "fd_read", 6, IOVECS, 1, OUT),
    (errno.NOTCAPABLE, "fd_read", 3, IOVECS, 1, OUT),
    (errno.NOTCAPABLE, "fd_write", 5, IOVECS, 1, OUT),
    (errno.NOTCAPABLE, "fd_pread", 5, IOVECS, 1, 0, OUT),
    (errno.INVAL, "fd_pread", 4, IOVECS, 1, -1, OUT),
    (errno.INVAL, "fd_pwrite", 4, IOVECS, 1, 1 << 63, OUT),
    (errno.NOTCAPABLE, "fd_seek", 5, 0, 0, OUT),
    (errno.INVAL, "fd_seek", 4, 0, 3, OUT),
    (errno.INVAL, "fd_seek", 4, -1, 0, OUT),
    (errno.FAULT, "fd_seek", 4, 0, 0, 65529),
    (errno.NOTCAPABLE, "fd_tell", 5, OUT),
    (errno.INVAL, "clock_time_get", 4, 0, OUT),
    (errno.FAULT, "clock_time_get", 0, 0, 65529),
    (errno.FAULT, "random_get", 65530, 7),
    (errno.FAULT, "random_get", 65537, 0),
]
"""Calls that are left to Python, after the errno."""


def prepare(guest: Guest) -> None:
    iovecs = [(AREA, 20), (AREA + 100, 30), (65530, 7)]
    for index, pair in enumerate(iovecs):
        guest.memory[IOVECS + 8 * index :][:8] = b"".join(n.to_bytes(4, "little") for n in pair)
    guest.memory[AREA : AREA + 200] = bytes(range(200))


@pytest.mark.parametrize("call", ORDINARY, ids=str)
def test_ordinary_calls_do_not_reach_python(
    machine: Machine, python: Guest, call: tuple[str, int]
) -> None:
    for guest in (machine, python):
        prepare(guest)
        for _ in range(2):
            assert guest.call(*call) == 0
    assert machine.asked == []
    assert machine.memory == python.memory
    positions = [os.lseek(guest.env.table[4].host, 0, os.SEEK_CUR) for guest in (machine, python)]
    assert positions[0] == positions[1]


@pytest.mark.parametrize("call", RARE, ids=str)
def test_errors_are_pythons(machine: Machine, call: tuple[int, str, int]) -> None:
    prepare(machine)
    before = bytes(machine.memory)
    number, name, *args = call
    assert machine.call(name, *args) == number
    assert machine.asked == [name]
    assert bytes(machine.memory) == before


def test_clocks_and_random_numbers(machine: Machine) -> None:
    for clock, host in enumerate((time.CLOCK_REALTIME, time.CLOCK_MONOTONIC)):
        start = time.clock_gettime_ns(host)
        assert machine.call("clock_time_get", clock, 0, OUT) == 0
        assert start <= machine.u64(OUT) <= time.clock_gettime_ns(host)
    for clock in (abi.PROCESS_CPUTIME, abi.THREAD_CPUTIME):
        assert machine.call("clock_time_get", clock, 0, OUT) == 0
        assert machine.u64(OUT) > 0
    for size in (0, 1, 16, 300, 60000):
        machine.memory[AREA : AREA + 61000] = bytes(61000)
        assert machine.call("random_get", AREA, size) == 0
        filled = bytes(machine.memory[AREA : AREA + 61000])
        assert not any(filled[size:])
        assert size < 16 or len(set(filled[:size])) > 4
    pieces = set()
    for _ in range(1000):
        assert machine.call("random_get", AREA, 16) == 0
        pieces.add(bytes(machine.memory[AREA : AREA + 16]))
    assert len(pieces) == 1000
    assert machine.asked == []


def test_a_fork_has_random_numbers_of_its_own(machine: Machine) -> None:
    """Small requests are served from bytes that were fetched before."""
    assert machine.call("random_get", AREA, 16) == 0
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        machine.call("random_get", AREA, 16)
        os.write(writer, machine.memory[AREA : AREA + 16])
        os._exit(0)
    os.waitpid(child, 0)
    assert machine.call("random_get", AREA, 16) == 0
    theirs = os.read(reader, 100)
    assert len(theirs) == 16
    assert theirs != machine.memory[AREA : AREA + 16]
    os.close(reader)
    os.close(writer)


def test_a_function_called_by_the_host_itself(machine: Machine) -> None:
    """Nobody's memory: Python answers."""
    assert machine.wasi.exports.sched_yield() == 0
    assert machine.wasi.exports.fd_tell(4, OUT) == errno.FAULT
    assert machine.asked == ["sched_yield", "fd_tell"]


def test_random_calls_have_the_answers_that_python_gives(tmp_path: Path) -> None:
    rng = random.Random(5)
    twins: list[Guest] = [Machine(), Guest()]
    for index, guest in enumerate(twins):
        (tmp_path / str(index)).mkdir()
        fill(guest, tmp_path / str(index))
        prepare(guest)
    names = [name for name in HOT if name not in ("clock_time_get", "random_get", "poll_oneoff")]
    numbers = [0, 1, 2, 3, 4, 5, 6, 20, IOVECS, OUT, AREA, 65528, 65535, 65536, (1 << 32) - 1]
    for _ in range(6000):
        name = rng.choice(names)
        args = []
        for type_ in find_all()[name].params:
            number = rng.choice(numbers)
            args.append(-1 if type_ == ValType.I64 and number > 1 << 16 else number)
        assert twins[0].call(name, *args) == twins[1].call(name, *args), (name, args)
        assert twins[0].memory == twins[1].memory, (name, args)
        if rng.random() < 0.1:
            for guest in twins:
                prepare(guest)
    contents = [(tmp_path / str(index) / "file").read_bytes() for index in range(2)]
    assert contents[0] == contents[1]
    for guest in twins:
        guest.env.close()


def test_more_ranges_than_c_has_room_for(machine: Machine) -> None:
    for index in range(100):
        machine.memory[IOVECS + 8 * index :][:8] = bytes([*AREA.to_bytes(4, "little"), 1, 0, 0, 0])
    assert machine.call("fd_read", 4, IOVECS, 100, 30000) == 0
    assert (machine.u32(30000), machine.asked) == (100, ["fd_read"])
    assert machine.memory[AREA] == ord("9")


def test_streams_of_the_embedder_are_pythons(machine: Machine) -> None:
    output = io.BytesIO()
    machine.env.set_stream(1, output)
    machine.env.set_stream(0, b"given")
    prepare(machine)
    assert machine.call("fd_write", 1, IOVECS, 1, OUT) == 0
    assert machine.read(0) == (0, b"given")
    assert output.getvalue() == bytes(range(20))
    assert machine.asked == ["fd_write", "fd_read"]


def test_changes_of_descriptors_are_seen_at_once(machine: Machine) -> None:
    prepare(machine)
    read = ("fd_read", 4, IOVECS, 1, OUT)
    assert machine.call(*read) == 0
    assert machine.call("fd_fdstat_set_rights", 4, abi.FD_TELL, 0) == 0
    assert machine.call(*read) == errno.NOTCAPABLE
    assert machine.call("fd_tell", 4, OUT) == 0
    assert machine.call("fd_renumber", 5, 4) == 0
    assert machine.call(*read) == 0
    assert machine.call("fd_read", 5, IOVECS, 1, OUT) == errno.BADF
    assert machine.call("fd_fdstat_set_flags", 1, abi.NONBLOCK) == 0
    machine.call("fd_fdstat_get", 1, OUT)
    assert machine.memory[OUT + 2] == abi.NONBLOCK
    machine.env.close()
    assert machine.call(*read) == errno.BADF
    machine.env.set_args(["other"])
    machine.call("args_sizes_get", OUT, OUT + 4)
    assert (machine.u32(OUT), machine.u32(OUT + 4)) == (1, 6)


def test_many_descriptors(machine: Machine) -> None:
    host = machine.env.table[4].host
    fds = [machine.env.add(Descriptor(os.dup(host), abi.FD_READ)) for _ in range(300)]
    prepare(machine)
    for fd in fds:
        assert machine.call("fd_read", fd, 0, 0, OUT) == 0
        assert machine.call("fd_close", fd) == 0
        assert machine.call("fd_read", fd, 0, 0, OUT) == errno.BADF
    assert machine.asked == ["fd_read"] * 300


# --- races ---------------------------------------------------------------------------------------


def test_a_closed_descriptor_never_becomes_another_file(machine: Machine, tmp_path: Path) -> None:
    """The host reuses its numbers at once; a read must not get what another number's owner has."""
    (tmp_path / "secret").write_bytes(b"1" * 100)  # the guest's own begins with 0
    prepare(machine)
    found = 0
    ended = threading.Event()

    def read() -> None:
        nonlocal found
        while not ended.is_set():
            found |= machine.exports.survey(4, IOVECS, OUT, ord("0"), 2000)

    thread = threading.Thread(target=read)
    thread.start()
    other = Guest(machine.env)
    try:
        for _ in range(4000):
            other.free = 1024
            assert other.call("fd_close", 4) == 0
            secret = os.open(tmp_path / "secret", os.O_RDONLY)
            assert other.open("file") == (0, 4)
            os.close(secret)
    finally:
        ended.set()
        thread.join()
    assert found == 1


def until_it_waits(thread: threading.Thread) -> None:
    """Until a thread that runs a guest is in a system call that waits, for input or for a lock."""
    while lib.we_guests_running() == 0:
        time.sleep(0.001)
    asleep = 0
    while asleep < 10:  # waiting for the interpreter lock takes less
        time.sleep(0.002)
        status = Path(f"/proc/self/task/{thread.native_id}/stat").read_text()
        asleep = asleep + 1 if status.rpartition(")")[2].split()[0] == "S" else 0


def test_a_read_in_progress_keeps_the_host_descriptor(machine: Machine) -> None:
    reader, writer = os.pipe()
    fd = machine.env.add(Descriptor(reader, abi.FD_READ))
    prepare(machine)
    results: list[int] = []
    call = ("fd_read", fd, IOVECS, 1, OUT)
    thread = threading.Thread(target=lambda: results.append(machine.call(*call)))
    thread.start()
    until_it_waits(thread)
    assert Guest(machine.env).call("fd_close", fd) == 0
    os.fstat(reader)
    os.write(writer, b"late")
    thread.join()
    assert (results, machine.u32(OUT), machine.asked) == ([0], 4, [])
    with pytest.raises(OSError):
        os.fstat(reader)
    os.close(writer)


# --- ends of waits -------------------------------------------------------------------------------


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_a_time_limit_ends_a_read(machine: Machine, pipe: tuple[int, int]) -> None:
    machine.env.set_stream(0, pipe[0])
    prepare(machine)
    with pytest.raises(Trap):
        with_timeout(0.05, machine.call, "fd_read", 0, IOVECS, 1, OUT)
    os.write(pipe[1], b"there")
    asked = len(machine.asked)
    assert with_timeout(60, machine.call, "fd_read", 0, IOVECS, 1, OUT) == 0
    assert (machine.u32(OUT), len(machine.asked)) == (5, asked)


def test_a_time_limit_ends_a_write(machine: Machine, pipe: tuple[int, int]) -> None:
    machine.env.set_stream(1, pipe[1])
    area, size = machine.put(bytes(20000)), 20000
    iovecs = machine.iovecs((area, size))

    def write() -> None:
        while True:
            assert machine.call("fd_write", 1, *iovecs, OUT) == 0

    with pytest.raises(Trap):
        with_timeout(0.05, write)


def test_a_descriptor_that_must_not_block(machine: Machine, pipe: tuple[int, int]) -> None:
    machine.env.set_stream(0, pipe[0])
    prepare(machine)
    assert machine.call("fd_fdstat_set_flags", 0, abi.NONBLOCK) == 0
    assert machine.call("fd_read", 0, IOVECS, 1, OUT) == errno.AGAIN
    assert os.get_blocking(pipe[0])


def test_signals_do_not_end_a_read(machine: Machine, pipe: tuple[int, int]) -> None:
    """A Python handler runs while the guest waits, then the wait goes on."""
    machine.env.set_stream(0, pipe[0])
    prepare(machine)
    count = 0

    def tick(number: int, frame: object) -> None:
        nonlocal count
        count += 1
        if count == 3:
            signal.setitimer(signal.ITIMER_REAL, 0)
            os.write(pipe[1], b"abc")

    before = signal.signal(signal.SIGALRM, tick)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        assert machine.call("fd_read", 0, IOVECS, 1, OUT) == 0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert (count, machine.u32(OUT)) == (3, 3)


INTERRUPTED = """
import os, sys
sys.path[:0] = {path!r}
from wasi_machine import Machine
machine = Machine()
machine.env.set_stream(0, 0)
iovecs = machine.iovecs((2048, 20))
try:
    print("ready", flush=True)
    while True:
        machine.call({name!r}, *{args})
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("fd_read", "(0, *iovecs, 768)"),
        ("clock_time_get", "(0, 0, 768)"),
        ("random_get", "(0, 65536)"),
    ],
)
def test_sigint_ends_a_program_in_c(name: str, args: str) -> None:
    code = INTERRUPTED.format(path=sys.path, name=name, args=args)
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "stopped\n"
    assert process.returncode == 0
