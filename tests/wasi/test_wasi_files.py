"""Functions on descriptors: files, streams, directories' listings."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from wasi_guest import Guest

from pywasmedge.base import waiting
from pywasmedge.wasi import abi, errno


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(b"0123456789")
    return tmp_path


@pytest.fixture
def guest(root: Path) -> Iterator[Guest]:
    guest = Guest()
    guest.env.preopen("/", root)
    yield guest
    guest.env.close()


def host_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


# --- reading and writing ---


def test_scattered_reads_and_gathered_writes(guest: Guest, root: Path) -> None:
    _, fd = guest.open("new", oflags=abi.O_CREAT)
    assert guest.write(fd, b"one ", b"", b"two ", b"three") == (0, 13)
    assert (root / "new").read_bytes() == b"one two three"
    out = guest.put(bytes(8))
    assert guest.call("fd_seek", fd, -5, 2, out) == 0
    assert guest.u64(out) == 8
    first, second = guest.room(2), guest.room(10)
    assert guest.call("fd_read", fd, *guest.iovecs(first, second), out) == 0
    assert guest.u32(out) == 5
    assert bytes(guest.memory[first[0] : first[0] + 2]) == b"th"
    assert bytes(guest.memory[second[0] : second[0] + 4]) == b"ree\xaa"
    assert guest.read(fd) == (0, b"")


def test_positioned_io_leaves_the_position(guest: Guest) -> None:
    _, fd = guest.open("file")
    out = guest.put(bytes(8))
    area, _ = guest.room(4)
    assert guest.call("fd_pread", fd, *guest.iovecs((area, 4)), 3, out) == 0
    assert bytes(guest.memory[area : area + 4]) == b"3456"
    assert guest.call("fd_pwrite", fd, *guest.iovecs(guest.text("XY")), 0, out) == 0
    assert guest.call("fd_tell", fd, out) == 0
    assert guest.u64(out) == 0
    assert guest.read(fd) == (0, b"XY23456789")


def test_offsets_the_host_cannot_represent_are_inval(guest: Guest) -> None:
    _, fd = guest.open("file")
    out = guest.put(bytes(8))
    iovs = guest.iovecs(guest.room(4))
    for offset in (1 << 63, (1 << 64) - 1):
        assert guest.call("fd_pread", fd, *iovs, offset, out) == errno.INVAL
        assert guest.call("fd_pwrite", fd, *iovs, offset, out) == errno.INVAL
        assert guest.call("fd_filestat_set_size", fd, offset) == errno.INVAL
        assert guest.call("fd_allocate", fd, offset, 1) == errno.INVAL
    assert guest.call("fd_seek", fd, -1, 0, out) == errno.INVAL
    assert guest.call("fd_seek", fd, 0, 3, out) == errno.INVAL


def test_iovec_arrays(guest: Guest) -> None:
    _, fd = guest.open("file")
    out = guest.put(bytes(4))
    array, _ = guest.iovecs(*[(0, 0)] * 1024)
    assert guest.call("fd_write", fd, array, 0, out) == 0
    assert guest.call("fd_write", fd, array, 1024, out) == 0
    assert guest.call("fd_write", fd, array, 1 << 31, out) == errno.FAULT
    for outside in ((65536, 1), (65535, 2), (0xFFFFFFFF, 0xFFFFFFFF), (0, 65537)):
        assert guest.call("fd_write", fd, *guest.iovecs((0, 1), outside), out) == errno.FAULT
    assert guest.call("fd_write", fd, *guest.iovecs((65536, 0)), out) == 0


def test_buffers_may_overlap_with_everything(guest: Guest) -> None:
    _, fd = guest.open("file")
    array, _ = guest.iovecs((0, 0), (0, 0))
    struct.pack_into("<IIII", guest.memory, array, array, 8, array, 16)
    assert guest.call("fd_read", fd, array, 2, array) == 0
    assert guest.u32(array) == 10


# --- rights ---


def test_rights_shrink_only(guest: Guest) -> None:
    _, fd = guest.open("file", rights=abi.FD_READ | abi.FD_SEEK)
    assert guest.call("fd_fdstat_set_rights", fd, abi.FD_READ, 0) == 0
    assert guest.call("fd_fdstat_set_rights", fd, abi.FD_READ | abi.FD_SEEK, 0) == errno.NOTCAPABLE
    assert guest.call("fd_fdstat_set_rights", fd, abi.FD_READ, abi.FD_READ) == errno.NOTCAPABLE
    assert guest.call("fd_fdstat_set_rights", fd, 1 << 36, 0) == errno.INVAL
    out, _ = guest.room(24)
    assert guest.call("fd_fdstat_get", fd, out) == 0
    assert abi.LAYOUTS["Fdstat"].unpack_from(guest.memory, out) == (4, 0, abi.FD_READ, 0)


# --- flags, size, times, space ---


def test_append_and_nonblock_can_change(guest: Guest, root: Path) -> None:
    _, fd = guest.open("file", flags=abi.APPEND)
    out, _ = guest.room(24)
    assert guest.write(fd, b"end")[0] == 0
    assert (root / "file").read_bytes() == b"0123456789end"
    assert guest.call("fd_fdstat_set_flags", fd, abi.NONBLOCK) == 0
    assert guest.call("fd_fdstat_get", fd, out) == 0
    assert abi.LAYOUTS["Fdstat"].unpack_from(guest.memory, out)[1] == abi.NONBLOCK
    guest.call("fd_seek", fd, 0, 0, out)
    assert guest.write(fd, b"ab")[0] == 0
    assert (root / "file").read_bytes() == b"ab23456789end"
    assert guest.call("fd_fdstat_set_flags", fd, 32) == errno.INVAL


def test_sync_flags_are_reported(guest: Guest) -> None:
    out, _ = guest.room(24)
    for flags, expected in ((abi.DSYNC, abi.DSYNC), (abi.SYNC, abi.SYNC | abi.RSYNC | abi.DSYNC)):
        _, fd = guest.open("file", flags=flags)
        assert guest.call("fd_fdstat_get", fd, out) == 0
        assert abi.LAYOUTS["Fdstat"].unpack_from(guest.memory, out)[1] == expected


def test_size_and_allocation(guest: Guest, root: Path) -> None:
    _, fd = guest.open("file")
    assert guest.call("fd_filestat_set_size", fd, 4) == 0
    assert guest.call("fd_allocate", fd, 2, 6) == 0
    assert (root / "file").read_bytes() == b"0123" + bytes(4)
    assert guest.call("fd_allocate", fd, 0, 1) == 0
    assert (root / "file").stat().st_size == 8
    assert guest.call("fd_allocate", fd, 0, 0) == errno.INVAL
    assert guest.call("fd_advise", fd, 0, 8, 3) == 0
    assert guest.call("fd_advise", fd, 0, 8, 6) == errno.INVAL
    assert guest.call("fd_sync", fd) == guest.call("fd_datasync", fd) == 0


def test_times(guest: Guest, root: Path) -> None:
    _, fd = guest.open("file")
    before = (root / "file").stat()
    assert guest.call("fd_filestat_set_times", fd, 5_000_000_007, 0, abi.ATIM) == 0
    after = (root / "file").stat()
    assert (after.st_atime_ns, after.st_mtime_ns) == (5_000_000_007, before.st_mtime_ns)
    assert guest.call("fd_filestat_set_times", fd, 0, 9_000_000_001, abi.MTIM) == 0
    assert guest.fstat(fd)[1][5:7] == (5_000_000_007, 9_000_000_001)
    assert guest.call("fd_filestat_set_times", fd, 0, 0, abi.ATIM_NOW | abi.MTIM_NOW) == 0
    assert (root / "file").stat().st_mtime_ns >= before.st_mtime_ns
    both = guest.call("fd_filestat_set_times", fd, 0, 0, abi.ATIM | abi.ATIM_NOW)
    assert both == errno.INVAL
    assert guest.call("fd_filestat_set_times", fd, 0, 0, 16) == errno.INVAL
    path = guest.text("file")
    assert guest.call("path_filestat_set_times", 3, 0, *path, 1, 2, abi.ATIM | abi.MTIM) == 0
    assert (root / "file").stat().st_mtime_ns == 2


def test_times_of_a_link_are_its_own(guest: Guest, root: Path) -> None:
    (root / "link").symlink_to("file")
    path = guest.text("link")
    assert guest.call("path_filestat_set_times", 3, 0, *path, 0, 7_000_000_000, abi.MTIM) == 0
    assert (root / "link").lstat().st_mtime_ns == 7_000_000_000
    assert (root / "file").stat().st_mtime_ns > 7_000_000_000
    assert guest.call("path_filestat_set_times", 3, 1, *path, 0, 8_000_000_000, abi.MTIM) == 0
    assert (root / "file").stat().st_mtime_ns == 8_000_000_000


def test_status_is_that_of_the_host(guest: Guest, root: Path) -> None:
    host = (root / "file").stat()
    _, fd = guest.open("file")
    for error, status in (guest.fstat(fd), guest.stat("file")):
        assert error == 0
        assert status[:5] == (host.st_dev, host.st_ino, abi.REGULAR_FILE, 1, 10)
    assert guest.stat(".")[1][2] == abi.DIRECTORY


# --- the table ---


def test_numbers_are_the_lowest_free(guest: Guest) -> None:
    fds = [guest.open("file")[1] for _ in range(4)]
    assert fds == [0, 1, 2, 4]
    assert guest.call("fd_close", 1) == 0
    assert guest.call("fd_close", 1) == errno.BADF
    assert guest.call("fd_close", 4) == 0
    assert [guest.open("file")[1] for _ in range(3)] == [1, 4, 5]


def test_renumber(guest: Guest) -> None:
    _, a = guest.open("file")
    _, b = guest.open("file", rights=abi.FD_READ)
    opened = host_descriptors()
    assert guest.call("fd_renumber", a, b) == 0
    assert host_descriptors() == opened - 1
    assert guest.write(b, b"x")[0] == 0  # the rights moved along
    assert guest.read(a)[0] == errno.BADF
    assert guest.call("fd_renumber", a, b) == errno.BADF
    assert guest.call("fd_renumber", b, a) == errno.BADF
    assert guest.call("fd_renumber", b, b) == 0
    assert guest.write(b, b"y")[0] == 0
    assert guest.open("file")[1] == a


def test_preopens_close_like_anything_else(guest: Guest) -> None:
    assert guest.call("fd_close", 3) == 0
    assert guest.open("file")[0] == errno.BADF
    assert guest.call("fd_prestat_get", 3, 0) == errno.BADF


def test_nothing_stays_open(root: Path) -> None:
    before = host_descriptors()
    guest = Guest()
    guest.env.preopen("/", root)
    for _ in range(200):
        guest.free = 1024
        _, fd = guest.open("file")
        assert guest.open("missing/x")[0] == errno.NOENT
        assert guest.call("fd_close", fd) == 0
    guest.free = 1024
    guest.open("file")
    guest.env.close()
    assert host_descriptors() == before


def test_running_out_of_descriptors_is_an_errno(guest: Guest) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (host_descriptors() + 10, hard))
    try:
        errors = [guest.open("file")[0] for _ in range(20)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert errors[0] == 0
    assert errors[-1] == errno.MFILE
    assert guest.open("file")[0] == 0


# --- preopens ---


@pytest.mark.parametrize(
    "name", ["/", ".", "/data", "data", "//a//b/../c/", "..", "./x", "\udcff", ""]
)
def test_names_of_preopens_are_the_hosts(root: Path, name: str) -> None:
    """Libraries match them in their own ways, some of them as they are."""
    guest = Guest()
    assert guest.env.preopen(name, root) == 3
    seen = os.fsencode(name)
    out, _ = guest.room(8)
    assert guest.call("fd_prestat_get", 3, out) == 0
    assert bytes(guest.memory[out : out + 8]) == struct.pack("<II", 0, len(seen))
    area, _ = guest.room(20)
    if seen:
        assert guest.call("fd_prestat_dir_name", 3, area, len(seen) - 1) == errno.NAMETOOLONG
    assert guest.call("fd_prestat_dir_name", 3, area, 20) == 0
    assert bytes(guest.memory[area : area + len(seen) + 1]) == seen + b"\xaa"
    guest.env.close()


def test_what_is_no_preopen_is_told_apart(guest: Guest) -> None:
    _, fd = guest.open("file")
    guest.env.set_stream(1, print)
    guest.env.set_network(True)
    socket = guest.put(bytes(4))
    assert guest.call("sock_open", abi.INET4, abi.STREAM, socket) == 0
    for other in (fd, 1, guest.u32(socket), 99):
        assert guest.call("fd_prestat_get", other, 0) == errno.BADF
        assert guest.call("fd_prestat_dir_name", other, 0, 10) == errno.BADF


def test_a_readonly_preopen_changes_nothing(root: Path) -> None:
    guest = Guest()
    (root / "dir").mkdir()
    assert guest.env.preopen("/", root, readonly=True) == 3
    assert guest.open("file", rights=abi.FD_READ)[0] == 0
    assert guest.open("file", rights=abi.FD_WRITE)[0] == errno.NOTCAPABLE
    assert guest.open("new", rights=0, oflags=abi.O_CREAT)[0] == errno.NOTCAPABLE
    assert guest.open("file", rights=0, oflags=abi.O_TRUNC)[0] == errno.NOTCAPABLE
    for name in ("path_create_directory", "path_remove_directory", "path_unlink_file"):
        assert guest.on_path(name, "dir") == errno.NOTCAPABLE
    names = guest.text("file"), guest.text("other")
    assert guest.call("path_rename", 3, *names[0], 3, *names[1]) == errno.NOTCAPABLE
    assert guest.call("path_link", 3, 0, *names[0], 3, *names[1]) == errno.NOTCAPABLE
    assert guest.call("path_symlink", *names[0], 3, *names[1]) == errno.NOTCAPABLE
    times = guest.call("path_filestat_set_times", 3, 0, *names[0], 0, 0, abi.MTIM)
    assert times == errno.NOTCAPABLE
    readable = abi.DIRECTORY_RIGHTS & ~abi.MODIFYING_RIGHTS
    assert guest.open("dir", rights=readable, oflags=abi.O_DIRECTORY)[0] == 0
    assert sorted(os.listdir(root)) == ["dir", "file"]
    guest.env.close()


def test_a_preopen_must_be_a_directory(root: Path) -> None:
    guest = Guest()
    with pytest.raises(NotADirectoryError):
        guest.env.preopen("/", root / "file")
    with pytest.raises(FileNotFoundError):
        guest.env.preopen("/", root / "missing")


# --- reading directories ---


def entries(data: bytes) -> list[tuple[int, int, int, bytes]]:
    """The complete entries: next cookie, inode, type, name."""
    found, at = [], 0
    while at + 24 <= len(data):
        cookie, inode, length, type_ = abi.DIRENT.unpack_from(data, at)
        name = data[at + 24 : at + 24 + length]
        if len(name) < length:
            break
        found.append((cookie, inode, type_, name))
        at += 24 + length
    return found


def test_listing(guest: Guest, root: Path) -> None:
    (root / "dir").mkdir()
    (root / "link").symlink_to("nowhere")
    os.mkfifo(root / "pipe")
    error, data = guest.readdir(3)
    assert error == 0
    found = {name: (inode, type_) for _, inode, type_, name in entries(data)}
    assert set(found) == {b".", b"..", b"file", b"dir", b"link", b"pipe"}
    kinds = {name: type_ for name, (_, type_) in found.items()}
    assert kinds[b"file"] == abi.REGULAR_FILE
    assert kinds[b"dir"] == kinds[b"."] == kinds[b".."] == abi.DIRECTORY
    assert kinds[b"link"] == abi.SYMBOLIC_LINK
    assert kinds[b"pipe"] == abi.UNKNOWN
    for name in (b".", b"file", b"dir", b"link"):
        assert found[name][0] == guest.stat(name)[1][1]


@pytest.mark.parametrize("size", [24, 25, 40, 100, 1000])
def test_small_buffers_and_cookies_give_the_whole_listing(
    guest: Guest, root: Path, size: int
) -> None:
    names = {f"{i:0{1 + i}d}".encode() for i in range(15)}
    for name in names:
        (root / os.fsdecode(name)).touch()
    seen: list[bytes] = []
    cookie = 0
    while True:
        guest.free = 1024
        error, data = guest.readdir(3, size, cookie)
        assert error == 0
        found = entries(data)
        seen += [name for *_, name in found]
        if len(data) < size:
            break
        if found:
            cookie = found[-1][0]
        else:  # the buffer cannot hold the next entry: its header tells how much it takes
            assert len(data) == size
            size = max(size, 24 + abi.DIRENT.unpack_from(data)[2])
    assert sorted(seen) == sorted(names | {b".", b"..", b"file"})


def test_cookie_zero_reads_anew(guest: Guest, root: Path) -> None:
    guest.readdir(3)
    (root / "later").touch()
    assert b"later" in {name for *_, name in entries(guest.readdir(3)[1])}


def test_odd_cookies_and_buffers(guest: Guest) -> None:
    for cookie in (4, 1000, 1 << 63, (1 << 64) - 1):
        assert guest.readdir(3, 100, cookie) == (0, b"")
    assert guest.readdir(3, 0) == (0, b"")
    _, fd = guest.open("file", rights=abi.FD_READDIR)
    assert guest.readdir(fd)[0] == errno.NOTDIR


def test_directories_are_no_files(guest: Guest, root: Path) -> None:
    (root / "dir").mkdir()
    _, fd = guest.open("dir", rights=abi.FD_READ | abi.FD_SEEK | abi.FD_TELL)
    out = guest.put(bytes(8))
    assert guest.read(fd)[0] == errno.ISDIR
    assert guest.call("fd_seek", fd, 0, 0, out) == errno.NOTCAPABLE
    assert guest.call("fd_tell", fd, out) == errno.NOTCAPABLE
    assert guest.write(fd, b"x")[0] == errno.NOTCAPABLE


# --- standard streams ---


def test_an_environment_starts_without_streams() -> None:
    assert Guest().write(1, b"x")[0] == errno.BADF


def test_streams_on_pipes() -> None:
    guest = Guest()
    reader, writer = os.pipe()
    guest.env.set_stream(1, writer)
    guest.env.set_stream(0, reader)
    assert guest.write(1, b"through", b" the pipe") == (0, 16)
    assert guest.read(0) == (0, b"through the pipe")
    out = guest.put(bytes(24))
    assert guest.call("fd_fdstat_get", 1, out) == 0
    type_, _, rights, inheriting = abi.LAYOUTS["Fdstat"].unpack_from(guest.memory, out)
    assert (type_, inheriting) == (abi.UNKNOWN, 0)
    assert not rights & (abi.FD_SEEK | abi.FD_TELL | abi.FD_READ)
    assert guest.call("fd_close", 1) == 0
    os.write(writer, b"still open on the host")
    os.close(writer)
    os.close(reader)


def test_writing_to_a_pipe_nobody_reads_is_pipe() -> None:
    guest = Guest()
    reader, writer = os.pipe()
    os.close(reader)
    guest.env.set_stream(1, writer)
    assert guest.write(1, b"x")[0] == errno.PIPE
    os.close(writer)


def test_nonblocking_streams_leave_the_host_alone() -> None:
    guest = Guest()
    reader, writer = os.pipe()
    guest.env.set_stream(0, reader)
    guest.env.set_stream(1, writer)
    for fd in (0, 1):
        assert guest.call("fd_fdstat_set_flags", fd, abi.NONBLOCK) == 0
    assert guest.read(0)[0] == errno.AGAIN
    assert os.get_blocking(reader)
    guest.free = 1024
    piece = b"x" * 30000
    total = 0
    while True:
        guest.free = 1024
        error, written = guest.write(1, piece)
        if error:
            break
        total += written
    assert error == errno.AGAIN
    assert total > 4096
    os.close(reader)
    os.close(writer)


def test_big_writes_reach_a_slow_reader_whole() -> None:
    import threading

    guest = Guest()
    watched = waiting.begin()
    reader, writer = os.pipe()
    guest.env.set_stream(1, writer)
    got = bytearray()

    def drain() -> None:
        while piece := os.read(reader, 1000):
            got.extend(piece)

    thread = threading.Thread(target=drain)
    thread.start()
    data = os.urandom(30000)
    for _ in range(10):
        guest.free = 1024
        assert guest.write(1, data) == (0, 30000)
    os.close(writer)
    thread.join()
    os.close(reader)
    assert bytes(got) == data * 10
    waiting.end(watched)


def test_python_objects_as_streams() -> None:
    guest = Guest()
    sink, pieces = io.BytesIO(), []
    guest.env.set_stream(0, b"some input")
    guest.env.set_stream(1, sink)
    guest.env.set_stream(2, pieces.append)
    assert guest.read(0, 4) == (0, b"some")
    assert guest.read(0) == (0, b" input")
    assert guest.read(0) == (0, b"")
    assert guest.write(1, b"a", b"b") == (0, 2)
    assert guest.write(2, b"c") == (0, 1)
    assert sink.getvalue() == b"ab"
    assert pieces == [b"c"]
    text = io.TextIOWrapper(io.BytesIO())
    guest.env.set_stream(1, text)
    assert guest.write(1, "ä".encode())[0] == 0
    assert text.buffer.getvalue() == "ä".encode()
    with pytest.raises(TypeError):
        guest.env.set_stream(1, object())
    with pytest.raises(OSError):
        guest.env.set_stream(1, 9999)
