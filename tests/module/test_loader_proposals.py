"""What is malformed because a proposal is off or missing names the proposal."""

from __future__ import annotations

import pytest
from wasmbuild import PREAMBLE, body, section, wasm

from pywasmedge import Configure, ErrCode, Loader, LoadError, Proposal

MVP: set[Proposal] = set()


def malformed(binary: bytes, proposals: set[Proposal] | None = None) -> tuple[ErrCode, str]:
    configure = Configure() if proposals is None else Configure(proposals=proposals)
    with pytest.raises(LoadError) as caught:
        Loader(configure).load(binary)
    return caught.value.code, caught.value.detail


def test_sections() -> None:
    tags = PREAMBLE + section(1, b"\x01\x60\0\0") + section(13, b"\x01\0\0")
    wanted = "section 13 (tags): needs the exception-handling proposal"
    assert malformed(tags) == (ErrCode.MALFORMED_SECTION, wanted)
    count = PREAMBLE + section(12, b"\0")
    wanted = "section 12 (data count): needs the bulk-memory-operations proposal"
    assert malformed(count, MVP) == (ErrCode.MALFORMED_SECTION, wanted)
    assert malformed(PREAMBLE + section(99, b"")) == (ErrCode.MALFORMED_SECTION, "section 99")


@pytest.mark.parametrize(
    ("byte", "name"),
    [(0x69, "exception-handling"), (0x64, "function-references"), (0x6E, "gc"), (0x6C, "gc")],
)
def test_value_types(byte: int, name: str) -> None:
    code, detail = malformed(PREAMBLE + section(1, b"\x01\x60\x01" + bytes([byte]) + b"\0"))
    assert code == ErrCode.MALFORMED_VAL_TYPE
    assert detail == f"type 0x{byte:02x}: needs the {name} proposal"


def test_value_types_of_proposals_that_are_off() -> None:
    vector = PREAMBLE + section(1, b"\x01\x60\x01\x7b\0")
    assert malformed(vector, MVP)[1] == "type 0x7b: needs the simd proposal"
    reference = PREAMBLE + section(1, b"\x01\x60\x01\x6f\0")
    assert malformed(reference, MVP)[1] == "type 0x6f: needs the reference-types proposal"
    unknown = PREAMBLE + section(1, b"\x01\x60\x01\x20\0")
    assert malformed(unknown)[1] == "type 0x20"


@pytest.mark.parametrize("form", [0x4E, 0x50, 0x5E, 0x5F])
def test_types_that_are_no_functions(form: int) -> None:
    detail = malformed(PREAMBLE + section(1, bytes([1, form, 0])))[1]
    assert detail == f"function type starts with 0x{form:02x}: needs the gc proposal"


def test_imports_and_exports_of_tags() -> None:
    imported = PREAMBLE + section(2, b"\x01\x01a\x01b\x04\0\0")
    exported = PREAMBLE + section(7, b"\x01\x01a\x04\0")
    for binary in (imported, exported):
        assert malformed(binary)[1] == "kind 4 (tag): needs the exception-handling proposal"


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (2, "threads proposal"),
        (4, "memory64 proposal"),
        (7, "threads and memory64 proposals"),
        (8, "custom-page-sizes proposal"),
    ],
)
def test_memories(flags: int, names: str) -> None:
    detail = malformed(PREAMBLE + section(5, bytes([1, flags, 1, 1, 1])))[1]
    assert detail == f"limits flag 0x{flags:02x}: needs the {names}"


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        (b"\x12\0", "0x12 (return_call): needs the tail-call proposal"),
        (b"\x1f\x40\0", "0x1f (try_table): needs the exception-handling proposal"),
        (b"\x06\x40", "0x06 (try): needs the legacy-exceptions proposal"),
        (b"\x14\0", "0x14 (call_ref): needs the function-references proposal"),
        (b"\xfb\x01\0", "0xfb: needs the gc proposal"),
        (b"\xfe\x03\0", "0xfe 0x03 (atomic.fence): needs the threads proposal"),
        (b"\x27", "0x27"),
    ],
)
def test_instructions(code: bytes, wanted: str) -> None:
    binary = wasm(types=["->"], funcs=[0], code=[body(code + b"\x0b")])
    found, detail = malformed(binary)
    assert (found, detail) == (ErrCode.ILLEGAL_OPCODE, wanted)
