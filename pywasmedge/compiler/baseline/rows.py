"""Instructions that are stencils: those whose type is fixed by their row."""

from __future__ import annotations

from ...base.types import ValType
from .operands import CONST, LOCAL, REG, SPILL, Const, in_register, slot, spilled
from .state import I32, MASK, WORD, State, UnsupportedError
from .stencil import REGISTERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
        if row.mnemonic.endswith(".const") and row.prefix == 0:
            return self._constant(result[0])
        if (row.mnemonic, "m", 0) in self.stencils:
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
                code += before + slot(self.base + at + 1).disp + after
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
                form, number = "s", slot(self.base + at + 1).number
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
            is_near = self.guarded and memory == 0
            if offset >= NEAR_OFFSET:
                raise UnsupportedError("offset")
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

    def _in_frame(
        self, row: Row, types: Sequence[int], result: Sequence[int]
    ) -> Callable[..., None]:
        """Instructions whose operands are in the frame."""
        name, count = row.mnemonic, len(types)
        kinds = row.immediates

        def in_frame(*immediates: int) -> None:
            numbers: dict[str, int] = {}
            for i, (kind, value) in enumerate(zip(kinds, immediates, strict=True)):
                numbers[f"I{i}"] = value
                numbers[f"I{i}x8"] = 8 * value
                if kind == "mem":
                    numbers["MEMORYx8"] = 8 * value
            self._frame_stencil(name, count, result[0] if result else None, numbers)

        return in_frame

    def _frame_stencil(
        self, name: str, count: int, result: int | None, numbers: dict[str, int]
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
                numbers[f"H{i}"] = slot(self.base + first + i).at
        del operands[first:]
        if result is not None:
            numbers["R"] = self._slot(first).at
            operands.append(spilled(result))
        self.place_stencil(self.stencils[name, "m", 0], numbers)
