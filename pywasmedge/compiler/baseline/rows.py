"""Instructions that are stencils: those whose type is fixed by their row."""

from __future__ import annotations

from ...base.types import ValType
from . import x86_64 as machine
from .operands import CONST, LOCAL, REG, SPILL, Const, in_register, spilled
from .state import I32, MASK, V128, WORD, State, UnsupportedError, register
from .stencil import REGISTERS
from .stencil import load as load_stencils

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from ...isa.row import Row


CODES = {str(t): int(t) for t in ValType}
NEAR_OFFSET = (1 << 31) - 16
"""Offsets of memory accesses below this fit into the instructions."""


class Rows(State):
    """Instructions of the table."""

    def simple(self, row: Row) -> Callable[..., None]:
        """The function that emits an instruction of ``row``."""
        params, _, results = row.type.partition("->")
        types = [CODES[name] for name in params.split()]
        result = [CODES[name] for name in results.split()]
        if row.mnemonic == "v128.const":
            constant = self._constant(V128)
            return lambda data: constant(int.from_bytes(data, "little"))
        if row.mnemonic.endswith(".const"):
            return self._constant(result[0])
        if row.mnemonic == "i8x16.shuffle":
            return self._shuffle
        if row.prefix == 0xFD:
            return self._vector(row, types, result)
        if row.prefix == 0xFE or (row.mnemonic, "m", 0) in self.stencils:
            return self._in_frame(row, types, result)
        if (row.mnemonic, "r", 0) not in self.stencils:
            return self._unsupported
        if row.immediates:
            return self._access(row, types, result)
        if len(types) == 1:
            return self._unary(row, types[0], result[0])
        return self._binary(row, types, result[0])

    def _unsupported(self, *immediates: object) -> None:
        raise UnsupportedError

    def _constant(self, type_: int) -> Callable[[int], None]:
        known: dict[int, Const] = {}
        push = self.operands.append

        def constant(value: int) -> None:
            operand = known.get(value)
            if operand is None:
                operand = known[value] = Const(type_, value)
            push(operand)

        return constant

    def _unary(self, row: Row, type_: int, result: int) -> Callable[[], None]:
        operands, code, stencils = self.operands, self.code, self.stencils
        forms = [stencils[row.mnemonic, "r", i] for i in range(REGISTERS)]
        done = in_register(result)
        plain = all(not holes for _, holes in forms)
        branches = (row.mnemonic, "rT", 0) in stencils

        def unary() -> None:
            at = len(operands) - 1
            if operands[at].kind:
                self.to_register(at)
            q = at & MASK
            if branches:
                self._compared(row.mnemonic, "r", at, 0)
                return
            if plain:
                code.extend(forms[q][0])
            else:
                self.place_stencil(forms[q], {})
            operands[at] = done

        return unary

    def _binary(self, row: Row, types: Sequence[int], result: int) -> Callable[[], None]:
        operands, code, stencils = self.operands, self.code, self.stencils
        name = row.mnemonic
        if (name, "rT", 0) in stencils:
            return self._comparison(name)
        in_regs = [stencils[name, "r", i] for i in range(REGISTERS)]
        plain = [text for text, holes in in_regs if not holes]
        with_slot = self._simple_stencil(name, "s")
        with_number = self._simple_stencil(name, "i")
        done = in_register(result)

        def binary() -> None:
            nonlocal code
            other = operands.pop()
            at = len(operands) - 1
            q = at & MASK
            if operands[at].kind:
                self.to_register(at)
            kind = other.kind
            if kind == REG:
                pass
            elif kind == LOCAL and with_slot is not None:
                before, after = with_slot[q]
                code += before + other.disp + after
                operands[at] = done
                return
            elif kind == CONST and with_number is not None and other.imm is not None:
                before, after = with_number[q]
                code += before + other.imm + after
                operands[at] = done
                return
            elif kind == SPILL and with_slot is not None:
                before, after = with_slot[q]
                code += before + self.place(at + 1).disp + after
                operands[at] = done
                return
            else:
                operands.append(other)
                self.to_register(at + 1)
                operands.pop()
            if plain:
                code += plain[q]
            else:
                self.place_stencil(in_regs[q], {})
            operands[at] = done

        return binary

    def _comparison(self, name: str) -> Callable[[], None]:
        operands = self.operands

        def comparison() -> None:
            other = operands.pop()
            at = len(operands) - 1
            if operands[at].kind:
                self.to_register(at)
            kind = other.kind
            form = "r"
            number = 0
            if kind == LOCAL:
                form = "s"
            elif kind == CONST and other.imm is not None:
                form = "i"
            elif kind == SPILL:
                form, number = "s", self.place(at + 1).number
            elif kind != REG:
                operands.append(other)
                self.to_register(at + 1)
                operands.pop()
            if form != "r" and kind != SPILL:
                number = other.number
            self._compared(name, form, at, number)

        return comparison

    def _compared(self, name: str, form: str, at: int, number: int) -> None:
        """Emit a comparison so that a branch that follows can take its place."""
        q = at & MASK
        stencils = self.stencils
        start = len(self.code)
        numbers = {} if form == "r" else {"H0": number}
        holds, fails = stencils[name, form + "T", q], stencils[name, form + "F", q]
        branches = numbers
        before = self.compare
        if name == "i32.eqz" and before is not None and before[1:3] == (start, at):
            start, _, _, fails, holds, branches = before
        self.place_stencil(stencils[name, form, q], numbers)
        self.compare = (start, len(self.code), at, holds, fails, branches)
        self.operands[at] = in_register(I32)

    def _access(self, row: Row, types: Sequence[int], result: Sequence[int]) -> Callable[..., None]:
        """Loads and stores."""
        operands, stencils = self.operands, self.stencils
        name = row.mnemonic
        near = [stencils[name, "r", i] for i in range(REGISTERS)]
        far = [stencils[name, "rfar", i] for i in range(REGISTERS)]
        simple = self._simple_stencil(name, "r")
        constants = [stencils.get((name, "i", i)) for i in range(REGISTERS)]
        store = len(types) == 2
        done = in_register(result[0]) if result else None
        code = self.code

        def access(memarg: tuple[int, int, int]) -> None:
            nonlocal code
            memory, offset, _ = memarg
            at = len(operands) - (2 if store else 1)
            q = at & MASK
            if operands[at].kind:
                self.to_register(at)
            is_near = self.guarded and memory == 0 and offset < NEAR_OFFSET
            if store:
                value = operands[at + 1]
                if value.kind == CONST and is_near and constants[q] and value.imm is not None:
                    numbers = {"OFFSET": offset, "H0": value.number}
                    self.place_stencil(constants[q], numbers)
                    del operands[at:]
                    return
                if value.kind:
                    self.to_register(at + 1)
            if is_near:
                if simple is not None:
                    before, after = simple[q]
                    code += before + WORD.pack(offset) + after
                else:
                    self.place_stencil(near[q], {"OFFSET": offset})
            else:
                self.place_stencil(far[q], {"OFFSET": offset, "MEMORYx8": 8 * memory})
            if done is None:
                del operands[at:]
            else:
                operands[at] = done

        return access

    def _vector(self, row: Row, types: Sequence[int], result: Sequence[int]) -> Callable[..., None]:
        """Vector instructions: all operands in registers."""
        operands, stencils = self.operands, load_stencils(row.prefix)
        count = len(types)
        access = bool(row.immediates) and row.immediates[0].startswith("memarg")
        lane = bool(row.immediates) and row.immediates[-1].startswith("lane:")
        done = in_register(result[0]) if result else None

        def vector(*immediates: Any) -> None:
            first = len(operands) - count
            for at in range(first, first + count):
                if operands[at].kind:
                    self.to_register(at)
            name, form = row.mnemonic, "r"
            if lane:
                name = f"{name} {immediates[-1]}"
            numbers = {}
            if access:
                memory, offset, _ = immediates[0]
                if not self.guarded or memory or offset >= NEAR_OFFSET:
                    form = "rfar"
                numbers = {"OFFSET": offset, "MEMORYx8": 8 * memory}
            self.place_stencil(stencils[name, form, first & MASK], numbers)
            del operands[first:]
            if done is not None:
                operands.append(done)

        return vector

    def _shuffle(self, lanes: bytes) -> None:
        """``i8x16.shuffle``."""
        operands = self.operands
        first = len(operands) - 2
        registers = []
        for at, low in ((first, 0), (first + 1, 16)):
            if operands[at].kind:
                self.to_register(at)
            registers.append(register(V128, at))
            picked = bytes(lane - low if 0 <= lane - low < 16 else 0x80 for lane in lanes)
            self.with_data(machine.pick_bytes(registers[-1]), picked)
        self.code += machine.or_bits(*registers)
        operands.pop()

    def _in_frame(
        self, row: Row, types: Sequence[int], result: Sequence[int]
    ) -> Callable[..., None]:
        """Instructions whose operands are in the frame."""
        name, count = row.mnemonic, len(types)
        stencils = load_stencils(row.prefix if row.prefix == 0xFE else 0)
        kinds = row.immediates

        def in_frame(*immediates: Any) -> None:
            numbers: dict[str, int] = {}
            form = "m"
            for i, (kind, value) in enumerate(zip(kinds, immediates, strict=True)):
                if kind.startswith("memarg"):
                    memory, offset, _ = value
                    if not self.guarded or memory or offset >= NEAR_OFFSET:
                        form = "mfar"
                    numbers |= {"MEMORY": memory, "MEMORYx8": 8 * memory, "OFFSET": offset}
                    numbers |= {f"OFFSETm{size}": offset % size for size in (2, 4, 8)}
                    continue
                numbers[f"I{i}"] = value
                numbers[f"I{i}x8"] = 8 * value
                if kind == "mem":
                    numbers["MEMORYx8"] = 8 * value
            self._frame_stencil(stencils[name, form, 0], count, result, numbers)

        return in_frame

    def _frame_stencil(
        self, stencil: Any, count: int, result: Sequence[int], numbers: dict[str, int]
    ) -> None:
        operands = self.operands
        first = len(operands) - count
        self.spill_registers(first)
        for i in range(count):
            operand = operands[first + i]
            if operand.kind == LOCAL:
                numbers[f"H{i}"] = operand.at
            else:
                self.to_frame(first + i)
                numbers[f"H{i}"] = self.place(first + i).at
        del operands[first:]
        for type_ in result:
            numbers["R"] = self._slot(first).at
            operands.append(spilled(type_))
        self.place_stencil(stencil, numbers)
