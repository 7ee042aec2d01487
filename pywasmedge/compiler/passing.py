"""Functions that hand count and budget of metered code to each other.

Functions of a unit that call each other pass on count and budget (``we_meter``) as parameters and
results, so that they need not be loaded, which takes longer than a small function. Such a function
is called ``g<index>``; its native entry ``f<index>`` does nothing but call it. Functions that make
tail calls have no such form, as their callees may not have one, nor have those in tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..walk.scan import maybe_called
from . import layout
from .abi import return_type
from .flow import parameters
from .variables import Variables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..base.types import FunctionType
    from ..module.ast import Module
    from ..walk.scan import LoopScan

METER_TBAA = ", !tbaa !6"


class Passing(Variables):
    """Emitter of functions that keep fields of the thread's meter as locals behind their own."""

    def __init__(self, module: Module, kept: list[str], *, guarded: bool, exact: bool) -> None:
        """Make an emitter of functions that keep the fields ``kept``."""
        super().__init__(module, guarded=guarded, exact=exact)
        self.kept = kept
        self._first = 0
        """Index of the first of these locals."""
        self._in_tables = frozenset(
            [
                index - module.imported_funcs
                for element in module.elements
                for index in element.funcs or ()
            ]
        )
        """Defined functions that come into tables by their indices."""
        self._passing: frozenset[int] = frozenset()
        """Functions of the unit that take and return the meter's fields."""
        self._entry_of: tuple[int, FunctionType] | None = None
        """Index and type of the function, if it is one of these."""

    @property
    def _passes(self) -> bool:
        """Whether the function takes and returns the meter's fields."""
        return self._entry_of is not None

    def begin_unit(self, scan: LoopScan) -> None:
        """See which functions call each other."""
        module, members = self.module, self.members
        called: set[int] = set()
        for start, end in [module.bodies[i] for i in members]:
            called |= maybe_called(module, start, end)
        self._passing = frozenset(
            [i for i in called & members - self._in_tables if not scan.tail_calls(i)]
        )

    def header(self, index: int, type_: FunctionType) -> str:
        """Defined function ``index`` up to its attributes."""
        passes = index in self._passing and self.entered is None
        self._entry_of = (index, type_) if passes else None
        if self._entry_of is None:
            return super().header(index, type_)
        fields = [f"i64 %{field}0" for field in self.kept]
        every = ", ".join([*parameters(type_), *fields])
        return f"define internal tailcc {self._returned(type_)} @g{index}({every})"

    def _returned(self, type_: FunctionType) -> str:
        """What a function that passes the meter's fields on returns."""
        return return_type(type_, *["i64"] * len(self.kept))

    def open_meter(self, locals_: int) -> None:
        """Have the meter's fields as they are on entry; the function has ``locals_`` of its own."""
        self._first = locals_
        for name, value in self._places():
            self.at_entry(name, value)
        if not self._passes:
            for name, value in self._loads():
                self.at_entry(name, value)

    def _places(self) -> list[tuple[str, str]]:
        """Values by name: where the meter's fields are."""
        return [
            ("thread", "call ptr @llvm.thread.pointer.p0()"),
            ("meter", "getelementptr i8, ptr %thread, i64 ptrtoint (ptr @we_meter to i64)"),
            *((f, f"getelementptr i8, ptr %meter, i64 {layout.METER[f]}") for f in self.kept),
        ]

    def _loads(self) -> list[tuple[str, str]]:
        """Values by name: what they hold when the function is called."""
        return [(f"{f}0", f"load i64, ptr %{f}, align 8{METER_TBAA}") for f in self.kept]

    def _meter(self, field: str) -> str:
        """The present value of a field of the meter."""
        value = self.locals[self._first + self.kept.index(field)]
        return self.emit(f"load i64, ptr {value}") if self.spilled else value

    def _set_meter(self, field: str, value: str) -> None:
        self._assign(self._first + self.kept.index(field), value)

    def finish(self) -> str:
        """End the function and return its text, with that of its native entry."""
        text = super().finish()
        return text if self._entry_of is None else f"{text}\n{self._native_entry(*self._entry_of)}"

    def _native_entry(self, index: int, type_: FunctionType) -> str:
        """The native entry of a function that passes the meter's fields on."""
        fields = [f"i64 %{field}0" for field in self.kept]
        args = ", ".join([*parameters(type_), *fields])
        struct, returns = self._returned(type_), return_type(type_)
        lines = [f"{super().header(index, type_)} #0 {{"]
        lines += [f"%{name} = {value}" for name, value in [*self._places(), *self._loads()]]
        lines.append(f"%all = call tailcc {struct} @g{index}({args})")
        parts = struct.removeprefix("{ ").removesuffix(" }").split(", ")
        names = ["%all"]
        if len(parts) > 1:
            names = [f"%part{i}" for i in range(len(parts))]
            lines += [f"{name} = extractvalue {struct} %all, {i}" for i, name in enumerate(names)]
        first = len(parts) - len(self.kept)
        for field, name in zip(self.kept, names[first:], strict=True):
            lines.append(f"store volatile i64 {name}, ptr %{field}, align 8{METER_TBAA}")
        result = ""
        if first == 1:
            result = f" {names[0]}"
        elif first:
            result = f" %r{first}"
            for i, name in enumerate(names[:first]):
                before = f"%r{i}" if i else "poison"
                lines.append(f"%r{i + 1} = insertvalue {returns} {before}, {parts[i]} {name}, {i}")
        return "\n".join([*lines, f"ret {returns}{result}", "}"])

    # ---- calls and returns ------------------------------------------------------------------

    def _finish_call(
        self,
        type_: FunctionType,
        function: str,
        ctx: str,
        args: list[str],
        passed: Sequence[str] = (),
    ) -> list[str]:
        if not function.startswith("@f") or int(function[2:]) not in self._passing:
            return super()._finish_call(type_, function, ctx, args, passed)
        passed = [self._meter(field) for field in self.kept]
        return super()._finish_call(type_, f"@g{function[2:]}", ctx, args, passed)

    def _passed_back(self) -> list[tuple[str, str]]:
        if self._entry_of is None:
            return []
        return [("i64", self._meter(field)) for field in self.kept]
