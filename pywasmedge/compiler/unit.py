"""A compilation unit: some functions of a module as one piece of code."""

from __future__ import annotations

import re
from math import inf
from threading import Lock
from typing import TYPE_CHECKING

from ..walk.rules import Declared
from ..walk.scan import LoopScan
from ..walk.walker import Walk
from .abi import (
    FUNCTION_ATTRIBUTES,
    LLVM_TYPE,
    ZERO,
    canonical_types,
    has_result_pointer,
    operand_budget,
)
from .effort import MOST_BYTES, TooMuchError, estimate
from .emitter import METADATA
from .flow import LoopEntry
from .lowering import memory, numeric  # noqa: F401  (they register lowerings)
from .variables import Variables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from ..base.config import Proposal
    from ..base.types import FunctionType
    from ..module.ast import Module
    from .metering import Metered

ATTRIBUTES = f"""\
attributes #0 = {{ {FUNCTION_ATTRIBUTES} "disable-tail-calls"="true" }}
attributes #1 = {{ cold noreturn nounwind }}
attributes #3 = {{ {FUNCTION_ATTRIBUTES} }}
attributes #4 = {{ nounwind willreturn memory(inaccessiblemem: readwrite) }}
"""
"""LLVM makes no tail calls of its own, which would let endless recursion run for ever.

``#3`` is for functions with calls marked ``tail``; all others in them are marked ``notail``.
``#4`` is for what uses a value and has no other effect (``faults``).
"""

MAX_JOINS = 1 << 24
"""Locals times bytes of a body, above which its locals are kept in stack slots."""
MAX_LOOP_PHIS = 1 << 17
"""The same for the phis its loops need."""


class Emitter(Variables):
    """The complete sink of a walk: one LLVM function per body."""

    def begin_unit(self, scan: LoopScan) -> None:
        """A unit begins, whose functions are ``members``."""

    def end_unit(self) -> list[str]:
        """What the unit's text has to end with."""
        return []


class UnitWriter:
    """Writes units of one module; safe to use from several threads, one at a time.

    Args:
        module: a module whose declarations are valid.
        proposals: the enabled proposals.
        guarded: every memory has guard pages that make checks of 32-bit addresses unnecessary.
        count: the code counts instructions.
        cost: the code adds up the cost of instructions and respects its limit.
        exact: every trap is the one that quick code would end with, after the same stores.
        most: seconds that LLVM may take for a function (see ``effort``).
    """

    def __init__(
        self,
        module: Module,
        proposals: AbstractSet[Proposal],
        *,
        guarded: bool,
        count: bool = False,
        cost: bool = False,
        exact: bool = False,
        most: float = inf,
    ) -> None:
        self.module = module
        self._most = most
        self._emitter: Emitter | Metered
        if count or cost:
            from .metering import Metered

            self._emitter = Metered(module, guarded=guarded, count=count, cost=cost, exact=exact)
        else:
            self._emitter = Emitter(module, guarded=guarded, exact=exact)
        self._emitter.canonical = canonical_types(module.types)
        self._walk = Walk(module, proposals, Declared(module), self._emitter)
        self._scan = LoopScan(self._walk)
        self._lock = Lock()

    def write(self, indices: Sequence[int], loops: Sequence[tuple[int, int]] = ()) -> str:
        """LLVM text of the defined functions ``indices``; symbols are ``f<index>``.

        Args:
            indices: the functions.
            loops: pairs of a function and the offset of one of its loops (of code that does not
                count): what takes over there from quick code; symbols are ``o<index>.<offset>``.

        Raises:
            LoadError, ValidationError: a body that was not checked before is not valid.
            Trap: a function has too many operands (0x02).
            TooMuchError: LLVM would take too long for a function.
        """
        with self._lock:
            for index in indices:
                self._walk.check(index)
            emitter = self._emitter
            emitter.members = frozenset(indices)
            emitter.begin_unit(self._scan)
            functions = [self._function(index) for index in indices]
            functions += [self._function(index, loop) for index, loop in loops]
            parts = [*functions, ATTRIBUTES, METADATA, *emitter.end_unit()]
        return "\n".join(parts)

    def _function(self, index: int, loop: int | None = None) -> str:
        module, emitter, walk = self.module, self._emitter, self._walk
        type_ = module.types[module.funcs[index]]
        begin, end = module.bodies[index]
        if self._most < inf and end - begin > MOST_BYTES:
            raise TooMuchError(f"function {index}")
        emitter.assigned = self._scan.loops(index)
        emitter.budget = operand_budget(end - begin)
        start = walk.begin(index)
        emitter.entered = None
        if loop is not None:
            emitter.entered = self._entry(type_, walk.local_types, loop)
        # A function with a loop gains nothing from inlining, and its caller's registers suffer.
        attributes = "#0 noinline" if emitter.assigned else "#0"
        emitter.start(f"{emitter.header(index, type_)} {attributes} {{")
        emitter.open_parameters(type_)
        types = walk.local_types
        emitter.local_llvm = [LLVM_TYPE[t] for t in types]
        count = len(type_.params)
        initial = [f"%p{i}" for i in range(count)] + [ZERO[t] for t in types[count:]]
        if emitter.entered is not None:
            emitter.open_entered(emitter.entered)
        else:
            emitter.open_locals(initial, spill=self._spill(index, len(types)))
        emitter.open_function(walk.stack.frames[0])
        walk.run(start, index, walk.table)
        if emitter.reachable:
            emitter.ret(type_.results)
        text = emitter.finish()
        if self._most < inf and estimate(text, len(emitter.assigned)) > self._most:
            raise TooMuchError(f"function {index}")
        if emitter.tail:
            text = re.sub("(?<!tail )call tailcc", "notail call tailcc", text)
            text = text.replace(" #0", " #3", 1)
        return text

    def _entry(self, type_: FunctionType, local_types: Sequence[int], loop: int) -> LoopEntry:
        """How quick code lays out its frame."""
        from .baseline.operands import slot_at
        from .baseline.writer import Baseline

        quick = Baseline(self.module, guarded=True)
        quick.lay_out(type_, local_types)
        pointer = quick.place_of_pointer() if has_result_pointer(type_) else None
        return LoopEntry(loop, [slot_at(place) for place in quick.locals.places], pointer)

    def _spill(self, index: int, locals_: int) -> bool:
        """Whether joining the locals by phis could cost far more than the body is worth."""
        start, end = self.module.bodies[index]
        loop_phis = sum(map(len, self._emitter.assigned.values()))
        return locals_ * (end - start) > MAX_JOINS or loop_phis > MAX_LOOP_PHIS
