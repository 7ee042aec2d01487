"""What was stored before a trap has happened, whichever code generator made the code.

Every function sets a global, a byte of memory and an element of a table, does something that traps
if its argument says so, and takes all three back.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import wasmbuild as wb
from metering import unguarded

from pywasmedge import VM, Compiler, Configure, Tier, Trap
from pywasmedge.base.config import OutputFormat, Proposal
from pywasmedge.base.errors import ErrCode
from pywasmedge.code.compiled import CompiledModule

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = 65536

TRAPS = {
    "unreachable": ("local.get 0 if void unreachable end", ErrCode.UNREACHABLE),
    "i32.div_u": ("i32.const 5 local.get 0 i32.eqz i32.div_u drop", ErrCode.DIVIDE_BY_ZERO),
    "i64.rem_s": (
        "i64.const 5 local.get 0 i32.eqz i64.extend_i32_u i64.rem_s drop",
        ErrCode.DIVIDE_BY_ZERO,
    ),
    "i32.div_s": (
        "i32.const -2147483648 i32.const 1 i32.const -1 local.get 0 i32.eqz select i32.div_s drop",
        ErrCode.INTEGER_OVERFLOW,
    ),
    "i32.trunc_f32_s": (
        "f32.const 1.0 f32.const 1e30 local.get 0 i32.eqz select i32.trunc_f32_s drop",
        ErrCode.INTEGER_OVERFLOW,
    ),
    "i64.trunc_f64_u": (
        "f64.const 1.0 f64.const nan local.get 0 i32.eqz select i64.trunc_f64_u drop",
        ErrCode.INVALID_CONV_TO_INT,
    ),
    "table.get": ("i32.const 9 local.get 0 i32.mul table.get 0 drop", ErrCode.TABLE_OUT_OF_BOUNDS),
    "table.set": (
        "local.get 0 i32.const 4 i32.add ref.null funcref table.set 0",
        ErrCode.TABLE_OUT_OF_BOUNDS,
    ),
    "call_indirect outside": (
        "i32.const 9 local.get 0 i32.mul call_indirect 1 0",
        ErrCode.UNDEFINED_ELEMENT,
    ),
    "call_indirect null": (
        "i32.const 2 local.get 0 i32.mul call_indirect 1 0",
        ErrCode.UNINITIALIZED_ELEMENT,
    ),
    "call_indirect mismatch": (
        "local.get 0 call_indirect 1 0",
        ErrCode.INDIRECT_CALL_TYPE_MISMATCH,
    ),
    "table.fill": (
        "i32.const 0 ref.null funcref local.get 0 i32.const 9 i32.mul table.fill 0",
        ErrCode.TABLE_OUT_OF_BOUNDS,
    ),
    "memory.fill": (
        f"i32.const {PAGE} i32.const 0 local.get 0 memory.fill 0",
        ErrCode.MEMORY_OUT_OF_BOUNDS,
    ),
    "memory.grow": (
        "i32.const 9 memory.grow 0 i32.const -1 i32.eq local.get 0 i32.and if void unreachable end",
        ErrCode.UNREACHABLE,
    ),
    "load": (
        f"local.get 0 i32.const {PAGE} i32.mul i32.load 2 0 drop",
        ErrCode.MEMORY_OUT_OF_BOUNDS,
    ),
    "store": (
        f"local.get 0 i32.const {PAGE} i32.mul f64.const 1.0 f64.store 2 0",
        ErrCode.MEMORY_OUT_OF_BOUNDS,
    ),
    "atomic": ("local.get 0 i32.atomic.load 2 0 drop", ErrCode.UNALIGNED_ATOMIC_ACCESS),
}
"""What traps if the first local is 1, and how. Function 0, of type 1, does nothing."""

SET = (
    "i32.const 1 global.set 0 i32.const 16 i32.const 1 i32.store8 0 0 "
    "i32.const 3 ref.func 0 table.set 0 "
)
CLEAR = (
    " i32.const 0 global.set 0 i32.const 16 i32.const 0 i32.store8 0 0 "
    "i32.const 3 ref.null funcref table.set 0 "
)
TURN = "local.get 1 i32.const 1 i32.add local.tee 1 i32.const 3 i32.lt_u br_if 0 end"
SHAPES = {
    "leaf": [SET + "{}" + CLEAR],
    "in an inlined function": [SET + "local.get 0 call {}" + CLEAR, "{}"],
    "in a function with a loop": [SET + "local.get 0 call {}" + CLEAR, "loop void {} " + TURN],
    "in a loop": ["loop void " + SET + "{}" + CLEAR + TURN],
    "in its last turn": [
        "local.get 0 local.set 2 loop void "
        + SET
        + "local.get 2 local.get 1 i32.const 2 i32.eq i32.and local.set 0 {}"
        + CLEAR
        + TURN
    ],
}
"""Bodies of functions that call each other; the last one traps."""


@cache
def program() -> bytes:
    """A module with a function for every trap in every shape; ``i32.const 9`` is past the table."""
    bodies = [wb.body("nop"), wb.body("local.get 0")]
    exports = [("global", "global", 0), ("memory", "memory", 0), ("table", "table", 0)]
    for trap, (text, _) in TRAPS.items():
        for shape, texts in SHAPES.items():
            exports.append((f"{trap} {shape}", "func", len(bodies)))
            for outer in texts[:-1]:
                bodies.append(wb.body(outer.format(len(bodies) + 1), [(2, "i32")]))
            bodies.append(wb.body(texts[-1].format(text), [(2, "i32")]))
    return wb.wasm(
        types=["i32 ->", "->", "i32 -> i32"],
        funcs=[1, 2, *[0] * (len(bodies) - 2)],
        tables=[wb.table(5, 5)],
        memories=[wb.limits(1, 1)],
        globals_=[wb.global_("i32", "i32.const 0", mutable=True)],
        exports=exports,
        elements=[wb.element("i32.const 0", [0, 1])],
        code=bodies,
    )


def configure(**settings: Any) -> Configure:
    made = Configure(cache="off", **settings)
    made.add_proposal(Proposal.THREADS)
    return made


METERED = {"instruction_counting": True, "cost_measuring": True}
EXACT: dict[str, dict[str, Any]] = {
    "exact": {"tier": Tier.OPTIMISED, "lazy": False, "exact_traps": True},
    "hot, exact": {"tier": Tier.AUTO, "exact_traps": True},
    "metered, exact": {"tier": Tier.OPTIMISED, "lazy": False, "exact_traps": True, **METERED},
    "ahead, exact": {"output_format": OutputFormat.WASM, "exact_traps": True},
}
WAYS: dict[str, dict[str, Any]] = {
    "quick": {"tier": Tier.QUICK},
    "optimised": {"tier": Tier.OPTIMISED, "lazy": False},
    "checked": {"tier": Tier.OPTIMISED, "lazy": False},
    "metered": {"tier": Tier.OPTIMISED, "lazy": False, **METERED},
    "hot": {"tier": Tier.AUTO},
    "ahead": {"output_format": OutputFormat.WASM},
    "ahead, metered": {"output_format": OutputFormat.WASM, **METERED},
    **EXACT,
}
"""How code is made."""


def started(way: str, binary: bytes, monkeypatch: pytest.MonkeyPatch) -> VM:
    """A VM with an instance of ``binary``, whose code is made in a certain way."""
    made = configure(**WAYS[way])
    if way.startswith("ahead"):
        binary = Compiler(made).compile_bytes(binary)
        monkeypatch.setattr(CompiledModule, "_make", None)  # there is nothing left to compile
    if way == "checked":
        unguarded(monkeypatch)
    vm = VM(made)
    vm.load_wasm(binary)
    vm.validate()
    instance = vm.instantiate()
    if way.startswith("hot"):
        code = instance._core.compiled
        code.ensure_all()
        for index in range(len(code.module.funcs)):
            code.improvement(index).make()
    return vm


@pytest.mark.parametrize("way", WAYS)
def test_explicit_traps(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    vm = started(way, program(), monkeypatch)
    assert vm.active_module is not None
    exports = vm.active_module.exports

    def state() -> tuple[object, ...]:
        return exports["global"].value, exports.memory.read(16, 1), exports.table.get(3) is not None

    for trap, (_, code) in TRAPS.items():
        for shape in SHAPES:
            call = exports[f"{trap} {shape}"]
            call(0)
            assert state() == (0, b"\0", False), (trap, shape)
            with pytest.raises(Trap) as caught:
                call(1)
            assert caught.value.code == code, (trap, shape)
            assert state() == (1, b"\1", True), (trap, shape)


LOAD = "local.get 0 i32.load 0 0 "
KEEP = "i32.const 0 local.get 1 i32.store 2 0"
FAULTS = {
    "then return": LOAD + "local.set 1 local.get 0 if void return end " + KEEP,
    "then unreachable": LOAD + "local.set 1 local.get 0 if void unreachable end " + KEEP,
    "then division": LOAD + "local.set 1 i32.const 1 local.get 0 i32.eqz i32.div_u drop " + KEEP,
    "then table": LOAD + "local.set 1 local.get 0 table.get 0 drop " + KEEP,
    "then loop": LOAD + "local.set 1 loop void local.get 0 br_if 0 end " + KEEP,
    "store then unreachable": "local.get 0 i32.const 1 i32.store 0 0 "
    "local.get 0 if void unreachable end local.get 0 i32.const 2 i32.store 0 0",
    "and 0": "i32.const 0 " + LOAD + "i32.const 0 i32.and i32.store 2 0",
    "and 255": "i32.const 0 " + LOAD + "i32.const 255 i32.and i32.store 2 0",
    "one lane": "i32.const 0 local.get 0 v128.load 0 0 i8x16.extract_lane_u 0 i32.store 2 0",
    "lanes extended": "i32.const 0 local.get 0 v128.load8x8_s 0 0 "
    "i16x8.extract_lane_s 0 i32.store 2 0",
    "float": "i32.const 0 local.get 0 f32.load 0 0 f32.const 0.0 local.get 0 i32.eqz select "
    "f32.store 2 0",
    "byte": "local.get 0 i32.load8_s 0 3 local.set 1 local.get 0 if void return end " + KEEP,
    "put back": "local.get 0 local.get 0 i32.load 0 0 i32.store 0 0",
    "one of two": LOAD
    + "local.get 0 local.get 0 if void return end i32.const 0 select local.set 1 "
    "i32.const 0 i32.const 0 i32.store 2 0",
    "same targets": "block void " + LOAD + "br_table 1 0 0 end",
    "turns": "loop void "
    + LOAD
    + "local.set 1 local.get 2 i32.const 1 i32.add local.tee 2 i32.const 3"
    " i32.lt_u br_if 0 end",
    "in a call": "local.get 0 call {} local.set 1 local.get 0 if void return end " + KEEP,
    "in a call with a loop": "local.get 0 call {} local.set 1 local.get 0 if void return end "
    + KEEP,
    "in a call unused": "local.get 0 call {} drop",
}
"""What accesses memory at the first parameter, and may trap otherwise or return behind that."""

CALLEES = {
    "in a call": LOAD,
    "in a call with a loop": LOAD
    + "local.set 1 loop void local.get 2 i32.const 1 i32.add local.tee 2 i32.const 3 i32.lt_u "
    "br_if 0 end local.get 1",
    "in a call unused": LOAD,
}


@cache
def faulting() -> bytes:
    """A module with the functions of ``FAULTS``, and those they call."""
    bodies: list[bytes] = []
    types: list[int] = []
    exports = []
    for name, text in FAULTS.items():
        exports.append((name, "func", len(bodies)))
        bodies.append(wb.body(text.format(len(bodies) + 1), [(2, "i32")]))
        types.append(0)
        if name in CALLEES:
            bodies.append(wb.body(CALLEES[name], [(2, "i32")]))
            types.append(1)
    return wb.wasm(
        types=["i32 ->", "i32 -> i32"],
        funcs=types,
        tables=[wb.table(1, 1)],
        memories=[wb.limits(1, 1)],
        exports=exports,
        code=bodies,
    )


@pytest.mark.parametrize("way", WAYS)
def test_accesses_trap_in_their_turn(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    vm = started(way, faulting(), monkeypatch)
    for name in FAULTS:
        assert vm.execute(name, 0) is None
        for address in (PAGE - 2, -1):
            code = None
            try:
                vm.execute(name, address)
            except Trap as trap:
                code = trap.code
            assert code == ErrCode.MEMORY_OUT_OF_BOUNDS, (name, address)


INNERMOST = {
    "sum of no use": "local.get 1 local.get 0 i32.load 2 0 i32.add local.set 1",
    "fill": "local.get 0 local.get 2 i32.store 2 0",
    "copy": "local.get 0 local.get 0 i32.const 400 i32.sub i32.load 2 0 i32.store 2 0",
    "set and clear": "i32.const 16 i32.const 1 i32.store8 0 0 local.get 0 i32.load 2 0 local.get 1 "
    "i32.add local.set 1 i32.const 16 i32.const 0 i32.store8 0 0",
    "two directions": "local.get 0 local.get 2 i32.store 2 0 "
    f"i32.const {PAGE} local.get 0 i32.sub local.get 2 i32.store 2 0",
    "part": "local.get 1 local.get 0 i32.load 0 2 i32.const 255 i32.and i32.add local.set 1",
}
"""Bodies of loops over addresses from the first local to the end of the memory and beyond."""


@cache
def innermost() -> bytes:
    step = "local.get 0 i32.const 4 i32.add local.set 0 "
    step += "local.get 2 i32.const 1 i32.add local.tee 2 i32.const 1000 i32.lt_u br_if 0 end "
    result = "i32.const 12 local.get 1 i32.const 0 i32.and i32.store 2 0"
    return wb.wasm(
        types=["i32 ->"],
        funcs=[0] * len(INNERMOST),
        memories=[wb.limits(1, 1)],
        exports=[("memory", "memory", 0), *((n, "func", i) for i, n in enumerate(INNERMOST))],
        code=[
            wb.body(f"loop void {text} {step}{result}", [(2, "i32")]) for text in INNERMOST.values()
        ],
        datas=[wb.data("i32.const 60000", bytes(range(256)))],
    )


@pytest.mark.parametrize("way", EXACT)
def test_exact_loops(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is vectorised otherwise."""

    def outcomes(vm: VM) -> Iterator[tuple[object, ...]]:
        assert vm.active_module is not None
        memory = vm.active_module.exports.memory
        for name in INNERMOST:
            for start in (PAGE - 2000, PAGE - 1002, 1000):
                code = None
                try:
                    vm.execute(name, start)
                except Trap as trap:
                    code = trap.code
                yield name, start, code, memory.read(0, PAGE)

    quick = list(outcomes(started("quick", innermost(), monkeypatch)))
    assert {code for _, _, code, _ in quick} == {None, ErrCode.MEMORY_OUT_OF_BOUNDS}
    assert list(outcomes(started(way, innermost(), monkeypatch))) == quick


@pytest.mark.parametrize(
    ("value", "exact"), [("1", True), ("on", True), ("0", False), ("off", False), ("", False)]
)
def test_environment(value: str, exact: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYWASMEDGE_EXACT_TRAPS", value)
    assert Configure().exact_traps is exact
    assert Configure().copy().exact_traps is exact
    assert not Configure(exact_traps=False).exact_traps
