"""Expressions and function bodies: from tokens to code (specification, section 6.5).

Nothing here is recursive: what is open is on a stack. An entry is the code of a folded
instruction, which follows its operands, or one of the marks below.
"""

from __future__ import annotations

from . import encode
from .instructions import CODES, OBSOLETE, STRUCTURE, TABLE
from .lexer import Fault
from .literals import identifier, unexpected
from .literals import unsigned as number
from .spaces import Space, closest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from .lexer import Annotation
    from .module import Assembler

# What is open on the stack; plain code is open, too, until its operands are complete.
BOTTOM: Final = 0
FLAT: Final = 1
"""``block``, ``loop`` and the like, up to ``end``."""
FLAT_IF: Final = 2
FLAT_ELSE: Final = 3
FLAT_TRY: Final = 4
FLAT_CATCH: Final = 5
FLAT_CATCH_ALL: Final = 6
FOLDED: Final = 7
"""``(block ...)``: the parenthesis is the end."""
CLAUSE: Final = 8
"""``(then ...)``, ``(else ...)``, ``(do ...)``, ``(catch ...)`` in ``(if ...)``, ``(try ...)``."""
CONDITION: Final = 9
"""``(if`` before ``(then``; the code below it on the stack comes when the condition is there."""
AFTER_THEN: Final = 10
AFTER_ELSE: Final = 11
BEFORE_DO: Final = 12
AFTER_DO: Final = 13
AFTER_CATCH: Final = 14
AFTER_CATCH_ALL: Final = 15
CLOSED: Final = 16
"""``(try ... (delegate l)``: nothing is left to say."""

_CATCHES = {"catch": b"\0", "catch_ref": b"\1", "catch_all": b"\2", "catch_all_ref": b"\3"}
_BRANCH_HINT = "metadata.code.branch_hint"


class Body:
    """The assembler of the expressions of one module."""

    def __init__(self, module: Assembler) -> None:
        self.module = module
        self.list = module.list
        self.out = bytearray()
        self.types = module.types
        self.funcs = module.funcs
        self.tables = module.tables
        self.memories = module.memories
        self.globals = module.globals
        self.tags = module.tags
        self.elems = module.elems
        self.datas = module.datas
        self.locals = Space("local")
        self.i32: dict[str, bytes] = {}
        self.labels: list[str | None] = []
        self.label_depths: dict[str, list[int]] = {}
        self.label_names: dict[int, str] = {}
        self.label_count = 0
        self._conditions: list[int] = []
        # Code annotations: (id, offset of the instruction, content), and those of instructions
        # that are still on the stack, by their place there.
        self.notes: list[tuple[str, int, bytes]] = []
        self._waiting: dict[int, tuple[str, bytes]] = {}
        self._met: list[tuple[str, bytes]] = []
        self._in_function = False

    def function(self, locals_: Space, at: int) -> int:
        """The instructions of a function; ``out`` then ends with ``end``."""
        self.locals = locals_
        self.label_names = {}
        self.label_count = 0
        self.notes = []
        self._in_function = True
        del self.out[:]
        at = self.expression(at)
        self._in_function = False
        self.out.append(0x0B)
        return at

    def constant(self, at: int, *, one: bool = False) -> tuple[bytes, int]:
        """An expression outside of functions, with its ``end``."""
        del self.out[:]
        at = self.expression(at, one=one)
        return bytes(self.out) + b"\x0b", at

    # --- labels --------------------------------------------------------------------------

    def label(self, token: str) -> bytes:
        """The depth of a label."""
        if token[:1] != "$":
            if not token[:1].isdigit():
                raise Fault(unexpected(token))
            return encode.unsigned(number(token, 32))
        depths = self.label_depths.get(token) or self.label_depths.get(identifier(token))
        if not depths:
            names = (f"${name}" for name, open_ in self.label_depths.items() if open_)
            raise Fault("unknown label", hint=closest(token, names))
        return encode.unsigned(len(self.labels) - depths[-1])

    def open_label(self, at: int) -> int:
        """A label, with its identifier if it has one."""
        token = self.list[at]
        labels = self.labels
        name = None
        if token[:1] == "$":
            try:
                name = identifier(token)
            except Fault as fault:
                fault.at = at
                raise
            at += 1
            self.label_names[self.label_count] = name
        self.label_count += 1
        labels.append(name)
        if name is not None:
            self.label_depths.setdefault(name, []).append(len(labels))
        return at

    def close_label(self) -> None:
        """The innermost label goes."""
        name = self.labels.pop()
        if name is not None:
            self.label_depths[name].pop()

    def same_label(self, at: int) -> int:
        """An identifier behind ``else`` or ``end``, which must be that of the block."""
        token = self.list[at]
        if token[:1] != "$":
            return at
        if identifier(token) != self.labels[-1]:
            raise Fault("mismatching label", at)
        return at + 1

    # --- expressions ---------------------------------------------------------------------

    def expression(self, at: int, *, one: bool = False) -> int:
        """Instructions from token ``at`` on up to the ``)`` that closes what they are in.

        Appends to ``out``, without the final ``end``.

        Args:
            at: number of the first token.
            one: read a single folded instruction instead.

        Returns:
            The number of the closing token (with ``one``: of the token behind the instruction).

        Raises:
            Fault: the text is malformed.
        """
        tokens, out = self.list, self.out
        get = TABLE.get
        noted = self.module.tokens.notes
        stack: list[int | bytes] = [BOTTOM]
        push, pop = stack.append, stack.pop
        try:
            while True:
                token = tokens[at]
                at += 1
                if noted:
                    self._read_notes(at - 1, len(stack))
                if token == "(":
                    token = tokens[at]
                    at += 1
                    code = get(token)
                    top = stack[-1]
                    if code is None or (not isinstance(top, bytes) and top > CLAUSE):
                        at = self._open(token, at, stack)
                    elif isinstance(code, bytes):
                        push(code)
                    else:
                        start = len(out)
                        at = code(self, at)
                        if tokens[at] == ")":
                            at += 1
                            if self._waiting:
                                self._emit_notes(len(stack), start)
                        else:
                            push(bytes(out[start:]))
                            del out[start:]
                    if one and len(stack) == 1:
                        return at
                elif token == ")":
                    top = pop()
                    if isinstance(top, bytes):
                        if self._waiting:
                            self._emit_notes(len(stack), len(out))
                        out += top
                    elif top == BOTTOM:
                        return at - 1
                    else:
                        self._close(top, stack, at - 1)
                    if one and len(stack) == 1:
                        return at
                else:
                    top = stack[-1]
                    if isinstance(top, bytes) or top > CLAUSE:
                        at -= 1
                        raise Fault(self._flat_fault(token))
                    code = get(token)
                    if code is None:
                        at = self._structure(token, at, stack)
                    elif isinstance(code, bytes):
                        out += code
                    else:
                        at = code(self, at)
        except Fault as fault:
            if fault.at is None and fault.offset is None:
                fault.at = at
            raise

    def _flat_fault(self, token: str) -> str:
        return "unexpected token" if token in TABLE or token in STRUCTURE else unexpected(token)

    def unknown(self, token: str, at: int) -> Fault:
        """The error that ``token`` is where an instruction should be."""
        message = unexpected(token)
        hint = ""
        if message == "unknown operator":
            if token in OBSOLETE:
                hint = f"it is called {OBSOLETE[token]!r} now"
            else:
                hint = closest(token, iter((*TABLE, *STRUCTURE)))
            message = f"unknown operator {token}" if len(token) < 200 else message
        return Fault(message, at, hint=hint)

    # --- structure -----------------------------------------------------------------------

    def _block_type(self, at: int) -> int:
        if self.list[at] != "(":
            self.out.append(0x40)
            return at
        module = self.module
        module.at = at
        self.out += module.block_type()
        return module.at

    def _catches(self, at: int) -> int:
        """The catch clauses of ``try_table``; its label is not in scope for them."""
        tokens = self.list
        clauses = []
        while tokens[at] == "(" and (code := _CATCHES.get(tokens[at + 1])) is not None:
            at += 2
            if code < b"\2":
                code += self.tags[tokens[at]]
                at += 1
            clauses.append(code + self.label(tokens[at]))
            at += 1
            if tokens[at] != ")":
                raise Fault(unexpected(tokens[at]), at)
            at += 1
        self.out += encode.vector(clauses)
        return at

    def _begin(self, token: str, at: int) -> int:
        """``block``, ``loop``, ``if``, ``try_table``, ``try`` up to their instructions."""
        self.out += CODES[token]
        at = self._block_type(self.open_label(at))
        if token != "try_table":
            return at
        name = self.labels.pop()
        if name is not None:
            self.label_depths[name].pop()
        at = self._catches(at)
        self.labels.append(name)
        if name is not None:
            self.label_depths[name].append(len(self.labels))
        return at

    def _structure(self, token: str, at: int, stack: list[int | bytes]) -> int:
        """A flat keyword of blocks."""
        out = self.out
        top = stack[-1]
        if token in ("block", "loop", "try_table"):
            stack.append(FLAT)
            return self._begin(token, at)
        if token == "if":
            stack.append(FLAT_IF)
            return self._begin(token, at)
        if token == "try":
            stack.append(FLAT_TRY)
            return self._begin(token, at)
        if token not in STRUCTURE:
            raise self.unknown(token, at - 1)
        assert isinstance(top, int)
        if token == "end" and FLAT <= top <= FLAT_CATCH_ALL:
            at = self.same_label(at)
            self.close_label()
            stack.pop()
        elif token == "else" and top == FLAT_IF:
            at = self.same_label(at)
            stack[-1] = FLAT_ELSE
        elif token in ("catch", "catch_all") and top in (FLAT_TRY, FLAT_CATCH):
            if token == "catch_all":
                stack[-1] = FLAT_CATCH_ALL
                at = self.same_label(at)
                out += CODES[token]
                return at
            stack[-1] = FLAT_CATCH
            out += CODES[token] + self.tags[self.list[at]]
            return at + 1
        elif token == "delegate" and top == FLAT_TRY:
            self.close_label()
            out += CODES[token] + self.label(self.list[at])
            stack.pop()
            return at + 1
        else:
            raise Fault("unexpected token", at - 1)
        out += CODES[token]
        return at

    def _open(self, token: str, at: int, stack: list[int | bytes]) -> int:
        """What follows ``(`` if it is no plain instruction, or none is allowed there."""
        top = stack[-1]
        if top == CONDITION and token == "then":
            condition = stack[-2]
            assert isinstance(condition, bytes)
            if self._waiting:
                self._emit_notes(len(stack) - 2, len(self.out))
            self.out += condition
            self.open_label(self._conditions.pop())
            stack[-1] = AFTER_THEN
            stack.append(CLAUSE)
            return at
        if top == AFTER_THEN and token == "else":
            self.out += CODES["else"]
            stack[-1] = AFTER_ELSE
            stack.append(CLAUSE)
            return at
        if top == BEFORE_DO and token == "do":
            stack[-1] = AFTER_DO
            stack.append(CLAUSE)
            return at
        if top in (AFTER_DO, AFTER_CATCH) and token in ("catch", "catch_all"):
            self.out += CODES[token]
            if token == "catch":
                stack[-1] = AFTER_CATCH
                self.out += self.tags[self.list[at]]
                at += 1
            else:
                stack[-1] = AFTER_CATCH_ALL
            stack.append(CLAUSE)
            return at
        if top == AFTER_DO and token == "delegate":
            self.close_label()
            self.out += CODES[token] + self.label(self.list[at])
            if self.list[at + 1] != ")":
                raise Fault(unexpected(self.list[at + 1]), at + 1)
            stack[-1] = CLOSED
            return at + 2
        if isinstance(top, int) and top > CONDITION:
            raise Fault("unexpected token", at - 1)
        if token in TABLE:  # an operand of ``if``
            code = TABLE[token]
            if isinstance(code, bytes):
                stack.append(code)
                return at
            start = len(self.out)
            at = code(self, at)
            stack.append(bytes(self.out[start:]))
            del self.out[start:]
            return at
        if token in ("block", "loop", "try_table"):
            stack.append(FOLDED)
            return self._begin(token, at)
        if token == "if":
            self._conditions.append(at)
            start = len(self.out)
            self.out += CODES[token]
            at = self._block_type(at + (self.list[at][:1] == "$"))
            stack.append(bytes(self.out[start:]))
            del self.out[start:]
            stack.append(CONDITION)
            return at
        if token == "try":
            stack.append(BEFORE_DO)
            return self._begin(token, at)
        if token in STRUCTURE:
            raise Fault("unexpected token", at - 1)
        raise self.unknown(token, at - 1)

    def _close(self, mark: int, stack: list[int | bytes], at: int) -> None:
        """``)`` where ``mark`` was open."""
        if mark == CLAUSE:
            return
        if mark in (AFTER_THEN, AFTER_ELSE):
            stack.pop()  # the code that came before the condition
        elif mark == CLOSED:
            return
        elif mark not in (FOLDED, AFTER_DO, AFTER_CATCH, AFTER_CATCH_ALL):
            raise Fault("unexpected token", at)
        self.out += CODES["end"]
        self.close_label()

    # --- annotations ---------------------------------------------------------------------

    def _read_notes(self, at: int, depth: int) -> None:
        """Code annotations before token ``at``, which is about to be read."""
        tokens = self.list
        for note in self.module.tokens.notes.get(at, ()):
            self._add_note(note, tokens[at + 1] if tokens[at] == "(" else tokens[at])
        folded = tokens[at] == "("
        if folded:
            for note in self.module.tokens.notes.get(at + 1, ()):
                self._add_note(note, tokens[at + 1])
        if not self._met:
            return
        met, self._met = self._met, []
        ids = [id_ for id_, _ in met]
        if len(set(ids)) < len(ids):
            raise Fault(f"@{ids[-1]} annotation: duplicate annotation", at)
        for id_, content in met:
            if folded:
                self._waiting.setdefault(depth, (id_, content))
            else:
                self.notes.append((id_, len(self.out), content))

    def _add_note(self, note: Annotation, keyword: str) -> None:
        if not note.id.startswith("metadata.code.") or not self._in_function:
            return
        self.module.used.add(note.first)
        if note.id == _BRANCH_HINT and keyword not in ("if", "br_if"):
            raise Fault(
                f"@{note.id} annotation: invalid target",
                offset=self.module.tokens.raw_offset(note.first),
            )
        self._met.append((note.id, self.module.contents(note, note.tokens)))

    def _emit_notes(self, depth: int, offset: int) -> None:
        """The instruction that was at ``depth`` of the stack comes at ``offset``."""
        waiting = self._waiting.pop(depth, None)
        if waiting is not None:
            self.notes.append((waiting[0], offset, waiting[1]))
