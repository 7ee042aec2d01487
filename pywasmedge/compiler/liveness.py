"""Unused values of a finished function.

An instruction without effect whose result nobody uses is taken out, which spares LLVM the work. A
load of linear memory is another matter: it may trap, and LLVM would drop it all the same, so it
becomes volatile. So is a call, whose callee LLVM may know to do nothing but such loads: its results
are used by empty pieces of assembly, which keep what they depend on.
"""

from __future__ import annotations

import re
from collections import Counter

_NAME = re.compile(r"%\d+")
_EFFECT = re.compile(r"call(?! [^@]*@llvm\.)|atomicrmw|cmpxchg|load (?:volatile|atomic)|phi")
_MEMORY_LOAD = re.compile(r"load .*!tbaa !1$")
_CALL = re.compile(r"call tailcc (\w+|<[^>]*>) ")
_RESULT = re.compile(r"extractvalue \{ (.*) \} %(\d+), (\d+)$")


def settle(lines: list[str], first: int) -> None:
    """Remove or pin unused values in ``lines`` from index ``first`` on, in place.

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
            if call := _CALL.match(rhs):
                lines[at] += _use(call[1], name)
            continue
        if (result := _RESULT.match(rhs)) and " = call tailcc " in lines[int(result[2])]:
            lines[at] += _use(result[1].split(", ")[int(result[3])], name)
            continue
        if _MEMORY_LOAD.match(rhs):
            lines[at] = f"{name} = load volatile {rhs[5:]}"
            continue
        lines[at] = ""
        for operand in _NAME.findall(rhs):
            uses[operand] -= 1
            if uses[operand] == 1:
                work.append(operand)


def _use(type_: str, name: str) -> str:
    """A line more: assembly that does nothing with a value."""
    constraint = "r" if type_.startswith("i") else "x"
    return f'\ncall void asm sideeffect "", "{constraint}"({type_} {name})'
