"""Control flow as LLVM blocks; operands and locals are joined by phis.

At a forward label all predecessors are known when its ``end`` comes, so phis are made for just
those locals whose values differ. At a loop head they are not: the locals the loop assigns
(``assigned``, from a scan of the body) and its parameters get phis that are filled in at the
loop's ``end``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..base.errors import ErrCode
from ..base.types import ValType
from ..walk.stack import IF, LOOP
from .abi import (
    LLVM_TYPE,
    MAX_DIRECT_RESULTS,
    halved,
    has_result_pointer,
    has_stack_arguments,
    return_type,
)
from .emitter import EmitterBase

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..base.types import FunctionType
    from ..walk.stack import Frame, Types

Edge = tuple[str, list[str], list[str], int]
"""Predecessor block, locals and operands there, and how many edges come from it."""


_DEFINE = "define weak_odr dso_local tailcc"
"""Weak: LLVM may inline what it sees, but must not conclude that calls do nothing but return.

They may trap, so it could lose or move a call, or drop stores before it.
"""


class Label:
    """What code generation knows about a control frame."""

    __slots__ = (
        "assigned",
        "edges",
        "else_locals",
        "else_name",
        "else_values",
        "height",
        "line",
        "name",
        "phis",
    )

    def __init__(self, name: str, height: int) -> None:
        self.name = name
        self.edges: list[Edge] = []
        self.height = height
        """Operands below the frame's."""
        self.phis: list[int] = []
        """Lines of a loop's phis: assigned locals, then parameters."""
        self.line = 0
        """Where a loop begins."""
        self.assigned: Sequence[int] = ()
        self.else_name = ""
        self.else_locals: list[str] = []
        self.else_values: list[str] = []


class LoopEntry(NamedTuple):
    """What is known about quick code that optimised code takes over from, at the head of a loop."""

    loop: int
    """Offset of the loop's opcode in the module."""
    locals: Sequence[int]
    """Places of the locals, from its frame pointer."""
    pointer: int | None
    """Place of the pointer to the results, if there is one."""


class Flow(EmitterBase):
    """Blocks and branches."""

    assigned: Mapping[int, Sequence[int]] = {}
    """Offset of each loop opcode of the function -> locals assigned in the loop."""
    local_llvm: list[str]
    """LLVM type of each local."""
    spilled = False
    """Locals live in stack slots, whose addresses are in ``locals``."""
    _snapshot: list[str] | None = None
    _latest_loop = 0
    """Where the loop that was opened last begins."""
    entered: LoopEntry | None = None
    """The function begins in one of its loops, taking over from quick code."""

    def header(self, index: int, type_: FunctionType) -> str:
        """Defined function ``index`` up to its attributes."""
        if self.entered is not None:
            name = f"o{index}.{self.entered.loop}"
            return f"{_DEFINE} {return_type(type_)} @{name}(ptr %ctx, ptr %frame)"
        return f"{_DEFINE} {return_type(type_)} @f{index}({', '.join(parameters(type_))})"

    def open_locals(self, initial: list[str], *, spill: bool) -> None:
        """Begin with these values of all locals, kept as SSA values or in stack slots."""
        self.spilled = spill
        if spill:
            for index, (type_, value) in enumerate(zip(self.local_llvm, initial, strict=True)):
                self.at_entry(f"l{index}", f"alloca {type_}")
                self.void(f"store {type_} {value}, ptr %l{index}")
            initial = [f"%l{index}" for index in range(len(initial))]
        self.restore(initial)

    def snapshot(self) -> list[str]:
        """A copy of the locals, shared until one is assigned."""
        if self._snapshot is None:
            self._snapshot = self.locals.copy()
        return self._snapshot

    def restore(self, locals_: list[str]) -> None:
        """Make a snapshot the current locals."""
        self.locals[:] = locals_
        self._snapshot = locals_

    def _open(self, frame: Frame) -> Label:
        label = Label(self.label(), len(self.values) - len(frame.params))
        frame.payload = label
        return label

    def _edge(self, label: Label, count: int, times: int = 1) -> None:
        """Note a branch from the current block to ``label`` with ``count`` operands."""
        operands = self.values[len(self.values) - count :] if count else []
        self.spend(count * times)
        label.edges.append((self.block_name, self.snapshot(), operands, times))

    def open_parameters(self, type_: FunctionType) -> None:
        """Put together the parameters that are passed in halves."""
        self.own_stack = self.entered is None and has_stack_arguments(type_)
        self.tail = False
        for i in sorted(halved(type_.params)):
            half = f"insertelement <2 x double> poison, double %p{i}.low, i32 0"
            half = self.at_entry(f"p{i}.half", half)
            both = f"insertelement <2 x double> {half}, double %p{i}.high, i32 1"
            both = self.at_entry(f"p{i}.both", both)
            self.at_entry(f"p{i}", f"bitcast <2 x double> {both} to {LLVM_TYPE[ValType.V128]}")

    def open_function(self, frame: Frame) -> None:
        """The frame of the function body."""
        self._open(frame)

    def block(self, frame: Frame) -> None:
        """``block``."""
        self._open(frame)

    def loop(self, frame: Frame) -> None:
        """``loop``: a block with phis still to be filled."""
        if self.entered is not None and self.entered.loop == frame.start:
            self.void("br label %enter")
            self.place("enter")  # there are no operands, and locals are in stack slots
        label = self._open(frame)
        label.assigned = () if self.spilled else self._assigned_in(frame)
        self._edge(label, len(frame.params))
        self.void(f"br label %{label.name}")
        label.line = self._latest_loop = len(self.lines)
        self.place(label.name)
        lines, values = self.lines, self.values
        for index in label.assigned:
            label.phis.append(len(lines))
            self.locals[index] = f"%{len(lines)}"
            lines.append("")
        self._snapshot = None
        for i in range(len(frame.params)):
            label.phis.append(len(lines))
            values[label.height + i] = f"%{len(lines)}"
            lines.append("")

    def open_entered(self, entry: LoopEntry) -> None:
        """Begin with locals from the frame of quick code, and go to the loop."""
        if entry.pointer is not None:
            self.at_entry("out.slot", f"getelementptr i8, ptr %frame, i64 {entry.pointer}")
            self.at_entry("out", "load ptr, ptr %out.slot")
        values = [
            self.emit(f"load {type_}, ptr {self.offset('%frame', place)}, align 8")
            for type_, place in zip(self.local_llvm, entry.locals, strict=True)
        ]
        self.open_locals(values, spill=True)
        self.void("br label %enter")
        self.place("start")  # the way to the loop, which an outer loop may take again

    def _assigned_in(self, frame: Frame) -> Sequence[int]:
        """The locals that may change in a loop."""
        return self.assigned.get(frame.start, ())

    def if_(self, frame: Frame) -> None:
        """``if``."""
        condition = self.condition(self.values.pop())
        label = self._open(frame)
        then = self.label()
        label.else_name = self.label()
        label.else_locals = self.snapshot()
        label.else_values = self.values[label.height :]
        self.void(f"br i1 {condition}, label %{then}, label %{label.else_name}")
        self.place(then)

    def else_(self, frame: Frame) -> None:
        """``else``."""
        label: Label = frame.payload
        if self.reachable:
            self._edge(label, len(frame.results))
            self.void(f"br label %{label.name}")
        self._start_else(label)

    def _start_else(self, label: Label) -> None:
        self.place(label.else_name)
        self.restore(label.else_locals)
        self.values[label.height :] = label.else_values
        self.reachable = True

    def end(self, frame: Frame) -> bool:
        """``end``; joins everything that branched to the frame's label."""
        label: Label = frame.payload
        results = frame.results
        if frame.opcode == LOOP:
            self._fill_loop(label, frame.params)
            if self._latest_loop == label.line > self._called_at and len(label.edges) > 1:
                self._tight.append((label.line, len(self.lines)))
            return self.reachable
        if frame.opcode == IF:  # no else: that way leads straight to the end
            if self.reachable:
                self._edge(label, len(results))
                self.void(f"br label %{label.name}")
            self._start_else(label)
        if not label.edges:
            return self.reachable
        if self.reachable:
            self._edge(label, len(results))
            self.void(f"br label %{label.name}")
        self.place(label.name)
        self._join(label, results)
        self.reachable = True
        return True

    def _join(self, label: Label, results: Types) -> None:
        """Phis for the locals and operands in which the edges of ``label`` differ."""
        edges = label.edges
        first = edges[0][1]
        if all(edge[1] is first for edge in edges):
            self.restore(first)
        else:
            joined = first.copy()
            columns = zip(*(edge[1] for edge in edges), strict=True)
            for index, column in enumerate(columns):
                if column.count(column[0]) != len(column):
                    joined[index] = self._phi(self.local_llvm[index], edges, column)
            self.restore(joined)
        del self.values[label.height :]
        for i, type_ in enumerate(results):
            column = tuple(edge[2][i] for edge in edges)
            if column.count(column[0]) == len(column):
                self.values.append(column[0])
            else:
                self.values.append(self._phi(LLVM_TYPE[type_], edges, column))

    def _phi(self, type_: str, edges: list[Edge], column: Sequence[str]) -> str:
        self.spend(sum(edge[3] for edge in edges))
        return self.emit(f"phi {type_} {self._incoming(edges, column)}")

    @staticmethod
    def _incoming(edges: list[Edge], column: Sequence[str]) -> str:
        return ", ".join(
            f"[ {value}, %{edge[0]} ]"
            for edge, value in zip(edges, column, strict=True)
            for _ in range(edge[3])
        )

    def _fill_loop(self, label: Label, params: Types) -> None:
        edges, lines = label.edges, self.lines
        self.spend(len(label.phis) * sum(edge[3] for edge in edges))
        phis = iter(label.phis)
        for index in label.assigned:
            at = next(phis)
            incoming = self._incoming(edges, [edge[1][index] for edge in edges])
            lines[at] = f"%{at} = phi {self.local_llvm[index]} {incoming}"
        for i, type_ in enumerate(params):
            at = next(phis)
            incoming = self._incoming(edges, [edge[2][i] for edge in edges])
            lines[at] = f"%{at} = phi {LLVM_TYPE[type_]} {incoming}"

    # ---- branches -------------------------------------------------------------------------

    def return_(self, frame: Frame) -> None:
        """``return`` from the function of ``frame``."""
        self.br(frame)

    def br(self, frame: Frame) -> None:
        """``br``."""
        self._edge(frame.payload, len(frame.label))
        self.void(f"br label %{frame.payload.name}")
        self.reachable = False

    def br_if(self, frame: Frame) -> None:
        """``br_if``."""
        condition = self.condition(self.values.pop())
        self._edge(frame.payload, len(frame.label))
        go_on = self.label()
        self.void(f"br i1 {condition}, label %{frame.payload.name}, label %{go_on}")
        self.place(go_on)

    def br_table(self, frames: Sequence[Frame]) -> None:
        """``br_table``."""
        index = self.values.pop()
        times: dict[int, int] = {}
        for frame in frames:
            times[id(frame)] = times.get(id(frame), 0) + 1
        for frame in {id(frame): frame for frame in frames}.values():
            self._edge(frame.payload, len(frame.label), times[id(frame)])
        cases = " ".join(
            f"i32 {i}, label %{frame.payload.name}" for i, frame in enumerate(frames[:-1])
        )
        self.void(f"switch i32 {index}, label %{frames[-1].payload.name} [ {cases} ]")
        self.reachable = False

    def unreachable(self) -> None:
        """``unreachable``."""
        self.trap(ErrCode.UNREACHABLE)
        self.reachable = False

    # ---- returning ------------------------------------------------------------------------

    def ret(self, types: Sequence[int]) -> None:
        """Return the operands of ``types``, which are all that is left.

        In a block of its own: LLVM's quick selection leaves the block that returns to the slow one.
        """
        last = self.label()
        self.void(f"br label %{last}")
        self.place(last)
        results = [(LLVM_TYPE[t], v) for t, v in zip(types, self.values, strict=True)]
        if len(types) > MAX_DIRECT_RESULTS:
            at = 0
            for type_, operand in results:
                slot = self.offset("%out", at)
                self.void(f"store {type_} {operand}, ptr {slot}, align 8")
                at += 16 if type_.startswith("<") else 8
            results = []
        results += self._passed_back()
        if not results:
            self.void("ret void")
        elif len(results) == 1:
            self.void(f"ret {results[0][0]} {results[0][1]}")
        else:
            struct = "{ " + ", ".join(type_ for type_, _ in results) + " }"
            value = "poison"
            for i, (type_, operand) in enumerate(results):
                value = self.emit(f"insertvalue {struct} {value}, {type_} {operand}, {i}")
            self.void(f"ret {struct} {value}")

    def _passed_back(self) -> list[tuple[str, str]]:
        """What the function returns behind its results: LLVM types and values."""
        return []


def parameters(type_: FunctionType) -> list[str]:
    """Parameters of a native entry, typed: context, parameters, perhaps result pointer."""
    names = ["ptr %ctx"]
    halves = halved(type_.params)
    for i, param in enumerate(type_.params):
        if i in halves:
            names += [f"double %p{i}.low", f"double %p{i}.high"]
        else:
            names.append(f"{LLVM_TYPE[param]} %p{i}")
    if has_result_pointer(type_):
        names.append("ptr %out")
    return names
