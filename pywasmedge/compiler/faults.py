"""Accesses of memory that fault instead of being checked: they must do so in their turn.

For LLVM a load is a value: it goes where the value is used, behind branches, traps and calls, or
nowhere if a simplification leaves no use. A store that is overwritten later goes, too. So

* each load is followed by an empty piece of assembly that uses its value. It costs nothing, nor
  does it keep LLVM from taking a value that it knows instead of loading it again;
* stores are volatile.

That would forbid vectorising loops. In innermost loops without calls, the only ones that are,
stores are left alone, and a load is pinned only if its value reaches neither an effect (a store, a
branch) in its own basic block, nor a phi that is of use. There LLVM may still move and join
accesses, and lose those that it finds to be of no use.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NAME = re.compile(r"%\d+")
_DEFINITION = re.compile(r"(%\d+) = (.*)$")
_LOAD = re.compile(r"%\d+ = load (<[^>]*>|\w+), ")
_EXTENSION = re.compile(r"%\d+ = [sz]ext \w+ (%\d+) to (\w+)$")
_EFFECT = re.compile(r"call(?! [^@]*@llvm\.)|load (?:volatile|atomic)|atomicrmw|cmpxchg")
_CONSTRAINTS = {"float": "x", "double": "x", "<2 x i64>": "x"}
"""Registers for values that are no integers."""


def keep_faults(
    lines: list[str], accesses: Iterable[int], loops: Sequence[tuple[int, int]]
) -> None:
    """Keep accesses of a finished function in their places.

    Args:
        lines: the function; line ``n`` defines ``%n`` if it defines a numbered value at all.
        accesses: the lines that load or store.
        loops: first and last line of innermost loops without calls, in this order.
    """
    free: set[int] = set()
    joined = _joined(lines) if loops else set()
    for first, last in loops:
        free.update(_free(lines, first, last, joined))
    for at in accesses:
        line = lines[at]
        if at in free:
            continue
        if line.startswith("store "):
            lines[at] = f"store volatile {line[6:]}"
        else:
            _pin(lines, at)


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
    register = "r" if type_.startswith("i") else _CONSTRAINTS.get(type_)
    if register is None:  # no type of a register
        lines[at] = lines[at].replace("load", "load volatile", 1)
    else:
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
