"""The cache's files: what is damaged, foreign or unsafe is not used, and replaced."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pywasmedge.cache import entry, limit
from pywasmedge.cache.directory import LOCK, Directory, directory
from pywasmedge.cache.entry import open_entry, save
from pywasmedge.compiler.artifact import HEADER, Origin, write
from pywasmedge.compiler.code import ALIGNMENT, Code
from pywasmedge.kernel.native import ffi, lib

NAME = f"{'a' * 64}-{'b' * 16}"
ORIGIN = Origin(b"module", frozenset(), True, False, False, False, b"generator of now", 5)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def place(tmp_path: Path) -> Directory:
    found = directory(str(tmp_path / "cache"))
    assert found is not None
    return found


def code(*functions: int, size: int = 100) -> Code:
    blob = b"".join([bytes([function]) * size for function in functions])
    return Code(blob, {f"f{function}": size * i for i, function in enumerate(functions)}, (0, 0))


def kept(place: Directory, name: str = NAME, origin: Origin = ORIGIN) -> dict[int, int]:
    """Functions and levels that a reader gets, after it has compared the checksums."""
    found = open_entry(place, name, origin)
    if found is None:
        return {}
    levels: dict[int, int] = {}
    for at, artifact in found.artifacts:
        start, size = artifact.image
        words = ffi.from_buffer("uint64_t[]", artifact.image_checksum)
        pages = lib.we_code_from_file(found.fd, at + start, size, words, False)
        if pages:
            lib.we_code_free(pages, size)
            levels.update(zip(artifact.functions, artifact.levels, strict=True))
    found.close()
    return levels


def content(place: Directory, name: str = NAME) -> bytes:
    return Path(place.path, name).read_bytes()


# ---- Entries -------------------------------------------------------------------------------------


def test_what_is_saved_is_there(place: Directory) -> None:
    assert kept(place) == {}
    assert save(place, NAME, ORIGIN, [(code(1, 2), 0), (code(3), 1)])
    assert kept(place) == {1: 0, 2: 0, 3: 1}
    assert save(place, NAME, ORIGIN, [(code(4), 0)])
    assert kept(place) == {1: 0, 2: 0, 3: 1, 4: 0}


def test_appending_changes_nothing_that_was_there(place: Directory) -> None:
    save(place, NAME, ORIGIN, [(code(1), 0)])
    before, number = content(place), os.stat(NAME, dir_fd=place.fd).st_ino
    save(place, NAME, ORIGIN, [(code(2), 0)])
    assert content(place)[: len(before)] == before
    assert os.stat(NAME, dir_fd=place.fd).st_ino == number


def test_what_is_known_is_not_written_again(place: Directory) -> None:
    save(place, NAME, ORIGIN, [(code(1, 2), 1)])
    before = content(place)
    assert save(place, NAME, ORIGIN, [(code(1), 1), (code(2), 0)])
    assert content(place) == before
    assert save(place, NAME, ORIGIN, [(code(1), 2)])
    assert kept(place) == {1: 2, 2: 1}


def test_parts_are_joined_and_superseded_code_goes(place: Directory) -> None:
    for level in range(entry.MAX_ARTIFACTS + 1):
        save(place, NAME, ORIGIN, [(code(1, size=3000), level), (code(10 + level), 0)])
    functions = {1: entry.MAX_ARTIFACTS} | {10 + n: 0 for n in range(entry.MAX_ARTIFACTS + 1)}
    assert kept(place) == functions
    found = open_entry(place, NAME, ORIGIN)
    assert found is not None
    assert len(found.artifacts) == 1
    assert sum(len(piece.blob) for piece, _ in found.codes()) < 2 * 3000
    found.close()


def test_code_that_is_partly_superseded_keeps_its_names(place: Directory) -> None:
    """Functions of one piece call each other directly, so all of it may still be on the stack."""
    save(place, NAME, ORIGIN, [(code(1, 2), 0), (code(2), 1)])
    found = open_entry(place, NAME, ORIGIN)
    assert found is not None
    pieces = sorted([piece.entries for piece, _ in found.codes()], key=len)
    assert pieces[0] == {"f2": 0}
    assert pieces[1] == {"f1": 0, "f2.0": 100}
    found.close()


@pytest.mark.parametrize(
    "other",
    [
        Origin(b"other", frozenset(), True, False, False, False, b"generator of now", 5),
        Origin(b"module", frozenset(), False, False, False, False, b"generator of now", 5),
        Origin(b"module", frozenset(), True, True, False, False, b"generator of now", 5),
        Origin(b"module", frozenset(), True, False, True, False, b"generator of now", 5),
        Origin(b"module", frozenset(), True, False, False, True, b"generator of now", 5),
        Origin(b"module", frozenset(), True, False, False, False, b"generator of old", 5),
        Origin(b"module", frozenset(), True, False, False, False, b"generator of now", 4),
    ],
)
def test_code_of_another_origin_is_replaced(place: Directory, other: Origin) -> None:
    """Names hold digests; should they collide, the origin still tells."""
    save(place, NAME, other, [(code(1), 0)])
    assert kept(place) == {}
    save(place, NAME, ORIGIN, [(code(2), 0)])
    assert kept(place) == {2: 0}


def damaged(place: Directory, data: bytes) -> None:
    """Check that a damaged file, which held function 1, is not used, and replaced."""
    Path(place.path, NAME).write_bytes(data)
    assert kept(place).get(1) is None
    save(place, NAME, ORIGIN, [(code(2), 0)], repair=True)
    assert kept(place) == {2: 0}


def test_every_flipped_byte_is_noticed(place: Directory) -> None:
    save(place, NAME, ORIGIN, [(code(1), 0)])
    data = content(place)
    size = HEADER.unpack_from(data)[3]
    image = range(ALIGNMENT, ALIGNMENT + 100)
    assert size < ALIGNMENT
    assert len(data) == image.stop
    for at in (*range(size), *image):
        flipped = bytearray(data)
        flipped[at] ^= 1 << at % 8
        damaged(place, flipped)


def test_every_truncation_is_noticed(place: Directory) -> None:
    save(place, NAME, ORIGIN, [(code(1), 0)])
    data = content(place)
    for size in (*range(0, HEADER.size + 200, 7), ALIGNMENT, len(data) - 1):
        damaged(place, data[:size])


@pytest.mark.parametrize("data", [b"", b"x", b"\0" * 5000, os.urandom(9000), b"\x7fELF" * 2000])
def test_foreign_files_are_replaced(place: Directory, data: bytes) -> None:
    damaged(place, data)


def test_huge_sizes_in_a_header_allocate_nothing(place: Directory) -> None:
    data = bytearray(write(2, ORIGIN, [(code(1), 0)]))
    data[16:24] = (1 << 62).to_bytes(8, "little")
    data[24:32] = (1 << 62).to_bytes(8, "little")
    damaged(place, data)


def test_an_incomplete_end_is_left_out_by_the_next_writer(place: Directory) -> None:
    save(place, NAME, ORIGIN, [(code(1), 0)])
    whole = content(place)
    save(place, NAME, ORIGIN, [(code(2), 0)])
    both = content(place)
    for end in range(len(whole), len(both), 997):
        Path(place.path, NAME).write_bytes(both[:end])
        assert kept(place) == {1: 0}
        save(place, NAME, ORIGIN, [(code(3), 0)])
        assert kept(place) == {1: 0, 3: 0}


def test_a_damaged_part_does_not_take_the_others_with_it(place: Directory) -> None:
    save(place, NAME, ORIGIN, [(code(1), 0)])
    save(place, NAME, ORIGIN, [(code(2), 0)])
    data = bytearray(content(place))
    data[ALIGNMENT] ^= 1  # in the first image
    Path(place.path, NAME).write_bytes(data)
    assert kept(place) == {2: 0}
    save(place, NAME, ORIGIN, [(code(1), 0)])
    assert kept(place) == {2: 0}  # who has not noticed the damage believes it is there
    save(place, NAME, ORIGIN, [(code(1), 0)], repair=True)
    assert kept(place) == {1: 0, 2: 0}


# ---- Failing writes ------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
@pytest.mark.parametrize("room", [0, 1, 3000, 5000])
def test_a_failing_write_leaves_what_was_there(
    place: Directory, monkeypatch: pytest.MonkeyPatch, error: int, room: int
) -> None:
    save(place, NAME, ORIGIN, [(code(1), 0)])
    before = content(place)
    pwrite = os.pwrite
    left = room

    def failing(fd: int, data: bytes, at: int) -> int:
        nonlocal left
        if not left:
            raise OSError(error, os.strerror(error))
        count = pwrite(fd, data[:left], at)
        left -= count
        return count

    monkeypatch.setattr(os, "pwrite", failing)
    assert not save(place, NAME, ORIGIN, [(code(2, size=5000), 0)])
    assert content(place) == before
    left = room
    assert not save(place, NAME, ORIGIN, [(code(2, size=5000), 0)], repair=True)
    left = room
    assert not save(place, f"{'d' * 64}-{'b' * 16}", ORIGIN, [(code(2, size=5000), 0)])
    assert content(place) == before
    assert sorted(os.listdir(place.path)) == [NAME, LOCK]
    monkeypatch.undo()
    assert save(place, NAME, ORIGIN, [(code(2), 0)])
    assert kept(place) == {1: 0, 2: 0}


def test_a_lock_that_is_held_is_waited_for_only_so_long(
    place: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pywasmedge.cache import directory as module

    monkeypatch.setattr(module, "_PATIENCE", 0.02)
    held = place.lock()
    assert held is not None
    with held:
        assert not save(place, NAME, ORIGIN, [(code(1), 0)])
        with pytest.raises(OSError, match="cannot lock"):
            limit.clear(place)
    assert save(place, NAME, ORIGIN, [(code(1), 0)])


def test_a_directory_that_was_removed_is_no_error(place: Directory) -> None:
    os.rmdir(place.path)
    assert not save(place, NAME, ORIGIN, [(code(1), 0)])
    assert kept(place) == {}
