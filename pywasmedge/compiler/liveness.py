"""Unused values of a finished function.

An instruction without effect whose result nobody uses is taken out, which spares LLVM the work.
Loads of linear memory stay, since they may trap (``faults``).
"""

from __future__ import annotations

import re
from collections import Counter

_NAME = re.compile(r"%\d+")
_EFFECT = re.compile(
    r"call(?! [^@]*@llvm\.)|atomicrmw|cmpxchg|load (?:volatile|atomic)|load .*!tbaa !1$|phi"
)


def settle(lines: list[str], first: int) -> None:
    """Remove unused values in ``lines`` from index ``first`` on, in place.

    Line ``n`` defines ``%n`` if it defines a numbered value at all. Lines are emptied rather than
    deleted.
    """
    uses = Counter(_NAME.findall("\n".join(lines[first:])))
    work = [name for name, count in uses.items() if count == 1]
    while work:
        name = work.pop()
        at = int(name[1:])
        line = lines[at]
        if not line.startswith(name + " = "):
            continue
        rhs = line[len(name) + 3 :]
        if _EFFECT.match(rhs):
            continue
        lines[at] = ""
        for operand in _NAME.findall(rhs):
            uses[operand] -= 1
            if uses[operand] == 1:
                work.append(operand)
