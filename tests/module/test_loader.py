"""Decoding sections: what comes out of good binaries, and which error out of bad ones."""

from __future__ import annotations

import tracemalloc

import pytest
import wasmbuild as wb

from pywasmedge.base.config import DEFAULT_PROPOSALS, Configure, Proposal
from pywasmedge.base.errors import ErrCode, LoadError
from pywasmedge.base.types import (
    ExternKind,
    FunctionType,
    GlobalType,
    Limits,
    MemoryType,
    TableType,
    ValType,
)
from pywasmedge.module import ast
from pywasmedge.module.ast import SegmentMode
from pywasmedge.module.loader import load

I32_CONST_0 = "i32.const 0"


def configure(*on: Proposal, off: tuple[Proposal, ...] = ()) -> Configure:
    return Configure(proposals=set(DEFAULT_PROPOSALS) - set(off) | set(on))


def loaded(binary: bytes, *on: Proposal, off: tuple[Proposal, ...] = ()) -> ast.Module:
    return load(binary, configure(*on, off=off))


def refused(binary: bytes, *on: Proposal, off: tuple[Proposal, ...] = ()) -> LoadError:
    with pytest.raises(LoadError) as caught:
        loaded(binary, *on, off=off)
    assert caught.value.offset is not None
    assert 0 <= caught.value.offset <= len(binary)
    return caught.value


def everything() -> bytes:
    """A module with every section, each of the kinds of entries, and two functions."""
    return wb.wasm(
        types=["i32 i64 -> f64", "->"],
        imports=[
            ("host", "run", "func", 1),
            ("host", "tab", "table", wb.table(1, 2)),
            ("host", "mem", "memory", wb.limits(3)),
            ("host", "glob", "global", wb.global_type("i64")),
        ],
        funcs=[0, 1],
        tables=[wb.table(4, element=ValType.EXTERNREF)],
        globals_=[wb.global_("f32", "f32.const 1.5", mutable=True)],
        exports=[("f", "func", 1), ("ü", "global", 1), ("", "memory", 0)],
        start=2,
        elements=[wb.element(I32_CONST_0, [0, 1]), b"\x05\x70" + wb.vec([wb.expr("ref.func 0")])],
        data_count=2,
        code=[wb.body("f64.const 1", [(2, "i32"), (1, "f32")]), wb.body("nop")],
        datas=[wb.data(I32_CONST_0, b"abc"), b"\x01" + wb.name(b"passive")],
        customs=wb.custom("note", b"\1\2\3"),
    )


# --- good binaries ---------------------------------------------------------------------------


def test_everything_declared_is_in_the_module() -> None:
    binary = everything()
    module = loaded(binary)
    assert module.types == (
        FunctionType((ValType.I32, ValType.I64), (ValType.F64,)),
        FunctionType(),
    )
    assert [(i.module, i.name, i.kind, i.desc) for i in module.imports] == [
        ("host", "run", ExternKind.FUNCTION, 1),
        ("host", "tab", ExternKind.TABLE, TableType(ValType.FUNCREF, Limits(1, 2))),
        ("host", "mem", ExternKind.MEMORY, MemoryType(Limits(3))),
        ("host", "glob", ExternKind.GLOBAL, GlobalType(ValType.I64)),
    ]
    assert list(module.func_types) == [1, 0, 1]
    assert module.table_types[1] == TableType(ValType.EXTERNREF, Limits(4))
    assert module.memory_types == (MemoryType(Limits(3)),)
    assert module.global_types == (GlobalType(ValType.I64), GlobalType(ValType.F32, True))
    assert module.imported_funcs == module.imported_tables == 1
    assert module.imported_memories == module.imported_globals == 1
    assert [(e.name, e.kind, e.index) for e in module.exports] == [
        ("f", ExternKind.FUNCTION, 1),
        ("ü", ExternKind.GLOBAL, 1),
        ("", ExternKind.MEMORY, 0),
    ]
    assert module.start == 2
    assert module.data_count == 2
    assert [binary[start:end] for start, end in module.bodies] == [
        wb.body("f64.const 1", [(2, "i32"), (1, "f32")]),
        wb.body("nop"),
    ]
    assert [binary[slice(*data.init)] for data in module.datas] == [b"abc", b"passive"]
    assert [(name, binary[slice(*range_)]) for name, range_ in module.customs] == [
        ("note", b"\1\2\3")
    ]
    assert binary[slice(*module.globals[0].init)] == wb.expr("f32.const 1.5")
    assert not module.validated


def test_a_header_alone_is_a_module() -> None:
    module = loaded(wb.PREAMBLE)
    assert module.types == tuple(module.func_types) == module.exports == ()
    assert module.start is None


def test_custom_sections_may_stand_anywhere_and_repeat() -> None:
    note = wb.custom("a", b"1")
    binary = wb.PREAMBLE + note + wb.section(1, wb.vec([])) + note + wb.section(3, b"\0") + note
    assert [name for name, _ in loaded(binary).customs] == ["a", "a", "a"]


@pytest.mark.parametrize(
    ("segment", "mode", "table", "type_", "active", "expressions"),
    [
        (b"\0" + wb.expr(I32_CONST_0), SegmentMode.ACTIVE, 0, "FUNCREF", True, False),
        (b"\1\0", SegmentMode.PASSIVE, 0, "FUNCREF", False, False),
        (b"\2\7" + wb.expr(I32_CONST_0) + b"\0", SegmentMode.ACTIVE, 7, "FUNCREF", True, False),
        (b"\3\0", SegmentMode.DECLARATIVE, 0, "FUNCREF", False, False),
        (b"\4" + wb.expr(I32_CONST_0), SegmentMode.ACTIVE, 0, "FUNCREF", True, True),
        (b"\5\x6f", SegmentMode.PASSIVE, 0, "EXTERNREF", False, True),
        (b"\6\7" + wb.expr(I32_CONST_0) + b"\x6f", SegmentMode.ACTIVE, 7, "EXTERNREF", True, True),
        (b"\7\x70", SegmentMode.DECLARATIVE, 0, "FUNCREF", False, True),
    ],
)
def test_the_eight_forms_of_element_segments(
    segment: bytes, mode: SegmentMode, table: int, type_: str, active: bool, expressions: bool
) -> None:
    content = wb.vec([wb.expr("ref.null funcref")] * 2) if expressions else wb.vec([b"\5", b"\6"])
    binary = wb.wasm(elements=[segment + content])
    (element,) = loaded(binary).elements
    assert (element.mode, element.table, element.type) == (mode, table, ValType[type_])
    assert (element.offset_expr is not None) == active
    if expressions:
        assert element.funcs is None
        assert element.exprs is not None
        assert [binary[slice(*e)] for e in element.exprs] == [wb.expr("ref.null funcref")] * 2
    else:
        assert (list(element.funcs or ()), element.exprs) == ([5, 6], None)


def test_data_segment_for_an_explicit_memory() -> None:
    binary = wb.wasm(datas=[b"\2\3" + wb.expr("global.get 1") + wb.name(b"xy")])
    (data,) = loaded(binary).datas
    assert (data.mode, data.memory) == (SegmentMode.ACTIVE, 3)
    assert data.offset_expr is not None
    assert binary[slice(*data.offset_expr)] == wb.expr("global.get 1")


def test_shared_memories_need_the_threads_proposal() -> None:
    binary = wb.wasm(memories=[wb.limits(1, 2, shared=True)])
    assert loaded(binary, Proposal.THREADS).memories == (MemoryType(Limits(1, 2), shared=True),)
    assert refused(binary).code == ErrCode.INTEGER_TOO_LARGE
    table = wb.wasm(tables=[b"\x70" + wb.limits(1, 2, shared=True)])
    assert refused(table, Proposal.THREADS).code == ErrCode.INTEGER_TOO_LARGE


def test_type_indices_of_several_bytes() -> None:
    """Vectors of small indices are read at once, mixed ones one by one: both must be exact."""
    indices = [0, 127, 128, 300, 16384, 2**32 - 1, 5]
    binary = wb.wasm(funcs=indices, code=[wb.body("")] * len(indices))
    assert list(loaded(binary).funcs) == indices
    small = [i % 128 for i in range(200)]
    assert loaded(wb.wasm(funcs=small, code=[wb.body("")] * 200)).funcs.tolist() == small


def test_numbers_may_be_longer_than_needed() -> None:
    content = b"\x81\x80\x80\x80\x00" + b"\x60" + b"\x80\x00" * 2
    assert loaded(wb.PREAMBLE + wb.section(1, content)).types == (FunctionType(),)


def test_an_expression_may_hold_any_instruction_and_nest_deeply() -> None:
    """It is well-formed; whether it is constant is a question of validation."""
    code = wb.asm("block void") * 10_000 + wb.asm("end") * 10_000 + wb.asm("br_table 2 0 1 2")
    binary = wb.wasm(globals_=[wb.global_("i32", code)])
    assert binary[slice(*loaded(binary).globals[0].init)] == code + b"\x0b"


# --- bad binaries ----------------------------------------------------------------------------


@pytest.mark.parametrize("length", range(len(everything())))
def test_every_truncation_is_refused_or_ends_between_sections(length: int) -> None:
    binary = everything()[:length]
    try:
        module = loaded(binary)
    except LoadError as error:
        assert error.code in {
            ErrCode.UNEXPECTED_END,
            ErrCode.LENGTH_OUT_OF_BOUNDS,
            ErrCode.INCOMPATIBLE_FUNC_CODE,
            ErrCode.INCOMPATIBLE_DATA_COUNT,
        }
        assert error.offset is not None
        assert error.offset <= length
    else:
        assert len(module.bodies) == len(module.funcs)
        assert len(module.datas) == (module.data_count or 0)


@pytest.mark.parametrize(
    ("binary", "code", "offset"),
    [
        (b"", ErrCode.UNEXPECTED_END, 0),
        (b"\0as", ErrCode.UNEXPECTED_END, 3),
        (b"\0as\0", ErrCode.MALFORMED_MAGIC, 0),
        (b"\x7fELF\2\1\1\0", ErrCode.MALFORMED_MAGIC, 0),
        (b"\0asm\1\0\0", ErrCode.UNEXPECTED_END, 7),
        (b"\0asm\2\0\0\0", ErrCode.MALFORMED_VERSION, 4),
        (b"\0asm\x0d\0\1\0", ErrCode.MALFORMED_VERSION, 4),
        (wb.PREAMBLE + b"\x0d\1\0", ErrCode.MALFORMED_SECTION, 8),
        (wb.PREAMBLE + b"\1\5\0", ErrCode.LENGTH_OUT_OF_BOUNDS, 8),
        (wb.PREAMBLE + wb.section(1, b"\0\0"), ErrCode.SECTION_SIZE_MISMATCH, 8),
        (wb.PREAMBLE + b"\1\3\1\x60\0\0\0", ErrCode.SECTION_SIZE_MISMATCH, 8),
        (wb.PREAMBLE + wb.section(1, b"\0") * 2, ErrCode.JUNK_SECTION, 11),
        (wb.PREAMBLE + wb.section(3, b"\0") + wb.section(1, b"\0"), ErrCode.JUNK_SECTION, 11),
        (wb.PREAMBLE + wb.section(10, b"\0") + wb.section(12, b"\0"), ErrCode.JUNK_SECTION, 11),
        (wb.PREAMBLE + wb.section(0, b""), ErrCode.UNEXPECTED_END, 10),
        (wb.PREAMBLE + wb.section(0, b"\5abc"), ErrCode.UNEXPECTED_END, 10),
        (wb.PREAMBLE + wb.section(0, b"\2\xc3\x28"), ErrCode.MALFORMED_UTF8, 11),
        (wb.PREAMBLE + wb.section(0, b"\3\xed\xa0\x80"), ErrCode.MALFORMED_UTF8, 11),
        (wb.wasm(types=[b"\x5f\0\0"]), ErrCode.INTEGER_TOO_LONG, 11),
        (wb.wasm(types=[b"\x60\1\x6e\0"]), ErrCode.MALFORMED_VAL_TYPE, 13),
        (wb.wasm(tables=[b"\x7f\0\0"]), ErrCode.MALFORMED_REF_TYPE, 11),
        (wb.wasm(tables=[b"\x70\2\0"]), ErrCode.INTEGER_TOO_LARGE, 12),
        (wb.wasm(memories=[b"\x81\0\0"]), ErrCode.INTEGER_TOO_LONG, 11),
        (wb.wasm(memories=[b"\x04\0\0"]), ErrCode.INTEGER_TOO_LARGE, 11),
        (wb.wasm(globals_=[b"\x7f\2\x41\0\x0b"]), ErrCode.INVALID_MUT, 12),
        (wb.wasm(globals_=[b"\x7f\0\xff\x0b"]), ErrCode.ILLEGAL_OPCODE, 13),
        (wb.wasm(globals_=[b"\x7f\0\xfc\x7f\x0b"]), ErrCode.ILLEGAL_OPCODE, 13),
        (wb.wasm(globals_=[b"\x7f\0\x41\0"]), ErrCode.UNEXPECTED_END, 15),
        (wb.wasm(globals_=[b"\x7f\0\x43\0\0"]), ErrCode.UNEXPECTED_END, 14),
        (wb.wasm(globals_=[b"\x70\0\xd0\x7f\x0b"]), ErrCode.MALFORMED_REF_TYPE, 14),
        (wb.PREAMBLE + wb.section(2, b"\1\0\0\4"), ErrCode.MALFORMED_IMPORT_KIND, 13),
        (wb.PREAMBLE + wb.section(7, b"\1\0\4\0"), ErrCode.MALFORMED_EXPORT_KIND, 12),
        (wb.wasm(elements=[b"\x08"]), ErrCode.ILLEGAL_GRAMMAR, 11),
        (wb.wasm(elements=[b"\1\1\0"]), ErrCode.EXPECTED_ZERO_BYTE, 12),
        (wb.wasm(elements=[b"\5\x7f\0"]), ErrCode.MALFORMED_REF_TYPE, 12),
        (wb.wasm(datas=[b"\3\0"]), ErrCode.ILLEGAL_GRAMMAR, 11),
        (wb.wasm(datas=[b"\1\4abc"]), ErrCode.UNEXPECTED_END, 13),
        (wb.wasm(types=["->"], funcs=[0]), ErrCode.INCOMPATIBLE_FUNC_CODE, 18),
        (wb.wasm(code=[wb.body("")]), ErrCode.INCOMPATIBLE_FUNC_CODE, 14),
        (wb.wasm(data_count=1), ErrCode.INCOMPATIBLE_DATA_COUNT, 11),
        (wb.wasm(data_count=0, datas=[b"\1\0"]), ErrCode.INCOMPATIBLE_DATA_COUNT, 16),
        (wb.wasm(funcs=[0], code=[b""]), ErrCode.UNEXPECTED_END, 16),
        (wb.PREAMBLE + wb.section(10, b"\1\4\0\x0b"), ErrCode.UNEXPECTED_END, 12),
    ],
)
def test_code_and_offset_of_malformed_binaries(binary: bytes, code: ErrCode, offset: int) -> None:
    error = refused(binary)
    assert (error.code, error.offset) == (code, offset)


@pytest.mark.parametrize(
    ("leb", "code"),
    [
        (b"\x80", ErrCode.UNEXPECTED_END),
        (b"\xff\xff\xff\xff\x1f", ErrCode.INTEGER_TOO_LARGE),
        (b"\x80\x80\x80\x80\x10", ErrCode.INTEGER_TOO_LARGE),
        (b"\x80\x80\x80\x80\x80\x00", ErrCode.INTEGER_TOO_LONG),
    ],
)
def test_unsigned_integers(leb: bytes, code: ErrCode) -> None:
    assert refused(wb.PREAMBLE + wb.section(8, leb)).code == code


@pytest.mark.parametrize(
    ("leb", "code"),
    [
        (b"\x41\xff\xff\xff\xff\x07", None),
        (b"\x41\x80\x80\x80\x80\x78", None),
        (b"\x41\xff\xff\xff\xff\x0f", ErrCode.INTEGER_TOO_LARGE),
        (b"\x41\x80\x80\x80\x80\x70", ErrCode.INTEGER_TOO_LARGE),
        (b"\x41\x80\x80\x80\x80\x80\x00", ErrCode.INTEGER_TOO_LONG),
        (b"\x42" + b"\xff" * 9 + b"\x00", None),
        (b"\x42" + b"\x80" * 9 + b"\x7f", None),
        (b"\x42" + b"\xff" * 9 + b"\x01", ErrCode.INTEGER_TOO_LARGE),
        (b"\x42" + b"\x80" * 9 + b"\x7e", ErrCode.INTEGER_TOO_LARGE),
        (b"\x42" + b"\x80" * 10 + b"\x00", ErrCode.INTEGER_TOO_LONG),
    ],
)
def test_signed_integers(leb: bytes, code: ErrCode | None) -> None:
    binary = wb.wasm(globals_=[wb.global_("i32", leb)])
    if code is None:
        assert loaded(binary).globals[0].init[1] == len(binary)
    else:
        assert refused(binary).code == code


def test_a_body_cut_off_by_a_wrong_size_is_named_as_the_cause() -> None:
    code = b"\0\x41\x80\x80\x80\x80\x80\x80\x00\x0b"
    binary = wb.wasm(types=["->"], funcs=[0]) + b"\x0a\x09" + b"\1\7" + code
    error = refused(binary)
    assert (error.code, binary[error.offset or 0]) == (ErrCode.INTEGER_TOO_LONG, 0x80)


# --- locals and limits -----------------------------------------------------------------------


def function_with_locals(*groups: tuple[int, str]) -> bytes:
    return wb.wasm(types=["->"], funcs=[0], code=[wb.body("", groups)])


def test_fifty_thousand_locals_and_not_one_more() -> None:
    assert len(loaded(function_with_locals((49_999, "i32"), (1, "f64"))).bodies) == 1
    for groups in ([(50_001, "i32")], [(25_000, "i32")] * 3, [(2**32 - 1, "i32"), (2, "i64")]):
        error = refused(function_with_locals(*groups))
        assert error.code == ErrCode.TOO_MANY_LOCALS
        assert "limit 50000" in error.detail


@pytest.mark.parametrize("count", [1, 2, 5, 6, 100])
def test_local_types_are_checked_in_every_group(count: int) -> None:
    good = function_with_locals(*[(1, "i32")] * count)
    assert len(loaded(good).bodies) == 1
    for place in range(count):
        body = bytearray(wb.body("nop " * 12, [(1, "i32")] * count))
        body[2 + 2 * place] = 0x40
        error = refused(wb.wasm(types=["->"], funcs=[0], code=[bytes(body)]))
        assert error.code == ErrCode.MALFORMED_VAL_TYPE


def test_locals_must_end_within_the_body() -> None:
    binary = wb.wasm(types=["->"], funcs=[0, 0], code=[b"\x05\x01\x7f", wb.body("nop " * 20)])
    assert refused(binary).code == ErrCode.UNEXPECTED_END


@pytest.mark.parametrize(
    ("section", "content", "word"),
    [
        (1, wb.uleb(1_000_001), "types"),
        (1, b"\1\x60" + wb.uleb(1_001), "parameters"),
        (1, b"\1\x60\0" + wb.uleb(1_001), "results"),
        (2, wb.uleb(1_000_001), "imports"),
        (2, b"\1" + wb.uleb(100_001) + b"x" * 100_001, "name of 100001 bytes"),
        (3, wb.uleb(1_000_001), "functions"),
        (4, wb.uleb(100_001), "tables"),
        (5, wb.uleb(101), "memories"),
        (6, wb.uleb(1_000_001), "globals"),
        (7, wb.uleb(1_000_001), "exports"),
        (9, wb.uleb(10_000_001), "element segments"),
        (9, b"\1\1\0" + wb.uleb(10_000_001), "elements"),
        (10, wb.uleb(1_000_001), "bodies"),
        (11, wb.uleb(100_001), "data segments"),
    ],
)
def test_limits_of_the_implementation(section: int, content: bytes, word: str) -> None:
    error = refused(wb.PREAMBLE + wb.section(section, content))
    assert error.code == ErrCode.LENGTH_OUT_OF_BOUNDS
    assert word in error.detail


@pytest.mark.parametrize(
    "content",
    [
        (section, prefix + count)
        for count in (wb.uleb(100_000), wb.uleb(2**32 - 1))
        for section, prefix in [
            *((number, b"") for number in (1, 2, 3, 4, 5, 6, 7, 9, 10, 11)),
            (1, b"\1\x60"),
            (2, b"\1"),
            (9, b"\1\1\0"),
            (9, b"\1\5\x70"),
            (10, b"\1\x20"),
            (11, b"\1\1"),
            (0, b""),
        ]
    ],
)
def test_a_huge_declared_count_costs_nothing(content: tuple[int, bytes]) -> None:
    section, start = content
    binary = wb.PREAMBLE + wb.section(section, start + b"\0")
    tracemalloc.start()
    try:
        refused(binary)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000


# --- proposals -------------------------------------------------------------------------------

REFERENCES = Proposal.REFERENCE_TYPES
BULK = Proposal.BULK_MEMORY_OPERATIONS


@pytest.mark.parametrize(
    ("off", "binary", "code"),
    [
        (
            (Proposal.IMPORT_EXPORT_MUT_GLOBALS,),
            wb.wasm(imports=[("m", "g", "global", wb.global_type("i32", mutable=True))]),
            ErrCode.INVALID_MUT,
        ),
        ((Proposal.SIMD,), wb.wasm(types=["v128 ->"]), ErrCode.MALFORMED_VAL_TYPE),
        (
            (Proposal.SIMD,),
            wb.wasm(globals_=[wb.global_("i32", "v128.const " + "00" * 16)]),
            ErrCode.ILLEGAL_OPCODE,
        ),
        ((Proposal.MULTI_VALUE,), wb.wasm(types=["-> i32 i32"]), ErrCode.MALFORMED_VAL_TYPE),
        ((BULK, REFERENCES), wb.wasm(data_count=0), ErrCode.MALFORMED_SECTION),
        ((BULK, REFERENCES), wb.wasm(datas=[b"\1\0"]), ErrCode.EXPECTED_ZERO_BYTE),
        ((BULK, REFERENCES), wb.wasm(elements=[b"\1\0\0"]), ErrCode.EXPECTED_ZERO_BYTE),
        ((BULK, REFERENCES), wb.wasm(types=["funcref ->"]), ErrCode.MALFORMED_ELEM_TYPE),
        (
            (BULK, REFERENCES),
            wb.wasm(globals_=[wb.global_("i32", "ref.func 0")]),
            ErrCode.ILLEGAL_OPCODE,
        ),
        ((REFERENCES,), wb.wasm(types=["externref ->"]), ErrCode.MALFORMED_ELEM_TYPE),
        (
            (REFERENCES,),
            wb.wasm(tables=[wb.table(0, element=ValType.EXTERNREF)]),
            ErrCode.MALFORMED_ELEM_TYPE,
        ),
        ((REFERENCES,), wb.wasm(elements=[b"\5\x6f\0"]), ErrCode.MALFORMED_ELEM_TYPE),
    ],
)
def test_what_a_disabled_proposal_refuses(
    off: tuple[Proposal, ...], binary: bytes, code: ErrCode
) -> None:
    loaded(binary)
    assert refused(binary, off=off).code == code


def test_either_of_two_proposals_brings_passive_segments() -> None:
    binary = wb.wasm(data_count=1, elements=[b"\1\0\0"], datas=[b"\1\0"])
    for one in (BULK, REFERENCES):
        assert loaded(binary, off=(one,)).data_count == 1


def test_without_any_proposal_the_first_version_still_loads() -> None:
    binary = wb.wasm(
        types=["i32 -> i32"],
        funcs=[0],
        tables=[wb.table(1)],
        memories=[wb.limits(1, 2)],
        globals_=[wb.global_("i64", "i64.const -1", mutable=True)],
        elements=[wb.element(I32_CONST_0, [0])],
        code=[wb.body("local.get 0")],
        datas=[wb.data(I32_CONST_0, b"x")],
    )
    assert list(load(binary, Configure(proposals=set())).funcs) == [0]


# --- size ------------------------------------------------------------------------------------


def test_a_module_of_600_000_functions() -> None:
    count = 600_000
    body = wb.name(wb.body("local.get 0 drop " * 3, [(1, "i32")]))
    binary = (
        wb.wasm(types=["->"] * 200)
        + wb.section(3, wb.uleb(count) + b"\x85\1" * count)
        + wb.section(9, b"\1" + wb.element(I32_CONST_0, range(100_000)))
        + wb.section(10, wb.uleb(count) + body * count)
    )
    module = loaded(binary)
    assert list(module.funcs) == [133] * count
    assert list(module.elements[0].funcs or ()) == list(range(100_000))
    first, last = module.bodies[0], module.bodies[-1]
    assert len(module.bodies) == count
    assert (last[1], last[1] - last[0]) == (len(binary), first[1] - first[0])
