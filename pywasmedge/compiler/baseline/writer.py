"""Quick code of whole functions."""

from __future__ import annotations

from itertools import accumulate
from threading import Lock

from ...walk.rules import Declared
from ...walk.walker import Walk
from .. import layout
from ..abi import operand_budget, slot_offsets
from ..code import Code
from . import x86_64 as machine
from .calls import Calls
from .flow import Flow
from .operands import slot
from .state import I64, R13, RAX, RBP, V128, WORD, Label
from .variables import Variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from ...base.config import Proposal
    from ...base.types import FunctionType
    from ...module.ast import Module
    from ...walk.simple import Step
    from ...walk.stack import Frame


_LOAD_BASE = machine.load(I64, machine.BASE, R13, layout.INSTANCE["memory0"])


_GETS = [bytes((0x20, index)) for index in range(0x80)]
"""``local.get`` of the first locals."""


class Baseline(Variables, Flow, Calls):
    """The complete sink of a walk: one piece of code per body."""

    def __init__(self, module: Module, *, guarded: bool) -> None:
        super().__init__(module, guarded=guarded)
        self._vectors = any(g.type == V128 for g in module.global_types) or any(
            V128 in t.params or V128 in t.results for t in module.types
        )
        """Calls and globals may give a body vectors that none of its own instructions makes."""

    def begin(
        self, type_: FunctionType, local_types: Sequence[int], body: bytes, frame: Frame
    ) -> None:
        """Begin a function.

        Args:
            type_: its type.
            local_types: types of parameters and locals.
            body: its bytes, for guessing which locals matter.
            frame: the control frame of the body.
        """
        self.code.clear()
        self.operands.clear()
        self.constants.clear()
        self.tables.clear()
        self.counters.clear()
        self.loops.clear()
        self.imports.clear()
        self.compare = None
        self.reachable = True
        self._type = type_
        self.budget = operand_budget(len(body))
        self.marks.clear()
        self.lay_out(type_, local_types, *self._pinned(local_types, body))
        self.wide = int(b"\xfd" in body or V128 in local_types or self._vectors)
        frame.payload = self._end = Label(0, type_.results)
        if self.counting:
            self.count(0)

    def lay_out(
        self,
        type_: FunctionType,
        local_types: Sequence[int],
        pinned: Sequence[int] = (),
        vectors: Sequence[int] = (),
    ) -> None:
        """Decide where locals and operands are.

        Args:
            type_: the function's type.
            local_types: types of parameters and locals.
            pinned: locals in ``PINS``.
            vectors: locals in ``VECTOR_PINS``.
        """
        self.pins = len(pinned)
        self.keep = self.restore = b""
        places: Sequence[int] = range(len(local_types))
        self.base = len(local_types)
        if V128 in local_types:
            ends = list(accumulate(2 if t == V128 else 1 for t in local_types))
            places = [end - 1 for end in ends]
            self.base = ends[-1]
        self.locals.lay_out(local_types, places)
        for i, pin in zip(pinned, machine.PINS, strict=False):
            self.locals.pin(i, pin)
        for i, pin in zip(vectors, machine.VECTOR_PINS, strict=False):
            to = self.locals.pin(i, pin)
            self.keep += machine.store(to.type, pin, RBP, to.at)
            self.restore += machine.load(to.type, pin, RBP, to.at)
        self._pointer = 0
        self._convention = machine.convention(type_)
        if self._convention.pointer is not None:
            self._pointer = self.base
            self.base += 1
        self.deepest = self.base

    def place_of_pointer(self) -> int:
        """Where the pointer to the results is in the frame, if there is one."""
        return slot(self._pointer).at

    @staticmethod
    def _pinned(types: Sequence[int], body: bytes) -> tuple[list[int], list[int]]:
        """The locals to keep in ``PINS`` and in ``VECTOR_PINS``: only in loops does it pay."""
        whole: list[int] = []
        vectors: list[int] = []
        if b"\x03\x40" not in body:
            return whole, vectors
        uses = sorted([(body.count(get), i) for i, get in enumerate(_GETS[: len(types)])])
        while uses:
            number, i = uses.pop()
            if number < 3:
                break
            (whole if types[i] in machine.WHOLE else vectors).append(i)
        return whole[: len(machine.PINS)], vectors[: len(machine.VECTOR_PINS)]

    def finish(self) -> bytes:
        """End the function and return its code, to be put at a multiple of 16."""
        assert self._type is not None and self._end is not None
        code = self.code
        if self.reachable:
            self._carry(self._end)
        self._place(self._end)
        self._results(self._end)
        end = len(code)
        code += machine.leave(self.pins)
        code += machine.return_(self._convention.stack)
        if self.counters:
            self._patch(self.run_out(), end)
        self.behind()
        start = self._start()
        shift = len(start)
        self.imports = [(at + shift, name) for at, name in self.imports]
        for at, table, label in self.tables:
            WORD.pack_into(code, at, label.at - table)
        if self.constants:
            places: dict[bytes, int] = {}
            code += bytes(-(len(code) + shift) % 16)
            for at, data, addend in self.constants:
                where = places.get(data)
                if where is None:
                    where = places[data] = len(code)
                    code += data
                WORD.pack_into(code, at, where + addend - at)
        return start + code

    def behind(self) -> None:
        """Append what is not on the usual way through the function."""

    def take_segments(self) -> bytes:
        """What ``Code.segments`` is about, for the functions finished since the last time."""
        return b""

    def _start(self) -> bytes:
        """Everything before the body: the frame and the locals."""
        assert self._type is not None
        convention = self._convention
        code = [machine.prologue(8 * self.deepest, self.pins)]
        append = code.append
        pinned: list[tuple[int, int, int]] = []
        above = b""
        for i, place in enumerate(convention.params):
            to = self.locals[i]
            type_ = to.type
            if place.reg < 0:
                at = machine.STACK_ARGUMENTS + place.offset
                if to.reg >= 0:
                    above += machine.load(type_, to.reg, RBP, at)
                    continue
                scratch = RAX if type_ in machine.WHOLE else machine.NO_ARGUMENT
                append(machine.load(type_, scratch, RBP, at))
                append(machine.store(type_, scratch, RBP, to.at))
            elif to.reg < 0:
                append(to.entries[place.reg])
            else:
                pinned.append((type_, to.reg, place.reg))
        if convention.pointer is not None:
            at = machine.FIRST_SLOT - 8 * self._pointer
            if convention.pointer.reg < 0:
                where = machine.STACK_ARGUMENTS + convention.pointer.offset
                code.append(machine.load(I64, RAX, RBP, where))
                code.append(machine.store(I64, RAX, RBP, at))
            else:
                code.append(machine.store(I64, convention.pointer.reg, RBP, at))
        if pinned:  # to registers that may be those of arguments, which are stored by now
            append(machine.shuffle(tuple(pinned)))
        append(above)
        first = len(convention.params)
        if first < len(self.locals.types):
            slots = sum(t.slots for t in self._type.params)
            end = self._pointer if convention.pointer is not None else self.base
            append(machine.zero_slots(slots, end - slots))
        if self.pins or self.keep:
            code += [
                machine.constant(x.type, x.reg, 0)
                for i, x in sorted(self.locals.items())
                if i >= first and x.reg >= 0
            ]
        if self.module.memory_types:
            append(_LOAD_BASE)
        return b"".join(code)

    def _results(self, label: Label) -> None:
        """Move the results from where branches to the end leave them to where callers expect."""
        assert self._type is not None
        code = self.code
        convention = self._convention
        if convention.pointer is not None:
            code += machine.load(I64, RAX, RBP, machine.FIRST_SLOT - 8 * self._pointer)
            offsets = slot_offsets(self._type.results)
            for i, (type_, at) in enumerate(zip(label.types, offsets, strict=True)):
                reg = machine.RCX if type_ in machine.WHOLE else 0
                code += machine.load(type_, reg, RBP, self.place(i).at)
                code += machine.store(type_, reg, RAX, at)
        elif len(convention.results) == 1:
            type_, reg, _ = convention.results[0]
            source = machine.S[0] if type_ in machine.WHOLE else machine.X[0]
            code += machine.move(type_, reg, source)
        else:
            for i, (type_, reg, _) in enumerate(convention.results):
                code += machine.load(type_, reg, RBP, self.place(i).at)


class Trace:
    """The code of a function in parts.

    Attributes:
        code: the code.
        positions: offset in the module of every instruction that code was made for.
        starts: where in the code each of them begins.
        end: where the last one ends.
    """

    __slots__ = ("code", "end", "positions", "starts")

    def __init__(self) -> None:
        self.code = b""
        self.positions: list[int] = []
        self.starts: list[int] = []
        self.end = 0


class BaselineWriter:
    """Makes the quick code of functions of one module; safe to use from several threads.

    Args:
        module: a module whose module-level rules have been checked; bodies are checked here.
        proposals: the enabled proposals.
        guarded: every memory has guard pages that make checks of 32-bit addresses unnecessary.
        counting: the code asks for better code where it runs often.
        count: the code counts instructions.
        cost: the code adds up the cost of instructions and respects its limit.
    """

    def __init__(
        self,
        module: Module,
        proposals: AbstractSet[Proposal],
        *,
        guarded: bool,
        counting: bool = False,
        count: bool = False,
        cost: bool = False,
    ) -> None:
        self.module = module
        self._emitter = Baseline(module, guarded=guarded)
        if count or cost:
            from .metering import Metered

            self._emitter = Metered(module, guarded=guarded, count=count, cost=cost)
        self._emitter.counting = counting
        self._walk = Walk(module, proposals, Declared(module), self._emitter)
        self._lock = Lock()

    def compile(self, indices: Sequence[int]) -> Code:
        """Code of the defined functions ``indices``; entries are called ``f<index>``.

        Raises:
            LoadError, ValidationError: a body is malformed or not valid.
        """
        blob = bytearray()
        imports: list[tuple[int, str]] = []
        entries: dict[str, int] = {}
        ranges = []
        with self._lock:
            self._emitter.take_segments()  # of functions before one that was not valid
            for index in indices:
                start = len(blob)
                blob += self._function(index)
                imports += [(start + at, name) for at, name in self._emitter.imports]
                entries[f"f{index}"] = start
                ranges.append((start, len(blob)))
                blob += bytes(-len(blob) % 16)
            listed = self._emitter.take_segments()
        slots: dict[str, int] = {}
        if imports:
            for name in sorted({name for _, name in imports}):
                slots[name] = len(blob)
                blob += bytes(8)
            for at, name in imports:
                WORD.pack_into(blob, at, slots[name] - at - 4)
        start = len(blob)
        blob += machine.unwind(ranges, start)
        end = len(blob)
        blob += listed
        named = tuple((at, name) for name, at in slots.items())
        segments = (end, len(blob)) if listed else (0, 0)
        return Code(bytes(blob), entries, (start, end), named, segments, 16)

    def trace(self, index: int) -> Trace:
        """The code of a function that :meth:`compile` can do, and where its instructions are in it.

        Distances to slots of imports are missing.
        """
        emitter, walk = self._emitter, self._walk
        code = emitter.code
        trace = Trace()
        starts = trace.starts

        def step(pos: int) -> int:
            start, compare = len(code), emitter.compare
            trace.positions.append(pos - 1)
            starts.append(start)
            before = b""
            if compare is not None and compare[1] == start:
                before = bytes(code[compare[0] :])
            after = walk.table[walk.data[pos - 1]](pos)
            if compare is not None and before and code[compare[0] : start] != before:
                # The comparison has become part of this instruction.
                for i in reversed(range(len(starts))):
                    if starts[i] <= compare[0]:
                        break
                    starts[i] = compare[0]
            trace.end = len(code)
            return after

        with self._lock:
            trace.code = self._function(index, [step] * 256)
            emitter.take_segments()
        first = len(trace.code) - len(code)
        trace.starts[:] = [first + at for at in starts]
        trace.end += first
        return trace

    def _function(self, index: int, table: list[Step] | None = None) -> bytes:
        module, emitter, walk = self.module, self._emitter, self._walk
        start = walk.begin(index)
        body = module.data[start : walk.end]
        type_ = module.types[module.funcs[index]]
        emitter.index = index
        emitter.begin(type_, walk.local_types, body, walk.stack.frames[0])
        walk.run(start, index, table or walk.table)
        return emitter.finish()
