"""What quick code knows about an operand: where its value is."""

from __future__ import annotations

from functools import cache
from struct import pack

from ...base.types import ValType
from . import x86_64 as machine

REG, LOCAL, PIN, CONST, SPILL = range(5)
"""Kinds: in the register of its position; the value of a local in the frame, or in a register of
its own; a constant; in the slot of its position."""


class Operand:
    """An operand; many positions can share one.

    Attributes:
        kind: see above.
        type: its value type.
        at: place in the frame, from ``rbp`` (``LOCAL``).
        reg: register of the local (``PIN``), or -1.
        disp: ``at`` as 4 bytes.
        value: bits of a constant; whole numbers are signed.
        imm: a constant as 4 bytes, ``None`` if it does not fit.
        number: what a stencil's hole for this operand is filled with.
        loads: code that brings it into each of the registers of its type.
        stores: code that assigns each of these registers to it.
    """

    __slots__ = ("at", "disp", "imm", "kind", "loads", "number", "reg", "stores", "type", "value")

    at: int
    disp: bytes
    imm: bytes | None
    loads: tuple[bytes, ...]
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
    return Operand(REG, int(type_))


@cache
def spilled(type_: int) -> Operand:
    """An operand of ``type_`` in the slot of its position."""
    return Operand(SPILL, int(type_))


class Slot:
    """A place in the frame.

    Attributes:
        at: its offset from ``rbp``.
        disp: the same as 4 bytes.
        number: the same.
    """

    __slots__ = ("_loads", "_stores", "at", "disp", "number")

    def __init__(self, index: int) -> None:
        self.at = self.number = machine.FIRST_SLOT - 8 * index
        self.disp = pack("<i", self.at)
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

    def stores(self, type_: int) -> tuple[bytes, ...]:
        """Code that stores each of the operand registers."""
        found = self._stores.get(type_)
        if found is None:
            registers = machine.S if type_ in machine.WHOLE else machine.X
            code = [machine.store(type_, reg, machine.RBP, self.at) for reg in registers]
            found = self._stores[type_] = tuple(code)
        return found


_slots: list[Slot] = []


def slot(index: int) -> Slot:
    """The slot with a number."""
    while index >= len(_slots):
        _slots.append(Slot(len(_slots)))
    return _slots[index]


@cache
def _pin_moves(type_: int, reg: int) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    return (
        tuple(machine.move(type_, to, reg) for to in machine.S),
        tuple(machine.move(type_, reg, source) for source in machine.S),
    )


class Local(Operand):
    """A local of the function: the operand ``local.get`` pushes."""

    __slots__ = ()

    def __init__(self, index: int, type_: int, reg: int | None) -> None:
        super().__init__(LOCAL if reg is None else PIN, int(type_))
        where = slot(index)
        self.at = self.number = where.at
        self.disp = where.disp
        self.reg = -1 if reg is None else reg
        if reg is None:
            self.loads, self.stores = where.loads(self.type), where.stores(self.type)
        else:
            self.loads, self.stores = _pin_moves(self.type, reg)


class Const(Operand):
    """A constant."""

    __slots__ = ()

    def __init__(self, type_: int, value: int) -> None:
        super().__init__(CONST, type_)
        self.value = self.number = value
        self.imm = None
        if type_ == ValType.I32:
            self.imm = pack("<I", value & 0xFFFF_FFFF)
        elif type_ == ValType.I64 and -(1 << 31) <= value < 1 << 31:
            self.imm = pack("<i", value)
