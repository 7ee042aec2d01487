"""Module-level validation: each rule with the code it gives, and what it must let pass."""

from __future__ import annotations

import pytest
import wasmbuild as wb

from pywasmedge.base.config import DEFAULT_PROPOSALS, Configure, Proposal
from pywasmedge.base.errors import ErrCode, ValidationError
from pywasmedge.base.types import ValType
from pywasmedge.module.loader import load
from pywasmedge.walk.rules import declared_functions, validate_module

NOP = wb.body("")
ZERO = "i32.const 0"


def validate(binary: bytes, *on: Proposal, off: tuple[Proposal, ...] = ()) -> None:
    configure = Configure(proposals=set(DEFAULT_PROPOSALS) - set(off) | set(on))
    validate_module(load(binary, configure), configure)


def refused(binary: bytes, *on: Proposal, off: tuple[Proposal, ...] = ()) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        validate(binary, *on, off=off)
    return caught.value


def import_global(type_: str, *, mutable: bool = False) -> tuple[str, str, str, bytes]:
    return ("m", "g", "global", wb.global_type(type_, mutable=mutable))


def with_init(type_: str, init: str) -> bytes:
    """A module with a global whose initialiser may use what is there before it."""
    return wb.wasm(
        types=["->"],
        imports=[
            import_global("i32"),
            import_global("i32", mutable=True),
            ("m", "f", "func", 0),
        ],
        globals_=[wb.global_("i64", "i64.const 1"), wb.global_(type_, init)],
    )


# --- types, limits ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("binary", "code"),
    [
        (wb.wasm(imports=[("m", "f", "func", 0)]), ErrCode.INVALID_FUNC_TYPE_IDX),
        (
            wb.wasm(types=["->"], funcs=[0, 1], code=[NOP, NOP]),
            ErrCode.INVALID_FUNC_TYPE_IDX,
        ),
        (wb.wasm(tables=[wb.table(2, 1)]), ErrCode.INVALID_LIMIT),
        (wb.wasm(imports=[("m", "t", "table", wb.table(2, 1))]), ErrCode.INVALID_LIMIT),
        (wb.wasm(memories=[wb.limits(2, 1)]), ErrCode.INVALID_LIMIT),
        (wb.wasm(memories=[wb.limits(65_537)]), ErrCode.INVALID_MEM_PAGES),
        (wb.wasm(memories=[wb.limits(0, 65_537)]), ErrCode.INVALID_MEM_PAGES),
        (wb.wasm(imports=[("m", "m", "memory", wb.limits(65_537))]), ErrCode.INVALID_MEM_PAGES),
    ],
)
def test_types_of_imports_and_definitions(binary: bytes, code: ErrCode) -> None:
    assert refused(binary).code == code


def test_the_function_with_an_unknown_type_is_named() -> None:
    binary = wb.wasm(types=["->"], imports=[("m", "f", "func", 0)], funcs=[0, 7], code=[NOP, NOP])
    assert refused(binary).func_index == 2


def test_limits_at_the_edge_are_fine() -> None:
    validate(wb.wasm(tables=[wb.table(0, 2**32 - 1)], memories=[wb.limits(65_536, 65_536)]))
    validate(wb.wasm(tables=[wb.table(3, 3)], memories=[wb.limits(0)]))


def test_a_shared_memory_has_a_maximum() -> None:
    validate(wb.wasm(memories=[wb.limits(1, 1, shared=True)]), Proposal.THREADS)
    error = refused(wb.wasm(memories=[wb.limits(1, shared=True)]), Proposal.THREADS)
    assert error.message == "shared memory must have maximum"


def test_several_tables_and_memories_need_their_proposals() -> None:
    tables = wb.wasm(imports=[("m", "t", "table", wb.table(1))], tables=[wb.table(1)])
    validate(tables)
    off = (Proposal.REFERENCE_TYPES,)
    assert refused(tables, off=off).code == ErrCode.MULTI_TABLES
    memories = wb.wasm(imports=[("m", "m", "memory", wb.limits(1))], memories=[wb.limits(1)])
    validate(memories, Proposal.MULTI_MEMORIES)
    assert refused(memories).code == ErrCode.MULTI_MEMORIES


# --- exports, start --------------------------------------------------------------------------


def test_export_names_are_different_across_kinds() -> None:
    binary = wb.wasm(
        memories=[wb.limits(1)],
        globals_=[wb.global_("i32", ZERO)],
        exports=[("a", "memory", 0), ("b", "global", 0), ("a", "global", 0)],
    )
    error = refused(binary)
    assert error.code == ErrCode.DUPLICATE_EXPORT_NAME
    assert error.offset is not None
    assert binary[error.offset :].startswith(b"\1a\3\0")


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("func", ErrCode.INVALID_FUNC_IDX),
        ("table", ErrCode.INVALID_TABLE_IDX),
        ("memory", ErrCode.INVALID_MEMORY_IDX),
        ("global", ErrCode.INVALID_GLOBAL_IDX),
    ],
)
def test_exports_name_something(kind: str, code: ErrCode) -> None:
    def binary(index: int) -> bytes:
        return wb.wasm(
            types=["->"],
            imports=[("m", "f", "func", 0), ("m", "t", "table", wb.table(0)), import_global("i32")],
            memories=[wb.limits(0)],
            exports=[("e", kind, index)],
        )

    validate(binary(0))
    assert refused(binary(1)).code == code


@pytest.mark.parametrize("type_", ["i32 ->", "-> i32"])
def test_the_start_function_takes_and_returns_nothing(type_: str) -> None:
    imports = [("m", "f", "func", 0), ("m", "g", "func", 1)]
    types = [type_, "->"]
    validate(wb.wasm(types=types, imports=imports, start=1))
    assert refused(wb.wasm(types=types, imports=imports, start=0)).code == (
        ErrCode.INVALID_START_FUNC
    )
    assert refused(wb.wasm(types=types, imports=imports, start=2)).code == (
        ErrCode.INVALID_FUNC_IDX
    )


# --- constant expressions --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "init"),
    [
        ("i32", "i32.const -1"),
        ("i64", "i64.const -1"),
        ("f32", "f32.const nan"),
        ("f64", "f64.const inf"),
        ("v128", "v128.const " + "ab" * 16),
        ("funcref", "ref.null funcref"),
        ("externref", "ref.null externref"),
        ("funcref", "ref.func 0"),
        ("i32", "global.get 0"),
    ],
)
def test_constant_expressions(type_: str, init: str) -> None:
    validate(with_init(type_, init))


@pytest.mark.parametrize(
    ("type_", "init", "code"),
    [
        ("i32", "", ErrCode.TYPE_CHECK_FAILED),
        ("i32", "i64.const 0", ErrCode.TYPE_CHECK_FAILED),
        ("i32", "i32.const 0 i32.const 0", ErrCode.TYPE_CHECK_FAILED),
        ("funcref", "ref.null externref", ErrCode.TYPE_CHECK_FAILED),
        ("externref", "ref.func 0", ErrCode.TYPE_CHECK_FAILED),
        ("i64", "global.get 0", ErrCode.TYPE_CHECK_FAILED),
        ("funcref", "ref.func 1", ErrCode.INVALID_FUNC_IDX),
        ("i32", "global.get 1", ErrCode.CONST_EXPR_REQUIRED),
        ("i64", "global.get 2", ErrCode.INVALID_GLOBAL_IDX),
        ("i32", "global.get 9", ErrCode.INVALID_GLOBAL_IDX),
        ("i32", "i32.const 0 nop", ErrCode.CONST_EXPR_REQUIRED),
        ("i32", "i32.const 1 i32.eqz", ErrCode.CONST_EXPR_REQUIRED),
        ("i32", "i32.const 1 i32.const 2 i32.add", ErrCode.CONST_EXPR_REQUIRED),
        ("i32", "block i32 i32.const 0 end", ErrCode.CONST_EXPR_REQUIRED),
        ("i32", "call 0", ErrCode.CONST_EXPR_REQUIRED),
    ],
)
def test_expressions_that_are_not_constant_or_of_another_type(
    type_: str, init: str, code: ErrCode
) -> None:
    error = refused(with_init(type_, init))
    assert error.code == code
    assert error.offset is not None


@pytest.mark.parametrize(
    ("type_", "init", "code"),
    [
        ("i32", "global.get 0 i32.const 2 i32.add", None),
        ("i64", "i64.const 3 i64.const 2 i64.const 1 i64.sub i64.mul", None),
        ("i32", "i32.const 1 i32.add", ErrCode.TYPE_CHECK_FAILED),
        ("i32", "i64.const 1 i32.const 1 i32.mul", ErrCode.TYPE_CHECK_FAILED),
        ("i64", "i32.const 1 i32.const 1 i32.sub", ErrCode.TYPE_CHECK_FAILED),
        ("i32", "i32.const 1 i32.const 1 i32.and", ErrCode.CONST_EXPR_REQUIRED),
    ],
)
def test_extended_constant_expressions(type_: str, init: str, code: ErrCode | None) -> None:
    binary = with_init(type_, init)
    if code is None:
        validate(binary, Proposal.EXTENDED_CONST)
    else:
        assert refused(binary, Proposal.EXTENDED_CONST).code == code


# --- segments --------------------------------------------------------------------------------


def segments(*elements: bytes, datas: tuple[bytes, ...] = ()) -> bytes:
    return wb.wasm(
        types=["->"],
        funcs=[0],
        tables=[wb.table(1), wb.table(1, element=ValType.EXTERNREF)],
        memories=[wb.limits(1)],
        elements=elements,
        code=[NOP],
        datas=datas,
    )


@pytest.mark.parametrize(
    ("element", "code"),
    [
        (wb.element(ZERO, [0]), None),
        (wb.element(ZERO, [0, 1]), ErrCode.INVALID_FUNC_IDX),
        (wb.element("i64.const 0", [0]), ErrCode.TYPE_CHECK_FAILED),
        (b"\2\1" + wb.expr(ZERO) + b"\0\0", ErrCode.TYPE_CHECK_FAILED),
        (b"\2\2" + wb.expr(ZERO) + b"\0\0", ErrCode.INVALID_TABLE_IDX),
        (b"\6\1" + wb.expr(ZERO) + b"\x6f" + wb.vec([wb.expr("ref.null externref")]), None),
        (b"\5\x70" + wb.vec([wb.expr("ref.null externref")]), ErrCode.TYPE_CHECK_FAILED),
        (b"\5\x70" + wb.vec([wb.expr("ref.func 1")]), ErrCode.INVALID_FUNC_IDX),
        (b"\5\x70" + wb.vec([wb.expr(ZERO)]), ErrCode.TYPE_CHECK_FAILED),
        (b"\3\0\1\1", ErrCode.INVALID_FUNC_IDX),
    ],
)
def test_element_segments(element: bytes, code: ErrCode | None) -> None:
    if code is None:
        validate(segments(element))
    else:
        assert refused(segments(element)).code == code


def test_data_segments() -> None:
    validate(segments(datas=(wb.data(ZERO, b"x"), b"\1\0")))
    validate(wb.wasm(datas=[b"\1\1x"]))
    error = refused(segments(datas=(wb.data("f32.const 0", b"x"),)))
    assert error.code == ErrCode.TYPE_CHECK_FAILED
    assert refused(wb.wasm(datas=[wb.data(ZERO, b"")])).code == ErrCode.INVALID_MEMORY_IDX
    error = refused(segments(datas=(b"\2\1" + wb.expr(ZERO) + b"\0",)))
    assert error.code == ErrCode.INVALID_MEMORY_IDX


# --- order, declared functions ---------------------------------------------------------------


def test_the_first_fault_in_the_order_of_the_validator_is_reported() -> None:
    faults: list[tuple[dict[str, object], ErrCode]] = [
        ({"imports": [("m", "f", "func", 9)]}, ErrCode.INVALID_FUNC_TYPE_IDX),
        ({"tables": [wb.table(2, 1)]}, ErrCode.INVALID_LIMIT),
        ({"memories": [wb.limits(65_537), wb.limits(1)]}, ErrCode.INVALID_MEM_PAGES),
        ({"globals_": [wb.global_("i32", "i64.const 0")]}, ErrCode.TYPE_CHECK_FAILED),
        ({"exports": [("x", "global", 5)]}, ErrCode.INVALID_GLOBAL_IDX),
        ({"start": 7}, ErrCode.INVALID_FUNC_IDX),
        ({"elements": [b"\2\7" + wb.expr(ZERO) + b"\0\0"]}, ErrCode.INVALID_TABLE_IDX),
        ({"datas": [b"\2\7" + wb.expr(ZERO) + b"\0"]}, ErrCode.INVALID_MEMORY_IDX),
    ]
    for first in range(len(faults)):
        parts: dict[str, object] = {}
        for part, _ in faults[first:]:
            parts |= part
        assert refused(wb.wasm(**parts)).code == faults[first][1]  # type: ignore[arg-type]


def test_declared_functions_are_those_named_outside_bodies() -> None:
    binary = wb.wasm(
        types=["->"],
        funcs=[0] * 8,
        globals_=[wb.global_("funcref", "ref.func 1")],
        exports=[("e", "func", 2), ("g", "global", 0)],
        start=3,
        tables=[wb.table(9)],
        elements=[
            wb.element(ZERO, [4]),
            b"\3\0" + wb.vec([wb.uleb(5)]),
            b"\5\x70" + wb.vec([wb.expr("ref.func 6"), wb.expr("ref.null funcref")]),
        ],
        code=[NOP] * 8,
    )
    assert declared_functions(load(binary, Configure())) == {1, 2, 4, 5, 6}
