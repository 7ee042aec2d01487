"""Opening: in one step, FIFOs, limits; clocks and random numbers of the embedder."""

from __future__ import annotations

import os
import random
import resource
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from wasi_guest import Guest, without_open_beneath
from wasi_machine import Machine

from pywasmedge import WASI
from pywasmedge.runtime.interrupt import with_timeout
from pywasmedge.wasi import abi, errno, resolve
from pywasmedge.wasi.opening import open_beneath


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[Guest]:
    guest = Guest()
    guest.env.preopen("/", tmp_path)
    yield guest
    guest.env.close()


def host_has_open_beneath(directory: Path) -> bool:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.close(open_beneath(handle, b".", os.O_RDONLY))
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


# --- in one step ---------------------------------------------------------------------------------


def test_what_leads_out_is_not_opened_in_one_step(tmp_path: Path) -> None:
    (tmp_path / "root" / "dir").mkdir(parents=True)
    (tmp_path / "file").write_text("secret")
    (tmp_path / "root" / "link").symlink_to("../file")
    (tmp_path / "root" / "absolute").symlink_to(tmp_path / "root" / "dir")
    (tmp_path / "root" / "magic").symlink_to("/proc/self/root")
    handle = os.open(tmp_path / "root", os.O_RDONLY)
    for path in (b"..", b"../file", b"dir/../../file", b"/", b"link", b"absolute", b"magic/etc"):
        with pytest.raises(OSError):
            open_beneath(handle, path, os.O_RDONLY)
    with pytest.raises(OSError):
        open_beneath(handle, b"../new", os.O_RDWR | os.O_CREAT)
    assert sorted(os.listdir(tmp_path)) == ["file", "root"]
    os.close(handle)


def test_the_host_is_asked_first(
    guest: Guest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not host_has_open_beneath(tmp_path):
        pytest.skip("this host cannot resolve paths beneath a directory")
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(b"found")
    (tmp_path / "link").symlink_to("a/b/file")

    def walk(self: object, path: bytes, follow: bool) -> bytes:
        raise AssertionError(path)

    monkeypatch.setattr(resolve.Location, "_walk", walk)
    for path in ("a/b/file", "link", "a/./b//file", "a/b/../b/file"):
        error, fd = guest.open(path)
        assert (error, guest.read(fd)) == (0, (0, b"found"))
    assert guest.open("a/missing/file")[0] == errno.NOENT
    assert guest.stat("a/b/file")[0] == 0
    assert guest.on_path("path_unlink_file", "a/b/file") == 0


def test_both_ways_find_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random paths over a tree with links of all kinds: the same errors, the same files."""
    root = tmp_path / "root"
    (root / "a" / "b").mkdir(parents=True)
    for name in ("x", "a/x", "a/b/x"):
        (root / name).write_text(name)
    for name, target in {
        "up": "..",
        "a/up": "..",
        "a/b/up": "../..",
        "a/b/out": "../../..",
        "to": "a/b",
        "a/to": "../x",
        "a/b/to": "up/to",
        "root": str(root),
        "loop": "loop",
        "a/none": "missing/x",
    }.items():
        (root / name).symlink_to(target)
    rng = random.Random(3)
    names = ["a", "b", "x", "up", "to", "..", ".", "out", "root", "loop", "none", "missing", ""]
    guest = Guest()
    guest.env.preopen("/", root)
    cases = []
    for _ in range(3000):
        path = "/".join(rng.choice(names) for _ in range(rng.randint(1, 6)))
        cases.append((path, rng.random() < 0.8, rng.choice((0, 0, abi.O_DIRECTORY, abi.O_TRUNC))))

    def outcome(path: str, follow: bool, oflags: int) -> tuple[object, ...]:
        guest.free = 1024
        error, fd = guest.open(path, follow=follow, oflags=oflags, rights=abi.FD_READ)
        found = os.fstat(guest.env.table[fd].host).st_ino if not error else None
        if not error:
            guest.call("fd_close", fd)
        seen, status = guest.stat(path, follow=follow)
        return error, found, seen, status[1]

    first = [outcome(*case) for case in cases]
    without_open_beneath(monkeypatch)
    second = [outcome(*case) for case in cases]
    differences = [c for c, a, b in zip(cases, first, second, strict=True) if a != b]
    assert differences == []
    assert sum(error == 0 for error, *_ in first) > 100
    guest.env.close()


# --- FIFOs ---------------------------------------------------------------------------------------

READ, WRITE = abi.FD_READ, abi.FD_WRITE


@pytest.fixture(params=["host", "walk"])
def fifo(
    guest: Guest, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Path:
    if request.param == "walk":
        without_open_beneath(monkeypatch)
    os.mkfifo(tmp_path / "fifo")
    return tmp_path / "fifo"


@pytest.mark.parametrize("rights", [READ, WRITE])
def test_a_time_limit_ends_opening_a_fifo(guest: Guest, fifo: Path, rights: int) -> None:
    opened = len(os.listdir("/proc/self/fd"))
    start = time.monotonic()
    assert with_timeout(0.05, lambda: guest.open("fifo", rights=rights))[0] == errno.INTR
    assert time.monotonic() - start >= 0.05
    assert len(os.listdir("/proc/self/fd")) == opened


@pytest.mark.parametrize("limit", [None, 60])
@pytest.mark.parametrize("rights", [READ, WRITE])
def test_opening_a_fifo_waits_for_the_other_end(
    guest: Guest, fifo: Path, rights: int, limit: float | None
) -> None:
    handles: list[int] = []
    began: list[float] = []

    def other_end() -> None:
        time.sleep(0.1)
        began.append(time.monotonic())
        handles.append(os.open(fifo, os.O_WRONLY if rights == READ else os.O_RDONLY))

    thread = threading.Thread(target=other_end)
    thread.start()

    def open_() -> tuple[int, int]:
        return guest.open("fifo", rights=rights)

    error, fd = open_() if limit is None else with_timeout(limit, open_)
    ended = time.monotonic()
    thread.join()
    assert error == 0
    assert ended >= began[0]
    out, _ = guest.room(24)
    assert guest.call("fd_fdstat_get", fd, out) == 0
    assert guest.memory[out + 2] == 0  # it waits, as it was opened
    os.close(handles[0])


def test_a_fifo_that_has_another_end_already(guest: Guest, fifo: Path) -> None:
    both = os.open(fifo, os.O_RDWR)
    os.write(both, b"data")
    error, fd = with_timeout(60, lambda: guest.open("fifo", rights=READ))
    assert (error, guest.read(fd)) == (0, (0, b"data"))
    assert with_timeout(60, lambda: guest.open("fifo", rights=WRITE))[0] == 0
    os.close(both)


def test_nobody_waits_for_a_socket(guest: Guest, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        assert with_timeout(60, lambda: guest.open("socket", rights=READ))[0] == errno.NXIO


# --- limits --------------------------------------------------------------------------------------


def test_a_limit_on_open_files(tmp_path: Path) -> None:
    with WASI(preopens={"/": tmp_path}, max_files=8) as wasi:
        guest = Guest(wasi.env)
        (tmp_path / "file").touch()
        fds = [guest.open("file") for _ in range(4)]
        assert fds == [(0, 4), (0, 5), (0, 6), (0, 7)]
        assert guest.open("new", oflags=abi.O_CREAT)[0] == errno.MFILE
        assert not (tmp_path / "new").exists()
        assert guest.call("fd_close", 5) == 0
        assert guest.open("new", oflags=abi.O_CREAT) == (0, 5)


def test_the_host_keeps_some_of_the_descriptors_of_the_process(
    guest: Guest, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (400, hard))
    try:
        count = 0
        while (error := guest.open("file")[0]) == 0:
            guest.free = 1024
            count += 1
        assert error == errno.MFILE
        assert 200 < count < 400
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# --- clocks and random numbers of the embedder ---------------------------------------------------


def test_clocks_and_random_numbers_may_be_the_embedders() -> None:
    asked: list[int] = []

    def clock(id_: int) -> int:
        asked.append(id_)
        return 1000 + len(asked)

    wasi = WASI.uninitialised()
    wasi.env.clock, wasi.env.random = clock, random.Random(1).randbytes
    for guest in (Machine(wasi), Guest(wasi.env)):
        area, size = guest.room(100)
        assert guest.call("clock_time_get", 1, 0, area) == 0
        assert guest.u64(area) == 1000 + len(asked)
        assert guest.call("clock_time_get", 4, 0, area) == errno.INVAL
        assert guest.call("random_get", area, size) == 0
    assert asked == [1, 1]
    wasi.env.random = random.Random(1).randbytes
    first = bytes(guest.memory[area : area + size])
    wasi.env.random(100)
    assert first == wasi.env.random(100)
    made = WASI(clock=clock, random=random.Random(1).randbytes)
    assert made.env.hot("clock_time_get") is None
    assert made.env.hot("random_get") is None
    assert made.env.hot("fd_read") is not None
