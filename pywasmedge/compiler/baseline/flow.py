"""Blocks and branches."""

from __future__ import annotations

from ...base.errors import ErrCode
from ...walk.stack import IF, LOOP
from .. import layout
from . import x86_64 as machine
from .filled import Branches
from .operands import LOCAL, PIN, REG, in_register, spilled
from .state import DEEP, I64, MASK, R13, RAX, RBP, WORD, Label, State, label_at_bottom, register
from .stencil import REGISTERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...walk.stack import Frame
    from .operands import Operand

_COUNTERS = machine.load(I64, RAX, R13, layout.INSTANCE["counters"])
_ASK = (
    machine.move(I64, machine.RDI, machine.CONTEXT)
    + machine.load(I64, RAX, R13, layout.INSTANCE["runtime"])
    + machine.call_at(RAX, layout.RUNTIME["hot"])
)
_UNLESS_BETTER = machine.jump_if_zero(RAX)
_ENTER = (
    machine.move(I64, machine.RDI, machine.CONTEXT)
    + machine.move(I64, machine.RSI, RBP)
    + machine.CALL_RAX
    + machine.JUMP
)


_PATCH = WORD.pack_into


class Flow(State):
    """Control instructions but calls."""

    def unreachable(self) -> None:
        """``unreachable``."""
        self.code += machine.trap(ErrCode.UNREACHABLE)
        self.reachable = False

    def _open(self, frame: Frame) -> Label:
        operands = self.operands
        self.flush(len(operands))
        self.spend(len(frame.params))
        height = len(operands) - len(frame.params)
        label = Label(height, frame.label, loop=frame.opcode == LOOP)
        frame.payload = label
        return label

    def _params_to_frame(self, frame: Frame) -> None:
        count = len(self.operands)
        for at in range(count - len(frame.params), count):
            self.to_frame(at)

    def block(self, frame: Frame) -> None:
        """``block``."""
        if self.operands:
            self._open(frame)
        else:
            frame.payload = label_at_bottom(frame.label)

    def loop(self, frame: Frame) -> None:
        """``loop``."""
        self._params_to_frame(frame)
        label = self._open(frame)
        label.at = len(self.code)
        self.compare = None
        counted = self.counting and not self.operands  # better code takes over where there are none
        self.loops.append(frame.start if counted else 0)
        if counted:
            self.count(frame.start)

    def count(self, loop: int) -> None:
        """Count a call of the function, or a turn of its loop at offset ``loop`` of the module."""
        code = self.code
        slot = self.index
        if loop:
            slot = len(self.module.funcs) + loop % layout.LOOP_COUNTERS
        code += _COUNTERS + machine.count_down(RAX, 4 * slot)
        self.counters.append((len(code) - 4, loop, self._around(), len(code)))

    def _around(self) -> int:
        """Offset in the module of the loop around the innermost one, if both count; else 0."""
        return next(filter(None, self.loops[-2::-1]), 0)

    def put_meter(self) -> None:
        """Have the thread's meter in memory as it is; ``rcx`` may be used."""

    def get_meter(self) -> None:
        """Go on with what is in the thread's meter; ``rcx`` may be used."""

    def run_out(self) -> list[int]:
        """What happens where counters run out; distances to where the frame is left."""
        code = self.code
        ends = []
        for at, loop, around, back in self.counters:
            self._patch([at], len(code))
            code += machine.number(machine.RDX, loop) + machine.number(machine.RSI, self.index)
            if loop:
                self.put_meter()
            code += machine.number(machine.RCX, around) + self.keep + _ASK + self.restore
            if loop:
                self.get_meter()
                code += _UNLESS_BETTER
                self._patch([len(code) - 4], back)
                for local in self.locals.values() if self.pins else ():
                    if local.kind == PIN:
                        code += local.entries[local.reg]
                code += _ENTER
                ends.append(len(code) - 4)
            else:
                code += machine.JUMP
                self._patch([len(code) - 4], back)
        return ends

    def if_(self, frame: Frame) -> None:
        """``if``."""
        operands = self.operands
        at = len(operands) - 1
        fused = self._fused()
        condition = self._condition(at) if fused is None else operands.pop()
        if at:
            # Before the comparison, whose registers that leaves alone.
            self._params_to_frame(frame)
            label = self._open(frame)
        else:
            label = frame.payload = label_at_bottom(frame.label)
        if fused is not None:
            self._branch(fused[1][fused[2]], label.else_)
        else:
            self._branch_on(condition, at, "F", label.else_)

    def _branch(self, made: tuple[bytes, int], fixups: list[int]) -> None:
        """Append code that branches; where its distance is goes to ``fixups``."""
        code = self.code
        fixups.append(len(code) + made[1])
        code += made[0]

    def _fused(self) -> tuple[Branches, Branches, int] | None:
        """The comparison that made the operand on top, if nothing came after it; it is taken back.

        Returns:
            The branches if it holds and if it fails, and the number they need.
        """
        compare = self.compare
        operands, code = self.operands, self.code
        if compare is None or compare[1] != len(code) or compare[2] != len(operands) - 1:
            return None
        if operands[-1].kind != REG:
            return None
        self.compare = None
        del code[compare[0] :]
        return compare[3:]

    def _condition(self, at: int) -> Operand:
        """Pop the condition of a branch, at position ``at``, into a register or the frame."""
        operands = self.operands
        condition = operands[at]
        if condition.kind != REG and condition.kind != LOCAL:
            self.to_register(at)
            condition = operands[at]
        operands.pop()
        return condition

    def _branch_on(self, condition: Operand, at: int, sense: str, fixups: list[int]) -> None:
        """Branch if the i32 ``condition``, once at position ``at``, is not 0 (``F``: if it is)."""
        local = condition.kind == LOCAL
        form = ("s" if local else "r") + sense
        branches = self._conditional.get(form)
        if branches is None:
            stencils = (self.stencils["br_if", form, i] for i in range(REGISTERS))
            branches = self._conditional[form] = list(map(Branches, stencils))
        self._branch(branches[at & MASK][condition.at if local else 0], fixups)

    def else_(self, frame: Frame) -> None:
        """``else``."""
        label: Label = frame.payload
        if self.reachable:
            self._carry(label)
            self._jump(label)
        self._start_else(label, frame)

    def _start_else(self, label: Label, frame: Frame) -> None:
        operands = self.operands
        self._patch(label.else_, len(self.code))
        label.else_ = []
        self.compare = None
        del operands[label.height :]
        operands.extend(map(spilled, frame.params))
        self.reachable = True

    def end(self, frame: Frame) -> bool:
        """``end``."""
        label: Label = frame.payload
        operands = self.operands
        opcode = frame.opcode
        if opcode == LOOP:
            self.loops.pop()
            return self.reachable
        if opcode == IF:  # no else: that way leads straight to the end
            if frame.params:
                if self.reachable:
                    self._carry(label)
                    self._jump(label)
                self._start_else(label, frame)
            else:
                label.fixups += label.else_
        types = label.types
        if not label.fixups and not label.listed:
            return self.reachable
        if types and self.reachable:
            self._carry(label)
        self._place(label)
        if len(operands) > label.height:
            del operands[label.height :]
        if len(types) == 1:
            operands.append(in_register(types[0]))
        elif types:
            operands.extend(map(spilled, types))
        self.reachable = True
        return True

    def _carry_and_jump(self, label: Label) -> None:
        """Branch to ``label`` with its operands; they are where they were in what follows."""
        operands = self.operands
        count = len(operands)
        first = min(self.sunk(count), count - len(label.types)) if count > DEEP else 0
        before = operands[first:]
        self._carry(label)
        self._jump(label)
        operands[first:] = before

    def _carry(self, label: Label) -> None:
        """Bring the operands of a branch to ``label`` where it expects them."""
        types = label.types
        operands = self.operands
        first = len(operands) - len(types)
        if not types:
            return
        if len(types) == 1 and not label.loop:
            if operands[first].kind:
                self.to_register(first)
            if first != label.height:
                type_ = types[0]
                to, source = register(type_, label.height), register(type_, first)
                if to != source:
                    self.code += machine.move(type_, to, source)
            return
        self.spend(len(types))
        for i, type_ in enumerate(types):
            self.to_frame(first + i)
            if first != label.height:
                scratch = RAX if type_ in machine.WHOLE else 7
                where = self._slot(label.height + i)
                self.code += machine.load(type_, scratch, RBP, self.place(first + i).at)
                self.code += machine.store(type_, scratch, RBP, where.at)

    def _jump(self, label: Label) -> None:
        code = self.code
        code += machine.JUMP
        if label.at >= 0:
            self._patch((len(code) - 4,), label.at)
        else:
            label.fixups.append(len(code) - 4)

    def _note(self, label: Label, fixups: list[int]) -> None:
        """Let the distances at ``fixups`` lead to ``label``."""
        if label.at >= 0:
            self._patch(fixups, label.at)
        else:
            label.fixups += fixups

    def _patch(self, fixups: Sequence[int], target: int) -> None:
        code = self.code
        for at in fixups:
            _PATCH(code, at, target - at - 4)

    def _place(self, label: Label) -> None:
        code = self.code
        label.at = target = len(code)
        for at in label.fixups:
            _PATCH(code, at, target - at - 4)
        self.compare = None

    def br(self, frame: Frame) -> None:
        """``br``."""
        label: Label = frame.payload
        if label.types:
            self._carry(label)
        self._jump(label)
        self.reachable = False

    def return_(self, frame: Frame) -> None:
        """``return`` from the function of ``frame``."""
        assert self._end is not None
        self._carry(self._end)
        self._jump(self._end)
        self.reachable = False

    def br_if(self, frame: Frame) -> None:
        """``br_if``."""
        label: Label = frame.payload
        operands = self.operands
        at = len(operands) - 1
        fused = self._fused()
        if fused is not None and not label.types and label.at < 0:
            del operands[at]
            self._branch(fused[0][fused[2]], label.fixups)
            return
        if fused is None:
            condition = self._condition(at)
        else:
            operands.pop()
        direct = not label.types
        if len(label.types) == 1 and not label.loop and label.height == at - 1:
            if operands[at - 1].kind:
                self.to_register(at - 1)
            direct = True
        fixups: list[int] = []
        if fused is not None:
            holds, fails, number = fused
            self._branch((holds if direct else fails)[number], fixups)
        else:
            self._branch_on(condition, at, "T" if direct else "F", fixups)
        if direct:
            self._note(label, fixups)
            return
        self._carry_and_jump(label)
        self._patch(fixups, len(self.code))
        self.compare = None

    def br_table(self, frames: Sequence[Frame]) -> None:
        """``br_table``."""
        operands, code = self.operands, self.code
        at = len(operands) - 1
        if operands[at].kind:
            self.to_register(at)
        operands.pop()
        code += machine.table_jump(machine.S[at & MASK], len(frames) - 1)
        table = len(code)
        code += bytes(4 * len(frames))
        targets: dict[int, Label] = {}
        for i, frame in enumerate(frames):
            label: Label = frame.payload
            target = targets.get(id(label))
            if target is None:
                target = label
                label.listed = True
                if label.types:
                    target = Label(0, ())
                    target.at = len(code)
                    self._carry_and_jump(label)
                targets[id(label)] = target
            self.tables.append((table + 4 * i, table, target))
        self.reachable = False
