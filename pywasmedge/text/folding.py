"""Folded instructions: operands inside of what consumes them.

Any grouping of what comes directly before an instruction means the same code, so nothing here
needs to know types: what is not known to leave exactly one value is left where it is.
"""

from __future__ import annotations

from .disassembly import MOST_INDENT, OPENING, line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .disassembly import Code, Instruction

Node = "str | tuple[str, list[Any]]"
"""One line, or what follows the parenthesis and what is inside."""

_ONE_LINE = 76


class _Block:
    """A block that is open.

    Attributes:
        head: what follows its parenthesis.
        clause: head of the part that is open (``then``), or ``""`` if it has no parts.
        parts: the parts that are complete, after the condition of an ``if``.
        nodes: what is in the open part, and whether each leaves one value.
    """

    __slots__ = ("clause", "head", "nodes", "parts", "value")

    def __init__(self, head: str, clause: str, *, value: bool) -> None:
        self.head = head
        self.clause = clause
        self.parts: list[Any] = []
        self.nodes: list[tuple[Any, bool]] = []
        self.value = value

    def next_part(self, clause: str) -> None:
        """The open part is complete."""
        self.parts.append(_node(self.clause, [node for node, _ in self.nodes]))
        self.clause = clause
        self.nodes = []

    def node(self) -> Any:
        """The block, complete."""
        if self.clause:
            self.next_part("")
            return _node(self.head, self.parts)
        return _node(self.head, [node for node, _ in self.nodes])


def fold(instructions: list[Instruction], code: Code) -> list[Any]:
    """The instructions of a function as nodes."""
    open_ = [_Block("", "", value=False)]
    for entry, text, block in instructions:
        name, here = entry.mnemonic, open_[-1]
        if name in OPENING:
            assert block is not None
            clause = {"if": "then", "try": "do"}.get(name, "")
            made = _Block(line(entry, text), clause, value=block == (0, 1))
            if name == "if" and here.nodes and here.nodes[-1][1]:
                made.parts.append(here.nodes.pop()[0])
            open_.append(made)
        elif name in ("else", "catch", "catch_all"):
            here.next_part(line(entry, text))
        elif name in ("end", "delegate"):
            if name == "delegate":
                here.next_part("")
                here.parts.append(f"({line(entry, text)})")
                made_node = _node(here.head, here.parts)
            else:
                made_node = here.node()
            open_.pop()
            open_[-1].nodes.append((made_node, here.value))
        else:
            count, results = code.arity(entry, text)
            nodes = here.nodes
            first = len(nodes)
            while first and len(nodes) - first < count and nodes[first - 1][1]:
                first -= 1
            operands = [node for node, _ in nodes[first:]]
            del nodes[first:]
            nodes.append((_node(line(entry, text), operands), results == 1))
    return [node for node, _ in open_[0].nodes]


def _node(head: str, inside: list[Any]) -> Any:
    """A node, on one line if that is short."""
    if not inside:
        return f"({head})"
    size = len(head) + 2
    for node in inside:
        if not isinstance(node, str):
            return head, inside
        size += len(node) + 1
    return f"({head} {' '.join(inside)})" if size <= _ONE_LINE else (head, inside)


def layout(nodes: list[Any]) -> list[str]:
    """Nodes as pieces of text; lines begin with a line break."""
    pieces: list[str] = []
    stack: list[tuple[Any, int]] = [(node, 2) for node in reversed(nodes)]
    while stack:
        node, depth = stack.pop()
        if depth < 0:
            pieces.append(")")
        elif isinstance(node, str):
            pieces.append(f"\n{'  ' * min(depth, MOST_INDENT)}{node}")
        else:
            head, inside = node
            pieces.append(f"\n{'  ' * min(depth, MOST_INDENT)}({head}")
            stack.append(("", -1))
            stack += [(child, depth + 1) for child in reversed(inside)]
    return pieces
