"""The cache directory: where it is, when it is not used, how much it holds, known files."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest
from test_cache_files import NAME, ORIGIN, as_root, code, content, kept

from pywasmedge.cache import digests, limit
from pywasmedge.cache.directory import LOCK, MODULES, SUFFIX, VARIABLE, Directory, directory, locate
from pywasmedge.cache.entry import Entry, open_entry, save


@pytest.fixture
def place(tmp_path: Path) -> Directory:
    found = directory(str(tmp_path / "cache"))
    assert found is not None
    return found


# ---- The directory -------------------------------------------------------------------------------


def test_it_and_its_files_are_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        place = directory(str(tmp_path / "a" / "b"))
        assert place is not None
        save(place, NAME, ORIGIN, [(code(1), 0)])
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(tmp_path / "a").st_mode) == 0o700
    assert stat.S_IMODE(os.stat(place.path).st_mode) == 0o700
    for name in os.listdir(place.path):
        assert stat.S_IMODE(os.stat(os.path.join(place.path, name)).st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_directory_that_others_can_write_is_not_used(tmp_path: Path, mode: int) -> None:
    os.mkdir(tmp_path / "cache")
    os.chmod(tmp_path / "cache", mode)
    assert directory(str(tmp_path / "cache")) is None
    os.chmod(tmp_path / "cache", 0o755)
    assert directory(str(tmp_path / "cache")) is not None


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    os.mkdir(tmp_path / "real")
    os.symlink(tmp_path / "real", tmp_path / "cache")
    assert directory(str(tmp_path / "cache")) is None


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("x")
    assert directory(str(tmp_path / "cache")) is None
    assert directory(str(tmp_path / "cache" / "below")) is None


@as_root
def test_a_directory_of_another_user_is_not_used(tmp_path: Path) -> None:
    os.mkdir(tmp_path / "cache", 0o700)
    os.chown(tmp_path / "cache", 12345, 12345)
    assert directory(str(tmp_path / "cache")) is None
    assert directory(str(tmp_path / "cache" / "below")) is None
    assert os.listdir(tmp_path / "cache") == []


@as_root
def test_a_file_of_another_user_is_replaced(place: Directory) -> None:
    save(place, NAME, ORIGIN, [(code(1), 0)])
    os.chown(os.path.join(place.path, NAME), 12345, 12345)
    assert kept(place) == {}
    save(place, NAME, ORIGIN, [(code(2), 0)])
    assert kept(place) == {2: 0}


def test_a_file_that_others_can_write_is_replaced(place: Directory) -> None:
    save(place, NAME, ORIGIN, [(code(1), 0)])
    os.chmod(os.path.join(place.path, NAME), 0o666)
    assert kept(place) == {}
    save(place, NAME, ORIGIN, [(code(2), 0)])
    assert kept(place) == {2: 0}
    assert stat.S_IMODE(os.stat(NAME, dir_fd=place.fd).st_mode) == 0o600


@pytest.mark.parametrize("kind", ["link", "fifo", "directory"])
def test_other_things_of_that_name_are_not_opened(place: Directory, kind: str) -> None:
    path = os.path.join(place.path, NAME)
    other = os.path.join(place.path, "other")
    save(place, "other", ORIGIN, [(code(1), 0)])
    {"link": lambda: os.symlink(other, path), "fifo": lambda: os.mkfifo(path)}.get(
        kind, lambda: os.mkdir(path)
    )()
    assert kept(place) == {}
    assert save(place, NAME, ORIGIN, [(code(2), 0)]) == (kind != "directory")
    assert kept(place) == ({} if kind == "directory" else {2: 0})
    assert kept(place, "other") == {1: 0}


def test_a_directory_that_is_exchanged_is_opened_again(tmp_path: Path) -> None:
    path = str(tmp_path / "cache")
    first = directory(path)
    assert first is not None
    assert directory(path) is first
    os.rmdir(path)
    assert directory(path, create=False) is None
    second = directory(path)
    assert second is not None
    assert save(second, NAME, ORIGIN, [(code(1), 0)])
    assert os.listdir(path)


def test_a_descriptor_that_somebody_closed_is_not_used(tmp_path: Path) -> None:
    """Daemons close all they do not know, and then open others under the same numbers."""
    path, other = str(tmp_path / "cache"), str(tmp_path / "other")
    os.mkdir(other)
    first = directory(path)
    assert first is not None
    os.close(first.fd)
    assert not save(first, NAME, ORIGIN, [(code(1), 0)])
    taken = os.open(other, os.O_RDONLY)
    os.dup2(taken, first.fd)
    assert not save(first, NAME, ORIGIN, [(code(1), 0)])
    assert open_entry(first, NAME, ORIGIN) is None
    assert os.listdir(other) == []
    again = directory(path)
    assert again is not None
    assert save(again, NAME, ORIGIN, [(code(1), 0)])


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert locate(None) == "/home/me/.cache/pywasmedge"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert locate(None) == "/home/me/.cache/pywasmedge"
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/me")
    assert locate(None) == "/var/me/pywasmedge"
    monkeypatch.setenv(VARIABLE, "/elsewhere")
    assert locate(None) == "/elsewhere"
    assert locate("/given") == "/given"
    assert locate("off") is None
    monkeypatch.setenv(VARIABLE, "off")
    assert locate(None) is None
    assert locate("/given") == "/given"
    monkeypatch.setenv(VARIABLE, "")
    assert locate(None) == "/var/me/pywasmedge"
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert locate(None) is None


def test_without_a_home_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    assert locate(None) is None
    assert directory(None) is None


# ---- Size ----------------------------------------------------------------------------------------


def fill(place: Directory, count: int, size: int = 50_000) -> list[str]:
    """Entries that were used one after the other."""
    names = [f"{i:064x}-{'c' * 16}" for i in range(count)]
    for i, name in enumerate(names):
        assert save(place, name, ORIGIN, [(code(1, size=size), 0)])
        os.utime(name, (0, 1_000_000 + i), dir_fd=place.fd)
    return names


def test_what_was_used_least_recently_goes_first(
    place: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = fill(place, 6)
    (found := Entry(place.open(names[0]) or 0, ORIGIN)).close()  # reading alone is no use
    assert found.sound
    used = open_entry(place, names[1], ORIGIN)
    assert used is not None
    used.close()
    monkeypatch.setenv(limit.VARIABLE, "300K")
    place.room = -1
    assert save(place, NAME, ORIGIN, [(code(1, size=50_000), 0)])
    left = {usage.name for usage in limit.entries(place)}
    assert left == {NAME, names[1], names[4], names[5]}


def test_there_is_a_limit_for_the_number_of_entries(
    place: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limit, "MOST_ENTRIES", 10)
    names = fill(place, 10, size=10)
    place.room = -1
    assert save(place, NAME, ORIGIN, [(code(1), 0)])
    assert {usage.name for usage in limit.entries(place)} == {NAME, *names[2:]}


def test_the_size_is_looked_at_now_and_then(
    place: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(limit.VARIABLE, "1600K")
    listings = 0
    listdir = os.listdir

    def count(where: int) -> list[str]:
        nonlocal listings
        listings += 1
        return listdir(where)

    monkeypatch.setattr(os, "listdir", count)
    for i in range(60):
        assert save(place, f"{i:064x}-{'c' * 16}", ORIGIN, [(code(1, size=40_000), 0)])
        assert sum(usage.size for usage in limit.entries(place)) <= 1600 << 10
    assert 60 < listings < 60 + 2 * 50  # one a turn is the test's


def test_what_does_not_fit_is_not_kept(place: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(limit.VARIABLE, "100K")
    assert not save(place, NAME, ORIGIN, [(code(1, size=200_000), 0)])
    assert limit.entries(place) == []
    assert save(place, NAME, ORIGIN, [(code(1, size=50_000), 0)])


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", limit.DEFAULT),
        ("nonsense", limit.DEFAULT),
        ("-5", limit.DEFAULT),
        ("0", 0),
        ("1234", 1234),
        ("3k", 3072),
        ("2 M".replace(" ", ""), 2 << 20),
        ("1GB", 1 << 30),
    ],
)
def test_the_limit_is_a_number_of_bytes(
    monkeypatch: pytest.MonkeyPatch, text: str, size: int
) -> None:
    monkeypatch.setenv(limit.VARIABLE, text)
    assert limit.limit() == size


def test_other_files_in_the_directory_are_left_alone(place: Directory) -> None:
    mine = Path(place.path, "letter.txt")
    mine.write_text("dear")
    fill(place, 2)
    Path(place.path, f"123{SUFFIX}").write_text("left by a crash")
    assert limit.clear(place) > 100_000
    assert sorted(os.listdir(place.path)) == ["letter.txt", LOCK]


def test_what_a_crashed_writer_has_left_goes(place: Directory) -> None:
    Path(place.path, f"999999{SUFFIX}").write_bytes(b"x" * 100_000)
    save(place, NAME, ORIGIN, [(code(1), 0)])
    assert sorted(os.listdir(place.path)) == [NAME, LOCK]


# ---- Digests of files ----------------------------------------------------------------------------


@pytest.fixture
def old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that was not changed for some time."""
    path = tmp_path / "old.wasm"
    path.write_bytes(b"content")
    now = time.time()
    monkeypatch.setattr(digests.time, "time", lambda: now + 10)
    return path


def test_a_digest_is_sha256() -> None:
    import hashlib

    for data in (b"", b"abc", os.urandom(digests._BUILT_IN + 1)):
        assert digests.digest(data) == hashlib.sha256(data).digest()
        assert digests.digest(memoryview(data)) == hashlib.sha256(data).digest()


def test_the_digest_of_an_old_file_is_remembered(place: Directory, old_file: Path) -> None:
    status = old_file.stat()
    assert digests.recall(place, status) is None
    digests.remember(place, status, b"d" * 32)
    assert digests.recall(place, status) == b"d" * 32
    digests.remember(place, (old_file.parent / "cache").stat(), b"e" * 32)  # not a file
    other = old_file.with_name("other")
    other.write_bytes(b"content")
    assert digests.recall(place, other.stat()) is None


def test_a_file_that_was_just_changed_is_not(place: Directory, tmp_path: Path) -> None:
    path = tmp_path / "new.wasm"
    path.write_bytes(b"content")
    digests.remember(place, path.stat(), b"d" * 32)
    assert digests.recall(place, path.stat()) is None


def test_a_changed_file_is_not_recognised(place: Directory, old_file: Path) -> None:
    """Not even with the old size and time of modification."""
    before = old_file.stat()
    digests.remember(place, before, b"d" * 32)
    old_file.write_bytes(b"CONTENT")
    os.utime(old_file, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = old_file.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert digests.recall(place, after) is None


@pytest.mark.parametrize("mode", [0o666, 0o664, 0o602])
def test_nor_is_a_file_that_others_can_write(place: Directory, old_file: Path, mode: int) -> None:
    old_file.chmod(mode)
    digests.remember(place, old_file.stat(), b"d" * 32)
    assert digests.recall(place, old_file.stat()) is None


def test_damaged_digests_are_not_believed(place: Directory, old_file: Path) -> None:
    digests.remember(place, old_file.stat(), b"d" * 32)
    data = content(place, MODULES)
    for at in range(len(data)):
        flipped = bytearray(data)
        flipped[at] ^= 1 << at % 8
        Path(place.path, MODULES).write_bytes(flipped)
        assert digests.recall(place, old_file.stat()) is None
    Path(place.path, MODULES).write_bytes(data[:-1])
    assert digests.recall(place, old_file.stat()) is None
    digests.remember(place, old_file.stat(), b"e" * 32)
    assert digests.recall(place, old_file.stat()) == b"e" * 32


def test_only_so_many_files_are_remembered(
    place: Directory, old_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "_MOST", 8)
    files = [old_file.with_name(f"f{i}") for i in range(20)]
    for i, path in enumerate(files):
        path.write_bytes(b"x")
        digests.remember(place, path.stat(), bytes([i]) * 32)
    assert digests.recall(place, files[-1].stat()) == bytes([19]) * 32
    assert digests.recall(place, files[0].stat()) is None
    assert len(content(place, MODULES)) <= 9 * digests._RECORD
