"""Functions on paths, and that no path leads out of its directory."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from wasi_guest import Guest, without_open_beneath

from pywasmedge.wasi import abi, errno

OUT = (errno.NOTCAPABLE, errno.PERM)


@pytest.fixture(autouse=True, params=["host", "walk"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test with and without hosts that resolve paths beneath a directory."""
    if request.param == "walk":
        without_open_beneath(monkeypatch)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """root/{file, dir/{inner, sub/}} and, beside it, secret/file."""
    root = tmp_path / "root"
    (root / "dir" / "sub").mkdir(parents=True)
    (root / "file").write_text("content")
    (root / "dir" / "inner").write_text("inner")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "file").write_text("secret")
    return root


@pytest.fixture
def guest(root: Path) -> Iterator[Guest]:
    guest = Guest()
    guest.env.preopen("/", root)
    yield guest
    guest.env.close()


# --- the sandbox ---


ESCAPES = [
    "..",
    "../secret/file",
    "dir/../../secret/file",
    "dir/sub/../../../secret/file",
    "./../secret/file",
    "dir/../..",
    "/etc/passwd",
    "/",
    "//",
    "out/file",
    "out",
    "absolute",
    "absolute/file",
    "chain",
    "dir/up/secret/file",
    "dir/up",
]


@pytest.fixture
def links(root: Path) -> None:
    (root / "out").symlink_to("../secret")
    (root / "absolute").symlink_to(root.parent / "secret")
    (root / "chain").symlink_to("dir/chain")
    (root / "dir" / "chain").symlink_to("../dir/sub/chain")
    (root / "dir" / "sub" / "chain").symlink_to("../../../secret/file")
    (root / "dir" / "up").symlink_to("../..")


@pytest.mark.usefixtures("links")
@pytest.mark.parametrize("path", ESCAPES)
def test_no_lookup_leaves(guest: Guest, path: str) -> None:
    assert guest.open(path)[0] in OUT
    assert guest.open(path, rights=0, oflags=abi.O_CREAT)[0] in OUT
    assert guest.open_directory(path)[0] in OUT
    assert guest.stat(path, follow=True)[0] in OUT
    assert guest.stat(path + "/x")[0] in OUT
    times = guest.call("path_filestat_set_times", 3, 1, *guest.text(path), 0, 0, abi.MTIM)
    assert times in OUT


@pytest.mark.usefixtures("links")
@pytest.mark.parametrize("path", ["..", "../new", "/new", "out/new", "dir/up/new", "absolute/new"])
def test_no_change_leaves(guest: Guest, root: Path, path: str) -> None:
    def tree() -> list[str]:
        return sorted(str(p) for p in root.parent.rglob("*"))

    before = tree()
    for name in ("path_create_directory", "path_remove_directory", "path_unlink_file"):
        assert guest.on_path(name, path) in OUT
    here, there = guest.text("file"), guest.text(path)
    assert guest.call("path_rename", 3, *here, 3, *there) in OUT
    assert guest.call("path_rename", 3, *there, 3, *here) in OUT
    assert guest.call("path_link", 3, 0, *here, 3, *there) in OUT
    assert guest.call("path_link", 3, 0, *there, 3, *here) in OUT
    assert guest.call("path_symlink", *here, 3, *there) in OUT
    assert guest.call("path_readlink", 3, *there, *guest.room(10), guest.put(bytes(4))) in OUT
    assert tree() == before


def test_an_opened_directory_is_a_root_of_its_own(guest: Guest) -> None:
    _, fd = guest.open_directory("dir")
    assert guest.open("inner", at=fd)[0] == 0
    assert guest.open("../file", at=fd)[0] in OUT
    assert guest.open("sub/../inner", at=fd)[0] == 0


def test_a_link_that_stays_inside_works(guest: Guest, root: Path) -> None:
    (root / "dir" / "sub" / "back").symlink_to("../../dir/./inner")
    (root / "through").symlink_to("dir/sub")
    _, fd = guest.open("through/back")
    assert guest.read(fd) == (0, b"inner")


def test_magic_links_are_text(root: Path) -> None:
    guest = Guest()
    guest.env.preopen("/", "/proc/self")
    assert guest.open("root/etc/passwd")[0] in OUT
    assert guest.open("cwd/x")[0] in OUT
    guest.env.close()


def test_loops_end(guest: Guest, root: Path) -> None:
    (root / "loop").symlink_to("loop")
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a/x")
    for path in ("loop", "loop/x", "a", "b/y"):
        assert guest.open(path)[0] == errno.LOOP
    assert guest.open("loop", follow=False)[0] == errno.LOOP
    assert guest.stat("loop")[1][2] == abi.SYMBOLIC_LINK


def test_swapping_directory_and_link_while_opening(guest: Guest, root: Path) -> None:
    """A racing host thread makes ``swap`` a directory and a link to the outside in turn."""
    inside, outside, swap = root / "inside", root / "outside", root / "swap"
    inside.mkdir()
    (inside / "file").write_text("mine")
    outside.symlink_to("../secret")
    swap.symlink_to("nowhere")
    done = threading.Event()

    def race() -> None:
        while not done.is_set():
            os.rename(inside, swap) if not swap.exists() or swap.is_symlink() else None
            os.rename(swap, inside)
            os.rename(outside, swap)
            os.rename(swap, outside)

    swap.unlink()
    thread = threading.Thread(target=race)
    thread.start()
    seen = set()
    try:
        for _ in range(1500):
            guest.free = 1024
            error, fd = guest.open("swap/file", rights=abi.FD_READ)
            if error:
                seen.add(error)
            else:
                assert guest.read(fd) == (0, b"mine")
                guest.call("fd_close", fd)
    finally:
        done.set()
        thread.join()
    assert seen <= {errno.NOENT, errno.NOTDIR, errno.LOOP, *OUT}


# --- what a path is ---


def test_odd_paths(guest: Guest) -> None:
    assert guest.open("")[0] == errno.NOENT
    assert guest.open("file\0")[0] == errno.INVAL
    assert guest.open(b"fi\0le")[0] == errno.INVAL
    assert guest.open("x" * 256)[0] == errno.NAMETOOLONG
    assert guest.open("dir/" * 1025 + "x")[0] == errno.NAMETOOLONG
    assert guest.open("dir/" * 1000 + "x")[0] == errno.NOENT
    guest.memory = memoryview(bytearray(1 << 20))
    assert guest.open("x" * 100_000)[0] == errno.NAMETOOLONG
    long = guest.text("x" * 100_000)
    assert guest.call("path_symlink", *long, 3, *guest.text("link")) == errno.NAMETOOLONG
    assert guest.open("./dir//./sub/../inner")[0] == 0
    assert guest.open("file/../file")[0] == errno.NOTDIR
    assert guest.open("file/.")[0] == errno.NOTDIR
    assert guest.open("missing/../file")[0] == errno.NOENT
    _, fd = guest.open("file")
    assert guest.open("x", at=fd)[0] == errno.NOTDIR
    assert guest.open("x", at=77)[0] == errno.BADF
    assert guest.open("/x", at=77)[0] == errno.BADF
    assert guest.open("", at=77)[0] == errno.BADF


def test_any_bytes_are_a_name(guest: Guest, root: Path) -> None:
    name = b"\xff\xfe \n\\"
    assert guest.open(name, oflags=abi.O_CREAT)[0] == 0
    assert name in os.listdir(os.fsencode(root))


@pytest.mark.parametrize(("path", "is_dir"), [("dir", True), ("file", False)])
def test_trailing_slashes_mean_a_directory(guest: Guest, path: str, is_dir: bool) -> None:
    for slashes in ("/", "///"):
        expected = 0 if is_dir else errno.NOTDIR
        assert guest.open(path + slashes, rights=abi.FD_READ)[0] == expected
        assert guest.stat(path + slashes)[0] == expected
        old, new = guest.text(path + slashes), guest.text("link")
        linked = guest.call("path_link", 3, 0, *old, 3, *new)
        assert linked == (errno.PERM if is_dir else errno.NOTDIR)
        read = guest.call("path_readlink", 3, *old, *guest.room(8), guest.put(bytes(4)))
        assert read == (errno.INVAL if is_dir else errno.NOTDIR)
    assert guest.open("new/", oflags=abi.O_CREAT)[0] == errno.ISDIR


# --- opening ---


def test_creating(guest: Guest, root: Path) -> None:
    assert guest.open("new")[0] == errno.NOENT
    assert guest.open("new", oflags=abi.O_CREAT | abi.O_EXCL, rights=0)[0] == 0
    assert (root / "new").stat().st_mode & 0o777 == 0o644 & ~_umask()
    assert guest.open("new", oflags=abi.O_CREAT | abi.O_EXCL)[0] == errno.EXIST
    assert guest.open("new", oflags=abi.O_CREAT)[0] == 0
    assert guest.open("dir", oflags=abi.O_CREAT)[0] == errno.ISDIR
    assert guest.open("x", oflags=abi.O_CREAT | abi.O_DIRECTORY)[0] == errno.INVAL
    assert guest.open("x", oflags=16)[0] == errno.INVAL
    assert guest.open("x", flags=32)[0] == errno.INVAL
    assert guest.open("x", rights=1 << 36)[0] == errno.INVAL


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_truncating(guest: Guest, root: Path) -> None:
    assert guest.open("file", oflags=abi.O_TRUNC, rights=0)[0] == 0
    assert (root / "file").stat().st_size == 0


def test_opening_directories(guest: Guest) -> None:
    assert guest.open_directory(".")[0] == 0
    assert guest.open_directory("dir")[0] == 0
    assert guest.open("file", oflags=abi.O_DIRECTORY)[0] == errno.NOTDIR
    assert guest.open("dir", oflags=abi.O_DIRECTORY, rights=abi.FD_READ)[0] == 0
    both = abi.FD_READ | abi.FD_WRITE
    assert guest.open("dir", oflags=abi.O_DIRECTORY, rights=both)[0] == errno.ISDIR


def test_links_as_the_last_component(guest: Guest, root: Path) -> None:
    (root / "link").symlink_to("file")
    (root / "dangling").symlink_to("nothing")
    assert guest.open("link", follow=False)[0] == errno.LOOP
    assert guest.open("dangling")[0] == errno.NOENT
    assert guest.open("dangling", follow=False, oflags=abi.O_CREAT)[0] == errno.LOOP
    exclusive = abi.O_CREAT | abi.O_EXCL
    assert guest.open("dangling", oflags=exclusive)[0] == errno.EXIST
    assert guest.open("dangling", oflags=abi.O_CREAT)[0] == 0
    assert (root / "nothing").exists()
    assert guest.stat("link")[1][2] == abi.SYMBOLIC_LINK
    assert guest.stat("link", follow=True)[1][2] == abi.REGULAR_FILE


def test_rights_come_from_above(guest: Guest) -> None:
    narrow = abi.DIRECTORY_RIGHTS
    _, fd = guest.open("dir", rights=narrow, inheriting=abi.FD_READ, oflags=abi.O_DIRECTORY)
    assert guest.open("inner", at=fd, rights=abi.FD_READ)[0] == 0
    assert guest.open("inner", at=fd, rights=abi.FD_WRITE)[0] == errno.NOTCAPABLE
    assert guest.open("inner", at=fd, rights=abi.FD_READ, flags=abi.SYNC)[0] == errno.NOTCAPABLE
    _, none = guest.open("dir", rights=0, inheriting=0, oflags=abi.O_DIRECTORY)
    assert guest.open("inner", at=none, rights=0)[0] == errno.NOTCAPABLE
    assert guest.on_path("path_unlink_file", "inner", at=none) == errno.NOTCAPABLE


# --- creating, removing, renaming ---


def test_directories_come_and_go(guest: Guest, root: Path) -> None:
    assert guest.on_path("path_create_directory", "new") == 0
    assert guest.on_path("path_create_directory", "new") == errno.EXIST
    assert guest.on_path("path_create_directory", "new/deep/") == 0
    assert guest.on_path("path_create_directory", "missing/x") == errno.NOENT
    assert guest.on_path("path_remove_directory", "new") == errno.NOTEMPTY
    assert guest.on_path("path_remove_directory", "new/deep/") == 0
    assert guest.on_path("path_remove_directory", "new") == 0
    assert not (root / "new").exists()
    assert guest.on_path("path_remove_directory", "file") == errno.NOTDIR
    assert guest.on_path("path_remove_directory", "file/") == errno.NOTDIR
    assert guest.on_path("path_remove_directory", "missing") == errno.NOENT


def test_unlinking(guest: Guest, root: Path) -> None:
    (root / "link").symlink_to("dir/inner")
    assert guest.on_path("path_unlink_file", "link") == 0
    assert (root / "dir" / "inner").exists()
    assert guest.on_path("path_unlink_file", "file/") == errno.NOTDIR
    assert guest.on_path("path_unlink_file", "file") == 0
    assert guest.on_path("path_unlink_file", "file") == errno.NOENT
    assert guest.on_path("path_unlink_file", "dir") == errno.ISDIR


def rename(guest: Guest, old: str, new: str) -> int:
    return guest.call("path_rename", 3, *guest.text(old), 3, *guest.text(new))


def test_renaming(guest: Guest, root: Path) -> None:
    assert rename(guest, "file", "dir/moved") == 0
    assert (root / "dir" / "moved").read_text() == "content"
    assert rename(guest, "dir/moved", "dir/inner") == 0
    assert (root / "dir" / "inner").read_text() == "content"
    assert rename(guest, "missing", "x") == errno.NOENT
    assert rename(guest, "dir/inner", "dir/sub") == errno.ISDIR
    assert rename(guest, "dir/sub", "dir/inner") == errno.NOTDIR
    assert rename(guest, "dir/sub/", "empty/") == 0
    assert rename(guest, "empty", "dir") == errno.NOTEMPTY
    assert rename(guest, "dir", "dir/inside") == errno.INVAL


def test_hard_links(guest: Guest, root: Path) -> None:
    def link(old: str, new: str, flags: int = 0) -> int:
        return guest.call("path_link", 3, flags, *guest.text(old), 3, *guest.text(new))

    assert link("file", "dir/second") == 0
    assert (root / "dir" / "second").samefile(root / "file")
    assert link("file", "dir/second") == errno.EXIST
    assert link("dir", "x") in (errno.PERM, errno.ACCES)
    assert link("file", "x/") == errno.NOENT
    assert link("file", "x", 1) == errno.INVAL
    (root / "dangling").symlink_to("nothing")
    assert link("dangling", "copy") == 0
    assert (root / "copy").readlink() == Path("nothing")


def test_symbolic_links(guest: Guest, root: Path) -> None:
    def symlink(target: str, new: str) -> int:
        return guest.call("path_symlink", *guest.text(target), 3, *guest.text(new))

    assert symlink("dir/inner", "link") == 0
    assert symlink("other", "link") == errno.EXIST
    assert symlink("other", "new/") == errno.NOENT
    assert symlink("/etc/passwd", "bad") == errno.PERM
    assert symlink("a\0b", "bad") == errno.INVAL
    out = guest.put(bytes(4))
    area, size = guest.room(20)
    assert guest.call("path_readlink", 3, *guest.text("link"), area, size, out) == 0
    assert bytes(guest.memory[area : area + 10]) == b"dir/inner\xaa"
    assert guest.u32(out) == 9
    area, size = guest.room(20)
    assert guest.call("path_readlink", 3, *guest.text("link"), area, 3, out) == 0
    assert bytes(guest.memory[area : area + 4]) == b"dir\xaa"
    assert guest.u32(out) == 3
    assert guest.call("path_readlink", 3, *guest.text("file"), area, 3, out) == errno.INVAL
