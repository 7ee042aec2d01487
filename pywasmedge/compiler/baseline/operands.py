"""What quick code knows about an operand: where its value is."""

from __future__ import annotations

from functools import cache

from ...base.types import ValType
from . import x86_64 as machine
from .stencil import REGISTERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_I32, _I64 = int(ValType.I32), int(ValType.I64)
REG, LOCAL, PIN, CONST, SPILL = range(5)
"""Kinds: in the register of its position; the value of a local in the frame, or in a register of
its own; a constant; in the slot of its position."""


class Operand:
    """An operand; many positions can share one.

    Attributes:
        arguments: code that brings it into a register of its kind, by the register's number.
        entries: code that stores a register to the local's slot, by the register's number.
        kind: see above.
        type: its value type.
        at: place in the frame, from ``rbp`` (``LOCAL``).
        reg: register of the local (``PIN``), or -1.
        value: bits of a constant; whole numbers are signed.
        near: a constant is a whole number of 4 bytes, signed.
        number: what a stencil's hole for this operand is filled with.
        loads: code that brings it into each of the registers of its type.
        stores: code that assigns each of these registers to it.
    """

    __slots__ = (
        "arguments",
        "at",
        "entries",
        "kind",
        "loads",
        "near",
        "number",
        "reg",
        "stores",
        "type",
        "value",
    )

    arguments: dict[int, bytes]
    at: int
    entries: dict[int, bytes]
    loads: tuple[bytes, ...]
    near: bool
    number: int
    reg: int
    stores: tuple[bytes, ...]
    value: int

    def __init__(self, kind: int, type_: int) -> None:
        self.kind = kind
        self.type = type_

    def __repr__(self) -> str:
        return f"<{('reg', 'local', 'pin', 'const', 'spill')[self.kind]} {ValType(self.type)}>"


@cache
def in_register(type_: int) -> Operand:
    """An operand of ``type_`` in the register of its position."""
    operand = Operand(REG, int(type_))
    operand.loads = (b"",) * REGISTERS
    return operand


@cache
def spilled(type_: int) -> Operand:
    """An operand of ``type_`` in the slot of its position."""
    return Operand(SPILL, int(type_))


class Loads(dict[int, bytes]):
    """Code that loads a value of a type from a place in the frame, by the register's number."""

    __slots__ = ("_at", "_type")

    def __init__(self, type_: int, at: int) -> None:
        self._type = type_
        self._at = at

    def __missing__(self, reg: int) -> bytes:
        code = self[reg] = machine.load(self._type, reg, machine.RBP, self._at)
        return code


class Stores(dict[int, bytes]):
    """Code that stores a register to a place in the frame, by the register's number."""

    __slots__ = ("_at", "_type")

    def __init__(self, type_: int, at: int) -> None:
        self._type = type_
        self._at = at

    def __missing__(self, reg: int) -> bytes:
        code = self[reg] = machine.store(self._type, reg, machine.RBP, self._at)
        return code


class Moves(dict[int, bytes]):
    """Code that copies a register into another one of its kind, by that one's number."""

    __slots__ = ("_source", "_type")

    def __init__(self, type_: int, source: int) -> None:
        self._type = type_
        self._source = source

    def __missing__(self, reg: int) -> bytes:
        code = self[reg] = machine.move(self._type, reg, self._source)
        return code


def slot_at(index: int) -> int:
    """Offset from ``rbp`` of the slot with a number."""
    return machine.FIRST_SLOT - 8 * index


class Slot:
    """A place in the frame.

    Attributes:
        at: its offset from ``rbp``.
        number: the same.
    """

    __slots__ = ("_arguments", "_entries", "_loads", "_stores", "at", "number")

    def __init__(self, index: int) -> None:
        self.at = self.number = slot_at(index)
        self._arguments: dict[int, Loads] = {}
        self._entries: dict[int, Stores] = {}
        self._loads: dict[int, tuple[bytes, ...]] = {}
        self._stores: dict[int, tuple[bytes, ...]] = {}

    def loads(self, type_: int) -> tuple[bytes, ...]:
        """Code that loads a value of ``type_`` into each of the operand registers."""
        found = self._loads.get(type_)
        if found is None:
            registers = machine.S if type_ in machine.WHOLE else machine.X
            code = [machine.load(type_, reg, machine.RBP, self.at) for reg in registers]
            found = self._loads[type_] = tuple(code)
        return found

    def arguments(self, type_: int) -> Loads:
        """Code that loads a value of ``type_`` into any register."""
        found = self._arguments.get(type_)
        if found is None:
            found = self._arguments[type_] = Loads(type_, self.at)
        return found

    def entries(self, type_: int) -> Stores:
        """Code that stores any register with a value of ``type_``."""
        found = self._entries.get(type_)
        if found is None:
            found = self._entries[type_] = Stores(type_, self.at)
        return found

    def stores(self, type_: int) -> tuple[bytes, ...]:
        """Code that stores each of the operand registers."""
        found = self._stores.get(type_)
        if found is None:
            registers = machine.S if type_ in machine.WHOLE else machine.X
            code = [machine.store(type_, reg, machine.RBP, self.at) for reg in registers]
            found = self._stores[type_] = tuple(code)
        return found


_KEPT = 4096
"""Slots and locals below this are shared by all functions."""
_slots: list[Slot] = []


def slot(index: int) -> Slot:
    """The slot with a number."""
    if index >= _KEPT:
        return Slot(index)
    while index >= len(_slots):
        _slots.append(Slot(len(_slots)))
    return _slots[index]


@cache
def _pin_moves(type_: int, reg: int) -> tuple[tuple[bytes, ...], tuple[bytes, ...], Moves]:
    moves = Moves(type_, reg)
    registers = machine.S if type_ in machine.WHOLE else machine.X
    return (
        tuple(moves[to] for to in registers),
        tuple(machine.move(type_, reg, source) for source in registers),
        moves,
    )


class Local(Operand):
    """A local of the function: the operand ``local.get`` pushes."""

    __slots__ = ()

    def __init__(self, index: int, type_: int, reg: int | None) -> None:
        super().__init__(LOCAL if reg is None else PIN, int(type_))
        where = slot(index)
        self.at = self.number = where.at
        self.reg = -1 if reg is None else reg
        self.entries = where.entries(self.type)
        if reg is None:
            self.loads, self.stores = where.loads(self.type), where.stores(self.type)
            self.arguments = where.arguments(self.type)
        else:
            self.loads, self.stores, self.arguments = _pin_moves(self.type, reg)
            if self.type not in machine.WHOLE:  # kept in the slot during calls
                self.arguments = where.arguments(self.type)


class Const(Operand):
    """A constant."""

    __slots__ = ()

    def __init__(self, type_: int, value: int) -> None:
        self.kind = CONST
        self.type = type_
        self.value = self.number = value
        self.near = type_ == _I32 or (type_ == _I64 and -(1 << 31) <= value < 1 << 31)


class Constants(dict[int, Const]):
    """The constants of a type, by their values."""

    __slots__ = ("_type",)

    KEPT = 8192

    def __init__(self, type_: int) -> None:
        self._type = type_

    def __missing__(self, value: int) -> Const:
        made = Const(self._type, value)
        if len(self) < self.KEPT:
            self[value] = made
        return made


@cache
def _kept(place: int, type_: int) -> Local:
    return Local(place, type_, None)


class Locals(dict[int, Local]):
    """The locals of a function by their indices, each made when it is needed first.

    Attributes:
        types: their types.
        places: their slots.
    """

    __slots__ = ("places", "types")

    def lay_out(self, types: Sequence[int], places: Sequence[int]) -> None:
        """Be the locals of another function."""
        self.clear()
        self.types = types
        self.places = places

    def __missing__(self, index: int) -> Local:
        place, type_ = self.places[index], self.types[index]
        made = self[index] = _kept(place, type_) if place < _KEPT else Local(place, type_, None)
        return made

    def pin(self, index: int, reg: int) -> Local:
        """Keep a local in a register of its own."""
        made = self[index] = Local(self.places[index], self.types[index], reg)
        return made
