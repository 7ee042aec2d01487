"""A model of counting: an interpreter that follows the rules of the C API's statistics.

It runs functions given as text (see ``wasmbuild.asm``) that keep to the few instructions of
``_SIMPLE``, blocks without parameters and results, calls without parameters, locals of type i32.
``generate`` makes random ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wasmbuild import asm

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

END, ELSE = 0x0B, 0x05
COST_LIMIT, DIVIDE, UNREACHABLE, UNDEFINED = 0x03, 0x84, 0x89, 0x8B
MASK = 0xFFFF_FFFF
LOCALS = 3
FUEL = 60
"""Turns of loops and calls before a program gives up."""


class Trapped(Exception):  # noqa: N818
    """The program traps; the code."""


@dataclass
class Meter:
    """Counters, the table of costs by opcode, the limit."""

    costs: Sequence[int] = (1,) * 65536
    limit: int = 2**64 - 1
    count: int = 0
    cost: int = 0

    def meet(self, opcode: int) -> None:
        """An instruction is met."""
        self.count += 1
        if self.cost + self.costs[opcode] > self.limit:
            raise Trapped(COST_LIMIT)
        self.cost += self.costs[opcode]


class Function:
    """A function's instructions, and where its blocks end and go on."""

    def __init__(self, text: str) -> None:
        self.items: list[tuple[str, list[int]]] = []
        words = f"{text} end".split()
        for word in words:
            if word.lstrip("-").isdigit():
                self.items[-1][1].append(int(word))
            elif word != "void":
                self.items.append((word, []))
        self.opcodes = [asm(_with_immediates(word))[0] for word, _ in self.items]
        self.end: dict[int, int] = {}
        self.other: dict[int, int] = {}
        opened: list[int] = []
        for at, (word, _) in enumerate(self.items[:-1]):
            if word in ("block", "loop", "if"):
                opened.append(at)
            elif word == "else":
                self.other[opened[-1]] = at
            elif word == "end":
                self.end[opened.pop()] = at


def _with_immediates(word: str) -> str:
    if word in ("block", "loop", "if"):
        return f"{word} void"
    if word == "br_table":
        return f"{word} 0 0"
    if word == "call_indirect":
        return f"{word} 0 0"
    needs = ("br", "br_if", "call", "return_call", "local.get", "local.set", "local.tee")
    return f"{word} 0" if word in (*needs, "i32.const", "global.get", "global.set") else word


@dataclass
class Machine:
    """Functions of type ``-> i32`` with ``LOCALS`` locals each, a table of them, one global."""

    functions: list[Function]
    meter: Meter = field(default_factory=Meter)
    fuel: int = FUEL

    def call(self, index: int) -> int:
        """Run a function; raises ``Trapped``."""
        run: int | None = index
        while run is not None:  # tail calls
            result, run = self._run(self.functions[run])
        return result

    def _run(self, function: Function) -> tuple[int, int | None]:
        """A function's result, or the function it calls in its place."""
        meter, items = self.meter, function.items
        locals_ = [0] * LOCALS
        stack: list[int] = []
        labels: list[tuple[int, int]] = []  # position of the opcode, height of the stack
        pc, last = 0, len(items) - 1

        def branch(depth: int) -> int:
            """Position of the target; operands above the label's height go."""
            if depth == len(labels):
                result = stack[-1]
                stack[:] = [result]
                labels.clear()
                return last
            start, height = labels[~depth]
            del labels[len(labels) - depth :]
            del stack[height:]
            if items[start][0] == "loop":
                labels.pop()
                return start
            return function.end[start]

        while True:
            word, immediates = items[pc]
            at, pc = pc, pc + 1
            meter.meet(END if word == "else" else function.opcodes[at])
            if word in ("block", "loop"):
                labels.append((at, len(stack)))
            elif word == "if":
                taken = stack.pop()
                labels.append((at, len(stack)))
                if not taken and at in function.other:
                    meter.meet(ELSE)
                    pc = function.other[at] + 1
                elif not taken:
                    pc = function.end[at]
            elif word == "else":
                pc = function.end[labels.pop()[0]] + 1
            elif word == "end":
                if at == last:
                    return stack[-1], None
                labels.pop()
            elif word == "br":
                pc = branch(immediates[0])
            elif word == "br_if":
                if stack.pop():
                    pc = branch(immediates[0])
            elif word == "br_table":
                pc = branch(immediates[1 + min(stack.pop(), immediates[0])])
            elif word == "return":
                return stack[-1], None
            elif word == "call":
                stack.append(self.call(immediates[0]))
            elif word == "call_indirect":
                if (index := stack.pop()) >= len(self.functions):
                    raise Trapped(UNDEFINED)
                stack.append(self.call(index))
            elif word == "return_call":
                return 0, immediates[0]
            elif word == "global.get":
                stack.append(self.fuel)
            elif word == "global.set":
                self.fuel = stack.pop()
            elif word.startswith("local."):
                _local(word[6:], locals_, immediates[0], stack)
            else:
                _simple(word, immediates, stack)


def _local(kind: str, locals_: list[int], index: int, stack: list[int]) -> None:
    if kind == "get":
        stack.append(locals_[index])
    else:
        locals_[index] = stack[-1]
        if kind == "set":
            stack.pop()


def _simple(word: str, immediates: list[int], stack: list[int]) -> None:
    if word == "i32.const":
        stack.append(immediates[0] & MASK)
    elif word == "unreachable":
        raise Trapped(UNREACHABLE)
    elif word == "drop":
        stack.pop()
    elif word == "i32.eqz":
        stack[-1] = int(stack[-1] == 0)
    elif word != "nop":
        second, first = stack.pop(), stack.pop()
        if word == "i32.div_u":
            if second == 0:
                raise Trapped(DIVIDE)
            stack.append(first // second)
        else:
            difference = {"i32.add": first + second, "i32.sub": first - second}
            stack.append(difference[word] & MASK)


_STATEMENTS = (
    *("set", "set", "drop", "nop", "block", "block", "loop", "if", "if", "ifelse", "ifelse"),
    *("br", "br_if", "br_if", "br_table", "return", "tail", "unreachable"),
)
_VALUES = ("const", "get", "get", "add", "add", "tee", "div", "call", "indirect")


class Generator:
    """Random programs that end."""

    def __init__(self, random: Random, functions: int) -> None:
        self._random = random
        self._functions = functions
        self._budget = 0

    def body(self) -> str:
        """Text of a function."""
        self._budget = self._random.randint(3, 40)
        return " ".join([*self._burn(), *self._statements(0), *self._value(0)])

    def _burn(self) -> list[str]:
        return [
            "global.get 0 i32.const 1 i32.sub global.set 0",
            "global.get 0 i32.eqz if void unreachable end",
        ]

    def _statements(self, depth: int) -> list[str]:
        words: list[str] = []
        for _ in range(self._random.randint(0, 4)):
            self._budget -= 1
            if self._budget > 0:
                words += self._statement(depth)
        return words

    def _statement(self, depth: int) -> list[str]:
        random = self._random
        kind = random.choice(_STATEMENTS)
        label = str(random.randrange(depth + 1))
        leave = self._value(depth) if label == str(depth) else []  # the function's result
        if kind in ("block", "loop"):
            burn = self._burn() if kind == "loop" else []
            return [kind, "void", *burn, *self._statements(depth + 1), "end"]
        if kind in ("if", "ifelse"):
            other = ["else", *self._statements(depth + 1)] if kind == "ifelse" else []
            then = self._statements(depth + 1)
            return [*self._value(depth), "if", "void", *then, *other, "end"]
        if kind == "br_if":
            return [*leave, *self._value(depth), "br_if", label, *(["drop"] if leave else [])]
        if kind == "br" and random.random() < 0.4:
            return [*leave, "br", label]
        if kind == "br_table" and depth and random.random() < 0.5:
            labels = [str(random.randrange(depth)) for _ in range(random.randint(1, 4))]
            return [*self._value(depth), "br_table", str(len(labels) - 1), *labels]
        if kind == "return" and random.random() < 0.4:
            return [*self._value(depth), "return"]
        if kind == "tail" and random.random() < 0.3:
            return ["return_call", str(random.randrange(self._functions))]
        if kind == "unreachable" and random.random() < 0.1:
            return ["unreachable"]
        if kind in ("drop", "nop"):
            return ["nop"] if kind == "nop" else [*self._value(depth), "drop"]
        return [*self._value(depth), "local.set", str(random.randrange(LOCALS))]

    def _value(self, depth: int) -> list[str]:
        random = self._random
        self._budget -= 1
        kind = random.choice(_VALUES)
        local = str(random.randrange(LOCALS))
        if self._budget <= 0 or kind == "const":
            return ["i32.const", str(random.choice((0, 0, 1, 2, -1)))]
        if kind == "add":
            return [*self._value(depth), *self._value(depth), random.choice(("i32.add", "i32.sub"))]
        if kind == "div" and random.random() < 0.3:
            return [*self._value(depth), *self._value(depth), "i32.div_u"]
        if kind == "tee":
            return [*self._value(depth), "local.tee", local]
        if kind == "call":
            return ["call", str(random.randrange(self._functions))]
        if kind == "indirect":
            return ["i32.const", str(random.randrange(self._functions + 1)), "call_indirect 0 0"]
        return ["local.get", local]
