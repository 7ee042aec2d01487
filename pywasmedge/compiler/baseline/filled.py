"""Stencils filled in: the code by the number that goes into the hole, in its shortest form.

Most stencils have one number, and most numbers are small and come again: the code is kept.
Numbers of one byte get the processor's short forms, which LLVM does not use for symbols.
"""

from __future__ import annotations

from .stencil import NUMBER, WIDE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Hole = tuple[int, int, Any, int]
    Holes = tuple[Hole, ...]
    Plain = tuple[bytes, Holes]
    Parts = tuple[bytes, int, int, bytes]

KEPT = range(-1024, 4096)
"""Numbers whose code is kept."""
BYTE = -1
"""Kind of a hole for the lowest byte of a number."""
_SIZE = {BYTE: 1, NUMBER: 4, WIDE: 8}
_SHORT = range(-128, 128)
_ACCESSES = 8192
"""Offsets of stores of constants whose code is kept."""


class _Forms:
    """The forms of a stencil, found when the first is needed.

    Args:
        stencil: the stencil.
        symbol: as for ``short``.
    """

    __slots__ = ("_long", "_short", "_symbol")

    def __init__(self, stencil: Plain, symbol: str | None = None) -> None:
        self._long = stencil
        self._short: Plain | None = None
        self._symbol = symbol

    def of(self, number: int) -> Plain:
        """The one for a number."""
        if number not in _SHORT:
            return self._long
        if self._short is None:
            self._short = short(self._long, self._symbol) or self._long
        return self._short


class Filled(dict[int, bytes]):
    """The code of a stencil that is ``simple`` by its number."""

    __slots__ = ("_forms", "_long", "_short")

    def __init__(self, stencil: Plain) -> None:
        self._forms = _Forms(immediate(stencil))
        self._long: Parts | None = None
        self._short: Parts | None = None

    def __missing__(self, number: int) -> bytes:
        if number in _SHORT:
            parts = self._short = self._short or _parts(self._forms.of(number))
        else:
            parts = self._long = self._long or _parts(self._forms.of(number))
        before, size, addend, after = parts
        value = number + addend & (1 << 8 * size) - 1
        code = before + value.to_bytes(size, "little") + after
        if number in KEPT:
            self[number] = code
        return code


def _parts(stencil: Plain) -> Parts:
    """A simple stencil as what is before its hole, size and addend of the hole, and the rest."""
    text, holes = stencil
    if not holes:
        return text, 0, 0, b""
    ((at, kind, _, addend),) = holes
    size = _SIZE[kind]
    return text[:at], size, addend, text[at + size :]


class Branches(dict[int, "tuple[bytes, int]"]):
    """The code of a stencil that branches, and where the distance to its target is."""

    __slots__ = ("_forms",)

    def __init__(self, stencil: Plain) -> None:
        self._forms = _Forms(stencil)

    def __missing__(self, number: int) -> tuple[bytes, int]:
        code, ((at, _, _, _),) = fill(self._forms.of(number), number)
        made = code, at
        if number in KEPT:
            self[number] = made
        return made


class Accesses(dict[int, Filled]):
    """Stores of constants: by their offset, the code by the constant."""

    __slots__ = ("_forms",)

    def __init__(self, stencil: Plain) -> None:
        self._forms = _Forms(stencil, "OFFSET")

    def __missing__(self, offset: int) -> Filled:
        made = Filled(fill(self._forms.of(offset), offset, "OFFSET"))
        if len(self) < _ACCESSES:
            self[offset] = made
        return made


def simple(stencil: Plain) -> bool:
    """Whether a stencil has at most one number, of four bytes, and no other holes.

    LLVM takes the symbol for a wide one to be another number than 0: divisions rely on it.
    """
    holes = immediate(stencil)[1]
    return not holes or (len(holes) == 1 and holes[0][1] in (NUMBER, BYTE))


def fill(stencil: Plain, number: int, symbol: str | None = None) -> Plain:
    """Fill the holes for ``symbol`` (``None``: all that are for numbers) and leave the others."""
    code = bytearray(stencil[0])
    left = []
    for hole in stencil[1]:
        at, kind, what, addend = hole
        size = _SIZE.get(kind)
        if size is None or (symbol is not None and what != symbol):
            left.append(hole)
        else:
            value = number + addend & (1 << 8 * size) - 1
            code[at : at + size] = value.to_bytes(size, "little")
    return bytes(code), tuple(left)


# ---- Short forms ---------------------------------------------------------------------------------

_ARITHMETIC = {0x01: 0, 0x09: 1, 0x21: 4, 0x29: 5, 0x31: 6}
"""Opcodes of ``op rm, reg`` and what is in the place of ``reg`` in ``op rm, constant``."""


def immediate(stencil: Plain) -> Plain:
    """The same with a constant as part of the instruction.

    ``mov eax, N; op reg, eax`` becomes ``op reg, N``, ``mov ecx, N; shl reg, cl`` ``shl reg, N``;
    ``N`` fits into four bytes, signed.
    """
    text, holes = stencil
    if len(holes) != 1 or holes[0][3] or holes[0][1] not in (NUMBER, WIDE):
        return stencil
    at, kind, what, _ = holes[0]
    move = text[:at]
    if move not in (b"\xb8", b"\xb9", b"\x48\xb8", b"\x48\xb9"):
        return stencil
    rest = text[at + _SIZE[kind] :]
    rex = 0
    if rest and rest[0] & 0xF0 == 0x40:
        rex, rest = rest[0], rest[1:]
    register = rest[-1] & 7
    if len(rest) == 2 and rest[1] >= 0xC0 and not rex & 4:
        extension = rest[1] >> 3 & 7
        if move[-1] == 0xB8 and rest[0] in _ARITHMETIC and extension == 0:
            body = bytes((0x81, 0xC0 | _ARITHMETIC[rest[0]] << 3 | register))
            return _constant(rex, body, (NUMBER, what))
        if move[-1] == 0xB9 and rest[0] == 0xD3:
            return _constant(rex, b"\xc1" + rest[1:], (BYTE, what))
    is_product = len(rest) == 3 and rest[:2] == b"\x0f\xaf" and rest[2] & 0xC7 == 0xC0
    if move[-1] == 0xB8 and is_product and not rex & 1:
        to = rest[2] >> 3 & 7
        body = bytes((0x69, 0xC0 | to << 3 | to))
        return _constant(rex | (rex & 4) >> 2, body, (NUMBER, what))
    return stencil


def _constant(rex: int, body: bytes, hole: tuple[int, Any]) -> Plain:
    code = bytes((rex,)) + body if rex else body
    return code, ((len(code), hole[0], hole[1], 0),)


def short(stencil: Plain, symbol: str | None = None) -> Plain | None:
    """The form for numbers of one byte, signed, if there is one; ``symbol`` as for ``fill``."""
    text, holes = stencil
    numbers = [h for h in holes if h[1] == NUMBER and symbol in (None, h[2])]
    if len(numbers) != 1 or numbers[0][3]:
        return None
    at, _, what, _ = numbers[0]
    if at >= 2 and text[at - 2] in (0x81, 0x69) and text[at - 1] >= 0xC0:
        change = at - 2, text[at - 2] | 2  # op rm, constant
    elif (modrm := _displacement(text, at)) >= 0:
        change = modrm, text[modrm] ^ 0xC0
    else:
        return None
    code = bytearray(text)
    code[change[0]] = change[1]
    del code[at + 1 : at + 4]
    kept = [(at, BYTE, what, 0) if h is numbers[0] else h for h in holes]
    moved = [(h[0] - 3 if h[0] > at else h[0], *h[1:]) for h in kept]
    return bytes(code), tuple(moved)


def _displacement(text: bytes, at: int) -> int:
    """Where the ModRM byte is whose displacement of four bytes is at ``at``; -1 if it is not one.

    Only the first instruction is looked at (the second after ``xor eax, eax``), so that no jump
    leads over it.
    """
    i = 2 if text.startswith(b"\x31\xc0") else 0
    while text[i] in (0x66, 0xF2, 0xF3):
        i += 1
    if text[i] & 0xF0 == 0x40:
        i += 1
    if text[i] == 0x0F:
        i += 1
        if text[i] in (0x38, 0x3A):
            i += 1
    i += 1
    if i < at and text[i] >> 6 == 2 and at == i + (2 if text[i] & 7 == 4 else 1):
        return i
    return -1
