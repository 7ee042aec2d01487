"""Accesses of memory that fault instead of being checked: they must do so in their turn.

For LLVM a load is a value: it goes where the value is used, behind branches, traps and calls, or
nowhere if a simplification leaves no use. A store that is overwritten later goes, too. So

* each load is followed by an empty piece of assembly that uses its value. It costs nothing, nor
  does it keep LLVM from taking a value that it knows instead of loading it again;
* stores are volatile.

Exact code has volatile loads, too. They need the assembly as well: LLVM 22 folds even these into
instructions of AVX-512 with a mask, which do not fault where the mask is 0.

That would forbid vectorising loops. In innermost loops without calls, the only ones that are,
stores are left alone, and a load is pinned only if its value reaches neither an effect (a store, a
branch) in its own basic block, nor a phi that is of use. There LLVM may still move and join
accesses, and lose those that it finds to be of no use.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME = re.compile(r"%\d+")
_DEFINITION = re.compile(r"(%\d+) = (.*)$")
_LOAD = re.compile(r"%\d+ = load (?:volatile )?(<[^>]*>|\w+), ")
_EXTENSION = re.compile(r"%\d+ = [sz]ext (?:<[^>]*>|\w+) (%\d+) to (<[^>]*>|\w+)$")
_EFFECT = re.compile(r"call(?! [^@]*@llvm\.)|load (?:volatile|atomic)|atomicrmw|cmpxchg")
_VECTORS = ("float", "double", "<2 x i64>", "<4 x i32>", "<8 x i16>")
"""Types of what is in vector registers."""


def keep_faults(
    lines: list[str], accesses: Sequence[int], loops: Sequence[tuple[int, int]] | None
) -> None:
    """Keep accesses of a finished function in their places.

    Args:
        lines: the function; line ``n`` defines ``%n`` if it defines a numbered value at all.
        accesses: the lines that load or store.
        loops: first and last line of innermost loops without calls; ``None`` for exact code.
    """
    if not accesses:
        return
    free: set[int] = set()
    joined = _joined(lines) if loops else set()
    for first, last in loops or ():
        free.update(_free(lines, first, last, joined))
    for at in accesses:
        line = lines[at]
        if at in free:
            continue
        if line.startswith("store "):
            lines[at] = _volatile(line)
            continue
        if loops is None:
            lines[at] = _volatile(line)
        _pin(lines, at)


def _volatile(line: str) -> str:
    """A load or store that LLVM keeps as it is."""
    return line if " volatile " in line else re.sub("(load|store) ", r"\1 volatile ", line, count=1)


def _pin(lines: list[str], at: int) -> None:
    """Use what line ``at`` loads, or what it is extended to on the next."""
    name = f"%{at}"
    load = _LOAD.match(lines[at])
    assert load is not None
    type_ = load[1]
    extension = _EXTENSION.match(lines[at + 1])
    if extension is not None and extension[1] == name:
        at += 1
        name, type_ = f"%{at}", extension[2]
    if type_.startswith("<") and type_ not in _VECTORS:  # half a vector that nobody uses
        lines[at] = _volatile(lines[at])
        return
    register = "x" if type_ in _VECTORS else "r"
    lines[at] += f'\ncall void asm sideeffect "", "{register}"({type_} {name}) #4'


def _free(lines: list[str], first: int, last: int, joined: set[str]) -> list[int]:
    """Lines of a loop that need no care: stores, loads whose values arrive (see above)."""
    found: list[int] = []
    reached = joined.copy()
    for at in range(last - 1, first - 1, -1):
        line = lines[at]
        if line.endswith(":"):
            reached = joined.copy()
            continue
        definition = _DEFINITION.match(line)
        if definition is None:
            found.append(at)
            reached.update(_NAME.findall(line))
        elif definition[1] in reached or _EFFECT.match(definition[2]):
            found.append(at)
            reached.update(_NAME.findall(definition[2]))
    return found


def _joined(lines: list[str]) -> set[str]:
    """Values that go into a phi from which an effect or a result follows in the end."""
    definitions: dict[str, str] = {}
    work: list[str] = []
    for line in lines:
        definition = _DEFINITION.match(line)
        if definition is None:
            work += _NAME.findall(line)
            continue
        definitions[definition[1]] = definition[2]
        if _EFFECT.match(definition[2]):
            work += _NAME.findall(definition[2])
    joined: set[str] = set()
    while work:
        operation = definitions.pop(work.pop(), "")
        operands = _NAME.findall(operation)
        work += operands
        if operation.startswith("phi "):
            joined.update(operands)
    return joined
