"""Artifacts: what is written is read again, damage is found."""

from __future__ import annotations

from typing import Any

import pytest

from pywasmedge import Configure, Proposal
from pywasmedge.compiler import artifact, layout
from pywasmedge.compiler.artifact import AHEAD, CACHE, HEADER, Artifact, ArtifactError, Origin
from pywasmedge.compiler.code import ALIGNMENT, Code

ORIGIN = Origin.here(b"which module", Configure(), guarded=True)
CODES = [
    (Code(b"\x90" * 100, {"f7": 0, "f0": 64}, (96, 100), ((80, "memcpy"), (88, "floor"))), 2),
    (Code(b"\xc3" * 5, {"f1": 1, "g1": 2}, (0, 0), (), (3, 5)), 0),
    (Code(b"\xcc" * 9, {"helper": 4}, (1, 9), ((0, "memcpy"),), alignment=ALIGNMENT), 1),
]


def made(chunks: dict[str, Any] | None = None, kind: int = AHEAD) -> bytes:
    return artifact.write(kind, ORIGIN, CODES, chunks)


def test_round_trip() -> None:
    data = made({"other": b"data", "empty": b""}, CACHE)
    found = artifact.read(data + b"what comes after it")
    assert found.kind == CACHE
    assert found.origin == ORIGIN
    assert found.codes() == [code for code, _ in CODES]
    assert dict(zip(found.functions, found.levels, strict=True)) == {7: 2, 0: 2, 1: 0}
    assert set(found.symbols) == {"g1", "helper"}
    assert bytes(found.chunk("other") or b"") == b"data"
    assert found.chunk("empty") == b""
    assert found.chunk("missing") is None
    assert found.size == len(data)
    assert found.piece_count == len(CODES)


def test_pieces_are_where_their_code_may_be() -> None:
    data = made()
    found = artifact.read(data)
    assert found.image[0] % ALIGNMENT == 0
    for piece, (code, _) in zip(found.pieces(), CODES, strict=True):
        at = found.image[0] + piece.start
        assert piece.start % code.alignment == 0
        assert data[at : at + piece.size] == code.blob
        assert found.piece_at(piece.start) == found.piece_at(piece.start + piece.size - 1) == piece
        assert found.entries(piece) == code.entries
    assert found.piece_at(100) is None
    assert found.piece_at(found.image[1]) is None


def test_of_two_pieces_with_a_function_the_later_one_counts() -> None:
    codes = [(Code(bytes([i]) * 8, {"f5": i}, (0, 0)), i) for i in range(3)]
    found = artifact.read(artifact.write(AHEAD, ORIGIN, codes))
    assert list(found.functions) == [5]
    assert list(found.levels) == [2]
    assert found.offsets[0] == found.pieces()[2].start + 2


def test_nothing() -> None:
    found = artifact.read(artifact.write(AHEAD, ORIGIN, []))
    assert found.image[1] == found.piece_count == len(found.functions) == 0
    assert found.codes() == []
    assert found.piece_at(0) is None


@pytest.mark.parametrize("whole", [True, False])
def test_every_damaged_bit_is_found(whole: bool) -> None:
    data = made({"other": b"data"})
    size = len(data) if whole else artifact.metadata_size(data[: HEADER.size])
    for at in range(size):
        copy = bytearray(data[:size])
        copy[at] ^= 1 << at % 8
        with pytest.raises(ArtifactError):
            artifact.read(copy, image=whole)


def test_every_missing_byte_is_found() -> None:
    data = made()
    for size in range(0, len(data), 13):
        with pytest.raises(ArtifactError):
            artifact.read(data[:size])


def test_versions_are_told_from_damage() -> None:
    data = bytearray(made())
    data[8] += 1
    with pytest.raises(ArtifactError) as error:
        artifact.read(data)
    assert error.value.version
    with pytest.raises(ArtifactError) as error:
        artifact.read(b"no artifact at all")
    assert not error.value.version


def without_image(data: bytes) -> Artifact:
    return artifact.read(data[: artifact.metadata_size(data[: HEADER.size])], image=False)


def test_the_image_can_be_verified_later() -> None:
    data = made()
    found = without_image(data)
    start, size = found.image
    artifact.verify_image(found, data[start : start + size])
    with pytest.raises(ArtifactError):
        artifact.verify_image(found, bytes(size))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"generator": bytes(16)}, "version"),
        ({"processor": layout.processor() | 1 << 200}, "processor"),
        ({"processor": 0}, None),
    ],
)
def test_what_runs_here(change: dict[str, Any], reason: str | None) -> None:
    fields = ("module", "proposals", "guarded", "count", "cost", "exact", "generator", "processor")
    origin = Origin(**{name: getattr(ORIGIN, name) for name in fields} | change)
    found = origin.misfit()
    assert (found is None) if reason is None else reason in (found or "")


def test_what_code_serves_for() -> None:
    counting = Configure(instruction_counting=True)
    assert ORIGIN.serves(Configure(), guarded=True)
    assert not ORIGIN.serves(Configure(), guarded=False)
    assert not ORIGIN.serves(counting, guarded=True)
    assert not ORIGIN.serves(Configure(cost_measuring=True), guarded=True)
    assert Origin.here(b"", counting, guarded=True).serves(Configure(), guarded=True)
    assert Origin.here(b"", counting, guarded=False).serves(counting, guarded=False)
    exact = Configure(exact_traps=True)
    assert not ORIGIN.serves(exact, guarded=True)
    assert Origin.here(b"", exact, guarded=True).serves(Configure(), guarded=True)
    assert Origin.here(b"", exact, guarded=True).serves(exact, guarded=True)
    assert ORIGIN.valid_with({*ORIGIN.proposals, Proposal.THREADS})
    assert not ORIGIN.valid_with(set())
