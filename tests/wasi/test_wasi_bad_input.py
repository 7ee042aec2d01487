"""Every function with every kind of bad input; the tables are derived from the declarations."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from socket_guest import NetCalls, NetGuest
from wasi_guest import Guest
from wasi_machine import HOT, Machine

from pywasmedge.wasi import abi, errno
from pywasmedge.wasi.abi import LAYOUTS
from pywasmedge.wasi.groups import find_all

PAGE = 65536
AT, OTHER = 256, 4096  # two areas of memory that do not overlap
FILE, DIRECTORY, POOR_FILE, POOR_DIRECTORY, CLOSED = 4, 3, 5, 6, 7
BAD = (PAGE, PAGE - 1, (1 << 31), (1 << 32) - 8, (1 << 32) - 1)

WORDS = {"Buffer": 2, "Path": 2, "Iovecs": 2}
"""wasm parameters of an annotation; one for all others."""


def layout(name: str) -> list[str]:
    """What each wasm parameter is: an annotation, ``+`` for its length, ``*U32`` for a result."""
    function = find_all()[name]
    words = []
    for kind in function._kinds():
        words += [kind, "+"][: WORDS.get(kind, 1)]
    return words + [f"*{out}" for out in function._outs()]


def plain(name: str, at: int = AT, file: int = FILE) -> list[int]:
    """Arguments without fault: eight bytes at ``at`` for everything that is an address."""
    args = []
    words = layout(name)
    for i, word in enumerate(words):
        if word == "Fd":
            args.append(DIRECTORY if "Path" in words or "readdir" in name else file)
        elif word == "+":
            args.append({"Iovecs": 1, "Path": 4, "Buffer": 8}[words[i - 1]])
        elif word in WORDS or word[0] == "*":
            args.append(at)
        else:
            args.append(0)
    return args


def places(*kinds: str) -> list[tuple[str, int]]:
    """Functions and the positions of their parameters of these annotations."""
    return [
        (name, position)
        for name in sorted(find_all())
        for position, word in enumerate(layout(name))
        if word in kinds or (word[0] == "*" and "*" in kinds)
    ]


def fill(guest: Guest, root: Path) -> Guest:
    """Open the descriptors that the constants above name."""
    (root / "file").write_bytes(b"content!")
    (root / "dir").mkdir(exist_ok=True)
    for stream in range(3):
        guest.env.set_stream(stream, stream)
    guest.env.preopen("/", root)
    assert guest.open("file") == (0, FILE)
    assert guest.open("file", rights=0) == (0, POOR_FILE)
    assert guest.open("dir", rights=0, oflags=abi.O_DIRECTORY) == (0, POOR_DIRECTORY)
    assert guest.open("file") == (0, CLOSED)
    assert guest.call("fd_close", CLOSED) == 0
    guest.memory[:PAGE] = bytes(PAGE)
    return guest


@pytest.fixture(params=[Guest, Machine])
def guest(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Guest]:
    guest = fill(request.param(), tmp_path)
    yield guest
    guest.env.close()


# --- addresses -----------------------------------------------------------------------------------


def test_the_tables_have_all() -> None:
    for name in find_all():
        assert len(layout(name)) == len(find_all()[name].params)
    addressed = {name for name, _ in places("Buffer", "Path", "Iovecs", "*")}
    by_hand = {"args_get", "environ_get"}
    assert {n for n in find_all() if n.startswith(("fd", "path")) and "get" in n} <= addressed
    assert not by_hand & addressed


def test_every_address_outside_of_memory_is_fault(guest: Guest) -> None:
    guest.env.set_args(["program"])
    guest.env.set_environ(["A=B"])
    cases = places("Buffer", "Path", "Iovecs", "*")
    for name in ("args_get", "environ_get"):
        cases += [(name, 0), (name, 1)]
    cases += [("poll_oneoff", 0), ("poll_oneoff", 1)]
    for name, position in cases:
        args = plain(name)
        if name == "poll_oneoff":
            args[2] = 1
        words = layout(name)
        for bad in BAD:
            if bad == PAGE - 1 and words[position] == "*U8":
                continue
            args[position] = bad
            before = bytes(guest.memory)
            assert guest.call(name, *args) == errno.FAULT, (name, position, bad)
            assert bytes(guest.memory) == before, (name, position, bad)


def test_lengths_that_reach_out_of_memory_are_fault(guest: Guest) -> None:
    for name, position in places("Buffer", "Path"):
        for length in (PAGE - AT + 1, 1 << 31, (1 << 32) - AT, (1 << 32) - 1):
            args = plain(name)
            args[position + 1] = length
            assert guest.call(name, *args) == errno.FAULT, (name, position, length)
    assert guest.call("poll_oneoff", 0, 0, (1 << 32) - 1, 0) == errno.FAULT


def test_overlapping_buffers_change_no_errno(tmp_path: Path) -> None:
    """All results, names and buffers in one place: as if each had its own."""
    answers: list[dict[str, int]] = []
    for apart in (True, False):
        answers.append({})
        for name in sorted(find_all()):
            if name.startswith(("proc_", "sock_", "poll_")):
                continue
            root = tmp_path / f"{name}{apart}"
            root.mkdir()
            guest = fill(Machine() if name in HOT else Guest(), root)
            args = plain(name)
            words = layout(name)
            for i, word in enumerate(words):
                if apart and (word[0] == "*" or word in ("Buffer", "Iovecs")):
                    args[i] += OTHER + 64 * i
                address = args[i]
                if word == "Path":
                    guest.memory[address : address + 4] = b"file"
                if word == "Iovecs":
                    into = PAGE // 2 if apart else address
                    guest.memory[address : address + 8] = LAYOUTS["U32"].pack(into) + b"\4\0\0\0"
            answers[-1][name] = guest.call(name, *args)
            guest.env.close()
    assert answers[0].pop("path_rename") == answers[1].pop("path_rename") == 0
    assert answers[0] == answers[1]
    assert sum(number == 0 for number in answers[0].values()) > 25


@pytest.mark.parametrize("name", ["fd_read", "fd_write", "fd_pread", "fd_pwrite"])
def test_numbers_of_iovecs(guest: Guest, name: str) -> None:
    for count, expected in {
        0: 0,
        1: 0,
        1024: 0,
        1025: 0,
        1 << 31: errno.FAULT,
        (1 << 32) - 1: errno.FAULT,
    }.items():
        args = plain(name)
        args[2] = count
        assert guest.call(name, *args) == expected, count
        args[1] = PAGE - 8 * 1024 + 8
        if count >= 1024:
            assert guest.call(name, *args) == errno.FAULT


@pytest.mark.parametrize("name", sorted(n for n, _ in places("Iovecs") if n.startswith("sock")))
def test_numbers_of_iovecs_on_sockets(name: str) -> None:
    guest: NetCalls = NetGuest()
    fd, peer = guest.connection()
    peer.sendall(b"x")
    for count in (PAGE // 8 + 1, 1 << 31, (1 << 32) - 1):
        args = plain(name, file=fd)
        args[2] = count
        assert guest.call(name, *args) == errno.FAULT, count
    peer.close()
    guest.env.close()


# --- descriptors ---------------------------------------------------------------------------------

NO_RIGHT = {"fd_close", "fd_fdstat_get", "fd_fdstat_set_rights", "fd_renumber"}
"""Functions that every descriptor allows."""
ONLY_PREOPENS = {"fd_prestat_get", "fd_prestat_dir_name"}


def test_descriptors_that_are_not_open_are_badf(guest: Guest) -> None:
    for name, position in places("Fd"):
        if name.startswith("sock_"):  # test_wasi_sockets.py
            continue
        for bad in (CLOSED, 1000, (1 << 31) - 1, 1 << 31, (1 << 32) - 1):
            args = plain(name)
            guest.memory[AT : AT + 4] = b"file" if "Path" in layout(name) else bytes(4)
            args[position] = bad
            assert guest.call(name, *args) == errno.BADF, (name, position, bad)


def test_a_missing_right_is_notcapable(guest: Guest) -> None:
    for name, position in places("Fd"):
        if name.startswith("sock_") or name in NO_RIGHT | ONLY_PREOPENS:
            continue
        args = plain(name)
        guest.memory[AT : AT + 4] = b"file" if "Path" in layout(name) else bytes(4)
        args[position] = POOR_DIRECTORY if args[position] == DIRECTORY else POOR_FILE
        assert guest.call(name, *args) == errno.NOTCAPABLE, (name, position)
    for name in ONLY_PREOPENS:
        assert guest.call(name, *plain(name)) == errno.BADF


@pytest.mark.parametrize(
    ("name", "position", "value"),
    [
        ("path_open", 1, 2),
        ("path_open", 4, 0x10),
        ("path_open", 7, 0x20),
        ("path_filestat_get", 1, 2),
        ("path_filestat_set_times", 1, 2),
        ("path_filestat_set_times", 6, 0x10),
        ("path_link", 1, 2),
        ("fd_fdstat_set_flags", 1, 0x20),
        ("fd_filestat_set_times", 3, 0x10),
        ("fd_seek", 2, 3),
        ("fd_advise", 3, 6),
        ("clock_time_get", 0, 4),
        ("clock_res_get", 0, 4),
    ],
)
def test_unknown_flags_are_inval(guest: Guest, name: str, position: int, value: int) -> None:
    guest.memory[AT : AT + 4] = b"file"
    args = plain(name)
    args[position] = value
    assert guest.call(name, *args) == errno.INVAL
    args[position] = 0xFF if "U8" in layout(name)[position] else 0x7FFF
    assert guest.call(name, *args) == errno.INVAL


# --- names ---------------------------------------------------------------------------------------


MAKE = {
    ("path_create_directory", 1),
    ("path_link", 5),
    ("path_rename", 4),
    ("path_symlink", 0),
    ("path_symlink", 3),
}
"""Names that need not exist."""


@pytest.mark.parametrize(("name", "position"), places("Path"))
def test_names_of_1_and_of_100_000_bytes(tmp_path: Path, name: str, position: int) -> None:
    guest = fill(Guest(), tmp_path)
    guest.memory = memoryview(bytearray(bytes(guest.memory) + b"n" * 100_000))
    guest.memory[AT : AT + 4], guest.memory[AT + 8 : AT + 12] = b"file", b"dest"
    args = plain(name, OTHER)
    for i, word in enumerate(layout(name)):
        if word == "Path":
            args[i] = AT + 8 if (name, i) == ("path_symlink", 3) else AT
    args[position], args[position + 1] = PAGE, 100_000
    assert guest.call(name, *args) == errno.NAMETOOLONG
    assert sorted(os.listdir(tmp_path)) == ["dir", "file"]
    args[position + 1] = 1
    assert guest.call(name, *args) == (0 if (name, position) in MAKE else errno.NOENT)
    assert ("n" in os.listdir(tmp_path)) == ((name, position) in MAKE - {("path_symlink", 0)})
    guest.env.close()


# --- the host ------------------------------------------------------------------------------------


def test_a_full_disk_is_nospc(tmp_path: Path) -> None:
    for guest in (Guest(), Machine()):
        guest.env.preopen("/", "/dev")
        error, fd = guest.open("full")
        assert error == 0
        assert guest.write(fd, b"data")[0] == errno.NOSPC
        assert guest.call("fd_pwrite", fd, AT, 0, 0, AT) == 0
        guest.env.close()


def test_a_read_only_file_system_is_rofs() -> None:
    lines = Path("/proc/mounts").read_text().splitlines()
    mounts = [f[1] for f in map(str.split, lines) if "ro" in f[3].split(",") and f[2] != "proc"]
    for mount in filter(os.path.isdir, mounts):
        guest = Guest()
        guest.env.preopen("/", mount)
        assert guest.open("new", oflags=abi.O_CREAT)[0] == errno.ROFS
        assert guest.on_path("path_create_directory", "new") == errno.ROFS
        guest.env.close()
        return
    pytest.skip("no file system is mounted read-only")


def test_permission_denied_is_acces(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "closed").mkdir()
    guest = Guest()
    guest.env.preopen("/", tmp_path)
    for name in ("secret", "closed"):
        (tmp_path / name).chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        assert guest.open("secret")[0] == errno.ACCES
        assert guest.open("closed/x", oflags=abi.O_CREAT)[0] == errno.ACCES
        assert guest.stat("closed/x")[0] == errno.ACCES
        assert guest.on_path("path_unlink_file", "closed/x") == errno.ACCES
    finally:
        if root:
            os.seteuid(0)
        (tmp_path / "closed").chmod(0o700)
    guest.env.close()


def test_stdin_that_the_host_closed_is_badf() -> None:
    reader, writer = os.pipe()
    for guest in (Guest(), Machine()):
        copy = os.dup(reader)
        guest.env.set_stream(0, copy)
        os.close(copy)
        assert guest.read(0)[0] == errno.BADF
        guest.env.close()
    os.close(reader)
    os.close(writer)
    text = "from pywasmedge import WASI; print(sorted(WASI().env.table))"
    words = ["sh", "-c", 'exec "$0" -c "$1" <&-', sys.executable, text]
    root = Path(__file__).parents[2]
    assert subprocess.run(words, cwd=root, capture_output=True, check=True).stdout == b"[1, 2]\n"


def test_a_guest_closes_everything(guest: Guest) -> None:
    before = [os.fstat(fd) for fd in range(3)]
    for fd in range(8):
        assert guest.call("fd_close", fd) == (0 if fd < CLOSED else errno.BADF)
    assert guest.write(1, b"lost")[0] == guest.read(0)[0] == guest.open("file")[0] == errno.BADF
    assert [os.fstat(fd)[:4] for fd in range(3)] == [status[:4] for status in before]


def test_10_000_openings(guest: Guest) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(10_000):
        guest.free = 1024
        assert guest.open("file") == (0, CLOSED)
        assert guest.call("fd_close", CLOSED) == 0
    assert len(os.listdir("/proc/self/fd")) == before


def test_signals_do_not_end_a_sleep(guest: Guest) -> None:
    seen: list[int] = []
    old = signal.signal(signal.SIGALRM, lambda number, _: seen.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    subscription = bytes(16) + b"\1" + bytes(7) + (300_000_000).to_bytes(8, "little") + bytes(16)
    try:
        args = (guest.put(subscription), guest.put(bytes(32)), 1, guest.put(b"\0" * 4))
        assert guest.call("poll_oneoff", *args) == 0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert guest.u32(args[3]) == 1
    assert seen


def test_instances_share_a_directory(tmp_path: Path) -> None:
    """Appending, making and removing the same names at once: no line is lost or mixed."""
    lines, guests = 200, 4
    wrong: list[tuple[str, int]] = []

    def work(number: int) -> None:
        guest = Guest()
        guest.env.preopen("/", tmp_path)
        _, log = guest.open("log", oflags=abi.O_CREAT, flags=abi.APPEND)
        for _ in range(lines):
            guest.free = 1024
            if (written := guest.write(log, bytes([65 + number]) * 40 + b"\n")) != (0, 41):
                wrong.append(("write", written[0]))
            error, fd = guest.open("shared", oflags=abi.O_CREAT)
            if error == 0:
                guest.call("fd_close", fd)
            for call, allowed in {
                "path_unlink_file": (0, errno.NOENT),
                "path_create_directory": (0, errno.EXIST),
                "path_remove_directory": (0, errno.NOENT),
            }.items():
                name = "shared" if "file" in call else "folder"
                if (result := guest.on_path(call, name)) not in allowed:
                    wrong.append((call, result))
            if error not in (0, errno.NOENT):
                wrong.append(("path_open", error))
        guest.env.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(guests)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    found = sorted((tmp_path / "log").read_bytes().splitlines())
    assert found == sorted(bytes([65 + n]) * 40 for n in range(guests) for _ in range(lines))
