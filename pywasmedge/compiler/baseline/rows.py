"""Instructions that are stencils: those whose type is fixed by their row."""

from __future__ import annotations

from ...base.types import ValType
from . import x86_64 as machine
from .filled import Accesses, Branches, Filled, simple
from .operands import CONST, LOCAL, REG, SPILL, Constants, in_register, spilled
from .state import I32, MASK, V128, State, register
from .stencil import REGISTERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from ...isa.row import Row
    from .operands import Operand


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
        if row.immediates:
            return self._access(row, types, result)
        if len(types) == 1:
            return self._unary(row, types[0], result[0])
        return self._binary(row, types, result[0])

    def _constant(self, type_: int) -> Callable[[int], None]:
        known = Constants(type_)
        push = self.operands.append

        def constant(value: int) -> None:
            push(known[value])

        return constant

    def _unary(self, row: Row, type_: int, result: int) -> Callable[[], None]:
        operands, code, stencils = self.operands, self.code, self.stencils
        to_register = self.to_register
        forms = [stencils[row.mnemonic, "r", i] for i in range(REGISTERS)]
        if (row.mnemonic, "rT", 0) in stencils:
            return self._zero(row.mnemonic)
        done = in_register(result)
        plain = [text for text, holes in forms if not holes]

        def unary() -> None:
            nonlocal code
            at = len(operands) - 1
            if operands[at].kind:
                to_register(at)
            if plain:
                code += plain[at & MASK]
            else:
                self.place_stencil(forms[at & MASK], {})
            operands[at] = done

        return unary

    def _filled(self, name: str, form: str) -> list[Filled] | None:
        """The four stencils of a form by their number; ``None`` if they are not that simple."""
        found = [self.stencils.get((name, form, i)) for i in range(REGISTERS)]
        forms = [stencil for stencil in found if stencil is not None and simple(stencil)]
        return [Filled(stencil) for stencil in forms] if len(forms) == REGISTERS else None

    def _binary(self, row: Row, types: Sequence[int], result: int) -> Callable[[], None]:
        operands, code, stencils = self.operands, self.code, self.stencils
        to_register = self.to_register
        name = row.mnemonic
        if (name, "rT", 0) in stencils:
            return self._comparison(name)
        in_regs = [stencils[name, "r", i] for i in range(REGISTERS)]
        plain = [text for text, holes in in_regs if not holes]
        with_slot = self._filled(name, "s")
        with_number = self._filled(name, "i")
        done = in_register(result)

        def binary() -> None:
            nonlocal code
            other = operands.pop()
            at = len(operands) - 1
            operand = operands[at]
            if operand.kind:
                if operand.kind < CONST and at < REGISTERS:  # what to_register does
                    code += operand.loads[at]
                else:
                    to_register(at)
            kind = other.kind
            if kind == CONST and with_number is not None and other.near:
                code += with_number[at & MASK][other.number]
                operands[at] = done
                return
            if kind == LOCAL and with_slot is not None:
                code += with_slot[at & MASK][other.number]
                operands[at] = done
                return
            if kind == SPILL and with_slot is not None:
                code += with_slot[at & MASK][self.place(at + 1).number]
                operands[at] = done
                return
            if kind != REG:
                operands.append(other)
                to_register(at + 1)
                operands.pop()
            if plain:
                code += plain[at & MASK]
            else:
                self.place_stencil(in_regs[at & MASK], {})
            operands[at] = done

        return binary

    def _conditions(self, name: str, form: str) -> list[tuple[Filled, Branches, Branches]] | None:
        """A comparison's value, branch if it holds, branch if it fails, in the four registers."""
        stencils = self.stencils
        if (name, form, 0) not in stencils:
            return None
        return [
            (
                Filled(stencils[name, form, i]),
                Branches(stencils[name, form + "T", i]),
                Branches(stencils[name, form + "F", i]),
            )
            for i in range(REGISTERS)
        ]

    # A comparison is emitted so that a branch that follows can take its place.

    def _comparison(self, name: str) -> Callable[[], None]:
        operands, code = self.operands, self.code
        to_register = self.to_register
        in_regs = self._conditions(name, "r")
        with_slot = self._conditions(name, "s")
        with_number = self._conditions(name, "i")
        assert in_regs is not None
        assert with_slot is not None
        done = in_register(I32)

        def comparison() -> None:
            nonlocal code
            other = operands.pop()
            at = len(operands) - 1
            if operands[at].kind:
                to_register(at)
            kind = other.kind
            if kind == CONST and with_number is not None and other.near:
                forms, number = with_number, other.number
            elif kind == LOCAL:
                forms, number = with_slot, other.number
            elif kind == SPILL:
                forms, number = with_slot, self.place(at + 1).number
            else:
                forms, number = in_regs, 0
                if kind != REG:
                    operands.append(other)
                    to_register(at + 1)
                    operands.pop()
            value, holds, fails = forms[at & MASK]
            start = len(code)
            code += value[number]
            self.compare = start, len(code), at, holds, fails, number
            operands[at] = done

        return comparison

    def _zero(self, name: str) -> Callable[[], None]:
        operands, code = self.operands, self.code
        forms = self._conditions(name, "r")
        assert forms is not None
        negates = name == "i32.eqz"
        done = in_register(I32)

        def zero() -> None:
            nonlocal code
            at = len(operands) - 1
            if operands[at].kind:
                self.to_register(at)
            value, holds, fails = forms[at & MASK]
            start = len(code)
            code += value[0]
            before = self.compare
            if negates and before is not None and before[1] == start and before[2] == at:
                self.compare = before[0], len(code), at, before[4], before[3], before[5]
            else:
                self.compare = start, len(code), at, holds, fails, 0
            operands[at] = done

        return zero

    def pushes(self, mnemonic: str) -> tuple[Callable[[Operand], None], Any]:
        """Locals and constants are only noted."""
        if mnemonic == "local.get":
            return self.operands.append, self.locals
        return self.operands.append, Constants(CODES[mnemonic[:3]])

    def near(self, row: Row) -> Callable[[int], None] | None:
        """The function that emits an access to memory 0 by its offset (below ``NEAR_OFFSET``)."""
        if not self.guarded or row.prefix or not row.immediates[0].startswith("memarg"):
            return None
        known = self._near.get(row.mnemonic)
        if known is None:
            result = row.type.partition("->")[2].strip()
            name = row.mnemonic
            known = self._load(name, CODES[result]) if result else self._store(name)
            self._near[name] = known
        return known

    def _access(self, row: Row, types: Sequence[int], result: Sequence[int]) -> Callable[..., None]:
        """Loads and stores, wherever they go."""
        operands, count = self.operands, len(types)
        near = self.near(row)
        far = [self.stencils[row.mnemonic, "rfar", i] for i in range(REGISTERS)]

        def access(memarg: tuple[int, int, int]) -> None:
            memory, offset, _ = memarg
            if near is not None and memory == 0 and offset < NEAR_OFFSET:
                near(offset)
                return
            first = len(operands) - count
            for at in range(first, first + count):
                if operands[at].kind:
                    self.to_register(at)
            numbers = {"OFFSET": offset, "MEMORYx8": 8 * memory}
            self.place_stencil(far[first & MASK], numbers)
            del operands[first:]
            operands.extend(map(in_register, result))

        return access

    def _load(self, name: str, result: int) -> Callable[[int], None]:
        operands, code = self.operands, self.code
        to_register = self.to_register
        forms = [Filled(self.stencils[name, "r", i]) for i in range(REGISTERS)]
        done = in_register(result)

        def load(offset: int) -> None:
            nonlocal code
            at = len(operands) - 1
            address = operands[at]
            if address.kind:
                if address.kind < CONST and at < REGISTERS:  # what to_register does
                    code += address.loads[at]
                else:
                    to_register(at)
            code += forms[at & MASK][offset]
            operands[at] = done

        return load

    def _store(self, name: str) -> Callable[[int], None]:
        operands, code, stencils = self.operands, self.code, self.stencils
        to_register = self.to_register
        forms = [Filled(stencils[name, "r", i]) for i in range(REGISTERS)]
        constants: list[Accesses] | None = None
        if (name, "i", 0) in stencils:
            constants = [Accesses(stencils[name, "i", i]) for i in range(REGISTERS)]

        def store(offset: int) -> None:
            nonlocal code
            value = operands.pop()
            at = len(operands) - 1
            address = operands[at]
            if address.kind:
                if address.kind < CONST and at < REGISTERS:  # what to_register does
                    code += address.loads[at]
                else:
                    to_register(at)
            kind = value.kind
            if kind == CONST and constants is not None and value.near:
                code += constants[at & MASK][offset][value.number]
                operands.pop()
                return
            if kind:
                if kind < CONST and at < REGISTERS - 1:
                    code += value.loads[at + 1]
                else:
                    operands.append(value)
                    to_register(at + 1)
                    operands.pop()
            code += forms[at & MASK][offset]
            operands.pop()

        return store

    def _vector(self, row: Row, types: Sequence[int], result: Sequence[int]) -> Callable[..., None]:
        """Vector instructions: all operands in registers."""
        operands, stencils = self.operands, self.stencils_for(row.prefix)
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
        stencils = self.stencils_for(row.prefix if row.prefix == 0xFE else 0)
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
        self.code += self.keep
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
        self.code += self.restore
