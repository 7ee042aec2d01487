"""Scalar numeric instructions, with variable and with constant operands, against a plain model."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import pytest
import wasmbuild as wb
from numeric_model import agrees, evaluate, from_float, signed, to_float

from pywasmedge import VM, Configure, ErrCode, Tier, Trap
from pywasmedge.isa.opcodes import SCALAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pywasmedge import Exports
    from pywasmedge.isa.row import Row

ROWS = [
    row
    for row in SCALAR
    if (0x67 <= row.code <= 0xC4 and not row.prefix) or (row.prefix == 0xFC and row.code < 8)
]
"""Arithmetic and conversions."""

INTEGERS = [0, 1, 2, 3, 7, 31, 32, 33, 63, 0x80, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]
WIDE = [1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, (1 << 53) + 1, 0x7FFFFF4000000001]
REALS = [0.0, 0.5, 0.75, 1.0, 1.5, 2.5, 1e10, 2.0**31, 2.0**31 - 1, 2.0**32, 2.0**63, 2.0**64]
EDGES = [2.0**32 - 0.5, 2.0**31 + 0.5, 2.0**31 + 1, 0.99999994, 8388609.0, 1e-40, math.inf, 3e38]
NANS = {32: [0x7FC00000, 0x7FA00000, 0x7F800001, 0xFFC12345], 64: [0x7FF8 << 48, 0x7FF4 << 48]}

INT_OF = {"i32": "i32", "i64": "i64", "f32": "i32", "f64": "i64"}


def samples(type_: str) -> list[int]:
    """Bit patterns of operands that are likely to be special."""
    width = int(type_[1:])
    if type_[0] == "i":
        return [value for value in INTEGERS + WIDE if value < 1 << width]
    numbers = [sign * value for value in REALS + EDGES for sign in (1.0, -1.0)]
    return [from_float(value, width) for value in numbers] + NANS[width]


def constants(type_: str) -> list[str]:
    """Immediates of constants that a compiler may treat specially."""
    if type_[0] == "i":
        return ["0", "1", "-1", "7", "33"]
    return ["0.0", "-0.0", "1.0", "-1.0", "2.0", "inf", "-inf", "nan"]


def get(type_: str, index: int) -> str:
    """Instructions that push parameter ``index``, which comes as an integer."""
    load = f"local.get {index}"
    return load if type_[0] == "i" else f"{load} {type_}.reinterpret_{INT_OF[type_]}"


class Case:
    """An instruction, some of whose operands may be constant, as a function on integers."""

    def __init__(self, row: Row, fixed: dict[int, str]) -> None:
        params, _, results = row.type.partition("->")
        self.row, self.fixed = row, fixed
        self.operands, self.result = params.split(), results.strip()

    @property
    def body(self) -> bytes:
        """The function's code."""
        text = [
            f"{type_}.const {self.fixed[i]}" if i in self.fixed else get(type_, i)
            for i, type_ in enumerate(self.operands)
        ]
        text.append(self.row.mnemonic)
        if self.result[0] == "f":
            text.append(f"{INT_OF[self.result]}.reinterpret_{self.result}")
        return wb.body(" ".join(text))

    @property
    def type(self) -> str:
        """The function's type."""
        return f"{' '.join(map(INT_OF.get, self.operands))} -> {INT_OF[self.result]}"

    def inputs(self) -> Iterator[tuple[int, ...]]:
        """Combinations of operands, as bits."""
        choices = []
        for i, type_ in enumerate(self.operands):
            fixed, width = self.fixed.get(i), int(type_[1:])
            if fixed is None:
                choices.append(samples(type_))
            elif type_[0] == "i":
                choices.append([int(fixed) & (1 << width) - 1])
            else:
                choices.append([from_float(float(fixed), width)])
        return itertools.product(*choices)


def cases() -> list[Case]:
    """Every instruction with variable operands, and with each constant in each place."""
    found = []
    for row in ROWS:
        found.append(Case(row, {}))
        operands = found[-1].operands
        if len(operands) == 2:
            for place, type_ in enumerate(operands):
                found += [Case(row, {place: text}) for text in constants(type_)]
    return found


def module(all_cases: Sequence[Case]) -> bytes:
    """One exported function per case."""
    types = sorted({case.type for case in all_cases})
    return wb.wasm(
        types=types,
        funcs=[types.index(case.type) for case in all_cases],
        exports=[(f"f{i}", "func", i) for i in range(len(all_cases))],
        code=[case.body for case in all_cases],
    )


def exports(binary: bytes, tier: Tier) -> Exports:
    """The exports of an instance."""
    vm = VM(Configure(tier=tier, lazy=False))
    vm.load_wasm_from_bytes(binary)
    vm.validate()
    return vm.instantiate().exports


@pytest.mark.parametrize("tier", [Tier.QUICK, Tier.OPTIMISED], ids=lambda tier: tier.name.lower())
def test_results(tier: Tier) -> None:
    all_cases = cases()
    functions = exports(module(all_cases), tier)
    wrong = []
    for i, case in enumerate(all_cases):
        function, width = functions[f"f{i}"], int(case.result[1:])
        for operands in case.inputs():
            try:
                bits = function(*operands) & (1 << width) - 1
            except Trap as trap:
                bits = trap.code
            if not agrees(evaluate(case.row.mnemonic, operands), bits):
                wrong.append((case.row.mnemonic, case.fixed, [*map(hex, operands)], hex(bits)))
    assert not wrong, wrong[:10]


def test_the_model_knows_single_rounding() -> None:
    """An i64 that two roundings would take to another float."""
    bits = evaluate("f32.convert_i64_s", [0x7FFFFF4000000001])
    assert to_float(int(bits), 32) == 9223371487098961920.0
    assert signed(0x80, 8) == -128


@pytest.mark.parametrize(
    "between",
    [
        "",
        "f64.neg",
        "f64.abs",
        "f64.const 1.0 f64.copysign",
        "f64.const 3.0 local.get 0 select",
        "local.set 1 local.get 1",
        "i64.reinterpret_f64 f64.reinterpret_i64",
        "f64x2.splat f64x2.extract_lane 1",
    ],
)
def test_promoting_and_demoting_quiets(between: str) -> None:
    """A signalling NaN does not come back as it was, whatever is between the conversions."""
    code = f"local.get 0 f32.reinterpret_i32 f64.promote_f32 {between} f32.demote_f64"
    binary = wb.wasm(
        types=["i32 -> i32"],
        funcs=[0],
        exports=[("f", "func", 0)],
        code=[wb.body(f"{code} i32.reinterpret_f32", [(1, "f64")])],
    )
    result = exports(binary, Tier.OPTIMISED).f(0x7FA00000)
    assert result & 0x7FFFFFFF == 0x7FE00000


def test_traps_leave_the_instance_usable() -> None:
    binary = wb.wasm(
        types=["i32 i32 -> i32"],
        funcs=[0],
        exports=[("div", "func", 0)],
        code=[wb.body("local.get 0 local.get 1 i32.div_s")],
    )
    functions = exports(binary, Tier.AUTO)
    for _ in range(3):
        with pytest.raises(Trap) as trap:
            functions.div(1, 0)
        assert trap.value.code == ErrCode.DIVIDE_BY_ZERO
        with pytest.raises(Trap) as trap:
            functions.div(-(2**31), -1)
        assert trap.value.code == ErrCode.INTEGER_OVERFLOW
        assert functions.div(-7, 2) == -3
