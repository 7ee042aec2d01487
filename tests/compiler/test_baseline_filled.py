"""Quick code: forms of instructions for small numbers do what the others do, and are used."""

from __future__ import annotations

import pytest
import wasmbuild as wb

from pywasmedge import VM, Configure, Tier, Trap
from pywasmedge.compiler.baseline.filled import Accesses, Branches, Filled, immediate, simple
from pywasmedge.compiler.baseline.stencil import available, load
from pywasmedge.isa.opcodes import SCALAR

pytestmark = pytest.mark.skipif(not available(), reason="no stencils for this processor")

BORDERS = [0, 1, -1, 31, 32, 63, 64, 127, 128, -128, -129, 1023, 4096, 2**31 - 1, -(2**31)]
VALUES = [0, 1, 5, -7, 127, -128, 2**31 - 1, -(2**31)]
BINARY = [
    row.mnemonic
    for row in SCALAR
    if row.type.startswith(("i32 i32 ->", "i64 i64 ->")) and not row.immediates and not row.prefix
]
LOCALS = 40
"""More than one-byte displacements reach."""
REGISTERS = 4


def outcome(vm: VM, name: str, *args: int) -> object:
    try:
        return vm.execute(name, *args)
    except Trap as trap:
        return str(trap.code)


@pytest.mark.parametrize("mnemonic", BINARY)
def test_binary_instructions(mnemonic: str) -> None:
    """Constants in the instruction, operands in the frame, near and far, in all registers."""
    type_ = mnemonic[:3]
    result = next(row.type for row in SCALAR if row.mnemonic == mnemonic).split("-> ")[1]
    kept = 2 if result == type_ else LOCALS + 2
    bodies, names = [], []

    def add(name: str, code: str) -> None:
        names.append(name)
        bodies.append(wb.body(code, [(LOCALS, type_), (1, "i32")]))

    add("variable", f"local.get 0 local.get 1 {type_}.const 0 {type_}.or {mnemonic}")
    for number in BORDERS:
        for at in range(REGISTERS):
            below, drops = f"{type_}.const 9 " * at, "drop " * at
            code = f"{below} local.get 0 {type_}.const {number} {mnemonic} local.set {kept} {drops}"
            add(f"{number} constant {at}", f"{code} local.get {kept}")
        if result == "i32":
            code = f"local.get 0 {type_}.const {number} {mnemonic}"
            add(f"{number} branch", f"{code} if i32 i32.const 1 else i32.const 0 end")
    for index in (2, 5, 9, 10, LOCALS):
        code = f"local.get 1 local.set {index} local.get 0 local.get {index} {mnemonic}"
        add(f"any slot {index}", code)
    binary = wb.wasm(
        types=[f"{type_} {type_} -> {result}"],
        funcs=[0] * len(bodies),
        exports=[(name, "func", i) for i, name in enumerate(names)],
        code=bodies,
    )
    vm = VM(Configure(tier=Tier.QUICK))
    vm.load_wasm(binary)
    vm.validate()
    vm.instantiate()
    for value in VALUES:
        for number in BORDERS:
            expected = outcome(vm, "variable", value, number)
            for name in names:
                if name.startswith((f"{number} ", "any ")):
                    found = outcome(vm, name, value, number)
                    truth = name.endswith("branch") and isinstance(expected, int)
                    assert found == (bool(expected) if truth else expected), (name, value, number)


@pytest.mark.parametrize("offset", [0, 8, 120, 127, 128, 1024, 4095, 4096, 60000])
def test_accesses(offset: int) -> None:
    code = ""
    for number in (5, -128, 128, -(2**31)):
        code += f"local.get 0 i32.const {number} i32.store 2 {offset} "
        code += (
            f"local.get 0 i32.load 2 {offset} i32.const {number} i32.ne if void unreachable end "
        )
        code += f"local.get 0 local.get 1 i32.store 2 {offset} "
        code += f"local.get 0 i32.load 2 {offset} local.get 1 i32.ne if void unreachable end "
        code += f"local.get 0 i64.const {number} i64.store 3 {offset} "
        code += (
            f"local.get 0 i64.load 3 {offset} i64.const {number} i64.ne if void unreachable end "
        )
        code += f"local.get 0 i32.const {number} i32.store8 0 {offset} "
        code += f"local.get 0 i32.load8_u 0 {offset} i32.const {number & 255} i32.ne "
        code += "if void unreachable end "
    code += f"local.get 0 f64.const 1.5 f64.store 3 {offset} local.get 0 i32.load 2 {offset + 4}"
    binary = wb.wasm(
        types=["i32 i32 -> i32"],
        funcs=[0],
        memories=[wb.limits(1)],
        exports=[("run", "func", 0)],
        code=[wb.body(code)],
    )
    vm = VM(Configure(tier=Tier.QUICK))
    assert vm.run_wasm_from_bytes(binary, "run", 16, 77) == 0x3FF80000


def test_small_numbers_have_shorter_code() -> None:
    stencils = load()
    for type_ in ("i32", "i64"):
        for name in ("add", "sub", "and", "or", "xor", "mul"):
            for register in range(REGISTERS):
                filled = Filled(stencils[f"{type_}.{name}", "i", register])
                assert len(filled[5]) == len(filled[-128]) == len(filled[128]) - 3 <= 4
    for register in range(REGISTERS):
        shift = stencils["i64.shl", "i", register]
        assert len(Filled(shift)[40]) == len(immediate(shift)[0]) + 1 == 4
        assert len(Filled(stencils["i32.load", "r", register])[8]) == 5
        assert len(Filled(stencils["i32.add", "s", register])[-48]) <= 4
        branches = Branches(stencils["i32.lt_s", "iT", register])
        assert branches[5][1] == branches[500][1] - 3
        constant = Accesses(stencils["i32.store", "i", register])
        assert len(constant[8][700]) == len(constant[800][700]) - 3


def test_divisions_are_not_filled_with_constants() -> None:
    """LLVM takes a symbol for another number than 0."""
    stencils = load()
    for name in ("div_s", "div_u", "rem_s", "rem_u"):
        assert not simple(stencils[f"i64.{name}", "i", 0])
