"""Stencils: the machine code of single instructions as data (made by ``build``).

Quick code is made of them by concatenation. The file is read by the first module that is compiled;
it belongs to one processor family and to one layout of the kernel's structs.
"""

from __future__ import annotations

import os
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..link import Function

REGISTERS = 4
"""Operands that can be in registers at a time."""
FILE = os.path.join(os.path.dirname(__file__), f"stencils-{os.uname().machine}.bin")
"""Where they are kept; made when the package is built."""
TABLES = os.path.join(os.path.dirname(__file__), f"quick-{os.uname().machine}.bin")
"""Where the tables are that ``tables`` makes of them; made after them."""

NUMBER, WIDE, RELATIVE, CONSTANT, TRAP = 0, 1, 2, 3, 4
"""Kinds of holes: 4 or 8 bytes for a number; the distance to a label; the distance to 16 constant
bytes; a trap (in metered code)."""

Key = tuple[str, str, int]
"""Mnemonic, form and register (see ``build``)."""
Stencils = dict[Key, tuple[bytes, tuple[tuple[int, int, str | bytes, int], ...]]]


class Stencil(tuple):  # type: ignore[type-arg]
    """``(code, holes)``; a hole is ``(offset, kind, what, addend)``.

    ``what`` is the symbol of a number, ``""`` for the branch target, or the constant bytes. Holes
    are in order.
    """

    __slots__ = ()

    @classmethod
    def of(cls, function: Function) -> Stencil:
        """The stencil a compiled function is: its last jump cut off.

        Raises:
            ValueError: it branches in a way that is not known.
        """
        code = bytearray(function.code)
        holes: list[tuple[int, int, str | bytes, int]] = []
        end = len(code)
        jumps = {hole.offset: hole for hole in function.holes if hole.symbol in ("NEXT", "TAKEN")}
        last = jumps.get(end - 4)
        if last is not None and code[end - 5] == 0xE9:
            before = jumps.get(end - 9)
            if last.symbol == "NEXT":
                end -= 5
                del jumps[last.offset]
            elif before is not None and before.symbol == "NEXT" and code[end - 11] == 0x0F:
                # jcc NEXT; jmp TAKEN: the opposite condition jumps to TAKEN
                code[end - 10] ^= 1
                end -= 5
                del jumps[last.offset]
                del jumps[before.offset]
                holes.append((end - 4, RELATIVE, "", -4))
        del code[end:]
        for hole in function.holes:
            if hole.symbol in ("NEXT", "TAKEN"):
                if hole.offset not in jumps:
                    continue
                if hole.symbol == "TAKEN":
                    if hole.addend != -4:
                        raise ValueError(f"{function.name}: a branch that does not end its code")
                    holes.append((hole.offset, RELATIVE, "", hole.addend))
                else:
                    distance = end + hole.addend - hole.offset
                    code[hole.offset : hole.offset + 4] = distance.to_bytes(
                        4, "little", signed=True
                    )
            elif hole.data:
                holes.append((hole.offset, CONSTANT, hole.data, hole.addend))
            else:
                kind = WIDE if hole.size == 8 else NUMBER
                holes.append((hole.offset, kind, hole.symbol.removesuffix("w"), hole.addend))
        return cls((bytes(code), tuple(sorted(holes))))


def save(path: str, groups: dict[int, dict[Key, Stencil]]) -> None:
    """Write stencils to a file, those of each prefix byte apart."""
    from marshal import dumps

    parts = {
        prefix: dumps({key: tuple(stencil) for key, stencil in group.items()})
        for prefix, group in groups.items()
    }
    with open(path, "wb") as file:
        file.write(dumps((layout(), parts)))


def available() -> bool:
    """Whether there are stencils for this processor."""
    return os.path.exists(FILE)


@cache
def load(prefix: int = 0, path: str = FILE) -> Stencils:
    """The stencils of a file for instructions with a prefix byte: 0xFD, 0xFE, or 0 (all others).

    Raises:
        OSError: it cannot be read.
        ValueError: it belongs to another build.
    """
    from marshal import loads

    with open(path, "rb") as file:
        made_for, parts = loads(file.read())
    if made_for != layout():
        raise ValueError(f"{path}: made for another build of the kernel")
    return loads(parts[prefix])  # type: ignore[no-any-return]


def tables() -> bytes | None:
    """The tables of the emitter in C; ``None`` if there are none for this processor and kernel."""
    from marshal import loads

    try:
        with open(TABLES, "rb") as file:
            made_for, tables = loads(file.read())
    except (OSError, ValueError, EOFError, TypeError):
        return None
    return tables if made_for == layout() else None


def layout() -> str:
    """What stencils know of the kernel's structs."""
    from .. import layout

    tables = (layout.INSTANCE, layout.FUNC, layout.MEMORY, layout.TABLE, layout.RUNTIME)
    return repr([sorted(table.items()) for table in tables])
