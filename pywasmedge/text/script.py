"""Scripts of the specification's test suite (``.wast``): modules and commands on them.

Commands are dictionaries in the form that the published converters of scripts write as JSON; the
modules they name are in ``Script.modules``, each assembled when it is asked for.
"""

from __future__ import annotations

import re

from . import module as fields
from .assembly import assemble, decode, fail
from .instructions import SHAPES, vector_bytes
from .lexer import Fault, Tokens
from .literals import any_sign, float_bits, text_of, unexpected
from .literals import string as string_of
from .literals import unsigned as number
from .types import HEAP_TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Command = dict[str, Any]

_NAN = re.compile(r"nan:(canonical|arithmetic)\Z")
_NUMBERS = {"i32.const": 32, "i64.const": 64, "f32.const": 32, "f64.const": 64}
_ON_MODULES = frozenset(
    {
        "assert_malformed",
        "assert_invalid",
        "assert_unlinkable",
        "assert_malformed_custom",
        "assert_invalid_custom",
    }
)


class Source:
    """A module of a script.

    Attributes:
        kind: ``"text"``, ``"binary"`` or ``"quote"``.
        line: where it starts.
    """

    __slots__ = ("_at", "_content", "_text", "_tokens", "kind", "line")

    def __init__(self, kind: str, text: str, tokens: Tokens, at: int, content: bytes) -> None:
        self.kind = kind
        self.line = 0
        self._text = text
        self._tokens = tokens
        self._at = at
        self._content = content

    def binary(self) -> bytes:
        """The module in the binary format.

        Raises:
            WatError: its text is malformed.
        """
        if self.kind == "binary":
            return self._content
        if self.kind == "quote":
            return assemble(self._content)
        tokens = self._tokens
        try:
            return fields.Assembler(tokens, self._at).assemble()
        except Fault as fault:
            fail(fault, self._text, tokens)


class Script:
    """A script that was read.

    Attributes:
        commands: in order; each has ``type`` and ``line``.
        modules: the modules by the ``filename`` in commands.
    """

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.modules: dict[str, Source] = {}

    def binary(self, filename: str) -> bytes:
        """A module by its name in commands.

        Raises:
            WatError: its text is malformed.
        """
        return self.modules[filename].binary()


def read(text: str | bytes) -> Script:
    """Read a script.

    Args:
        text: the script; bytes are UTF-8.

    Returns:
        Its commands; modules are not assembled yet, so malformed ones are found later.

    Raises:
        WatError: the script itself is malformed.
    """
    source = decode(text)
    tokens = None
    try:
        tokens = Tokens(source)
        return _Reader(source, tokens).read()
    except Fault as fault:
        fail(fault, source, tokens)


class _Reader:
    def __init__(self, text: str, tokens: Tokens) -> None:
        self.text = text
        self.tokens = tokens
        self.list = tokens.list
        self.at = 0
        self.script = Script()
        self.starts: list[int] = []

    def read(self) -> Script:
        """All commands."""
        try:
            if self.list[0] == "(" and self.list[1] in fields.FIELDS:
                self.starts.append(0)
                self._module_command(0, Source("text", self.text, self.tokens, 0, b""), None)
            else:
                while self.list[self.at] == "(":
                    self._command()
                if self.list[self.at]:
                    raise self._fault()
        except Fault as fault:
            if fault.at is None and fault.offset is None:
                fault.at = self.at
            raise
        lines = self.tokens.lines(self.starts)
        for command in self.script.commands:
            command["line"] = lines[command["line"]]
        for module in self.script.modules.values():
            module.line = lines[module.line]
        return self.script

    def _fault(self) -> Fault:
        return Fault(unexpected(self.list[self.at]), self.at)

    def _expect(self, token: str) -> None:
        if self.list[self.at] != token:
            raise self._fault()
        self.at += 1

    def _identifier(self) -> str | None:
        token = self.list[self.at]
        if token[:1] == "$":
            self.at += 1
            return token[1:]
        return None

    def _string(self) -> str:
        token = self.list[self.at]
        try:
            found = text_of(token)
        except Fault as fault:
            raise Fault(fault.message, self.at) from None
        self.at += 1
        return found

    def _name(self) -> str:
        """A name, which may hold any bytes of UTF-8."""
        return self._string()

    # --- commands ------------------------------------------------------------------------

    def _command(self) -> None:
        start = self.at
        self.starts.append(start)
        keyword = self.list[start + 1]
        self.at = start + 2
        if keyword == "module":
            self._module(start)
            return
        command: Command = {"type": keyword, "line": start}
        if keyword == "register":
            command["as"] = self._name()
            name = self._identifier()
            if name is not None:
                command["name"] = name
        elif keyword in ("invoke", "get"):
            self.at = start
            command = {"type": "action", "line": start, "action": self._action()}
            self.script.commands.append(command)
            return
        elif keyword in ("assert_return", "assert_exhaustion", "assert_exception"):
            command["action"] = self._action()
            if keyword == "assert_exhaustion":
                command["text"] = self._string()
            else:
                command["expected"] = self._results()
        elif keyword == "assert_trap":
            if self.list[self.at + 1] == "module":
                command["type"] = "assert_uninstantiable"
                self._module_of(command)
            else:
                command["action"] = self._action()
            command["text"] = self._string()
        elif keyword in _ON_MODULES:
            self._module_of(command)
            command["text"] = self._string()
        else:
            raise Fault(unexpected(keyword), start + 1)
        self._expect(")")
        self.script.commands.append(command)

    def _module(self, start: int) -> None:
        """``(module ...)`` as a command."""
        if self.list[self.at] == "instance":
            self.at += 1
            instance, name = self._identifier(), self._identifier()
            self._expect(")")
            command: Command = {"type": "module_instance", "line": start}
            command |= {"instance": instance, "module": name}
            self.script.commands.append(command)
            return
        definition = self.list[self.at] == "definition"
        self.at = start
        source, name = self._source()
        self._module_command(start, source, name, definition)

    def _module_command(
        self, start: int, source: Source, name: str | None, definition: bool = False
    ) -> None:
        command: Command = {"type": "module_definition" if definition else "module", "line": start}
        if name is not None:
            command["name"] = name
        self._file(command, source)
        self.script.commands.append(command)

    def _module_of(self, command: Command) -> None:
        source, _ = self._source()
        self._file(command, source)

    def _file(self, command: Command, source: Source) -> None:
        filename = f"{len(self.script.modules)}.{'wat' if source.kind == 'quote' else 'wasm'}"
        source.line = command["line"]
        self.script.modules[filename] = source
        command["filename"] = filename
        command["module_type"] = "text" if source.kind == "quote" else "binary"

    def _source(self) -> tuple[Source, str | None]:
        """``(module ...)`` of any kind, and its identifier."""
        start = self.at
        self._expect("(")
        self._expect("module")
        definition = self.list[self.at] == "definition"
        self.at += definition
        name = self._identifier()
        kind = self.list[self.at]
        if kind in ("binary", "quote"):
            self.at += 1
            pieces = []
            while self.list[self.at] != ")":
                pieces.append(string_of(self.list[self.at]))
                self.at += 1
            self.at += 1
            # A quoted module's strings are tokens' neighbours, not one token.
            content = (b" " if kind == "quote" else b"").join(pieces)
            return Source(kind, self.text, self.tokens, start, content), name
        self._skip(start)
        return Source("text", self.text, self.tokens, start, b""), name

    def _skip(self, start: int) -> None:
        """To behind the parenthesis that closes the one at ``start``."""
        tokens = self.list
        depth = 1
        at = start + 1
        while depth:
            token = tokens[at]
            if token == "(":
                depth += 1
            elif token == ")":
                depth -= 1
            elif not token and at >= len(tokens) - 4:
                raise fields.unclosed(tokens, start)
            at += 1
        self.at = at

    # --- actions and values --------------------------------------------------------------

    def _action(self) -> Command:
        self._expect("(")
        keyword = self.list[self.at]
        if keyword not in ("invoke", "get"):
            raise self._fault()
        self.at += 1
        action: Command = {"type": keyword}
        name = self._identifier()
        if name is not None:
            action["module"] = name
        action["field"] = self._name()
        if keyword == "invoke":
            action["args"] = self._results()
        self._expect(")")
        return action

    def _results(self) -> list[Command]:
        """Constants, or patterns for results, up to ``)``."""
        values = []
        while self.list[self.at] == "(":
            values.append(self._value())
        return values

    def _value(self) -> Command:
        self._expect("(")
        keyword = self.list[self.at]
        self.at += 1
        if keyword == "either":
            value: Command = {"type": "either", "values": self._results()}
        elif keyword in _NUMBERS:
            value = {"type": keyword[:3], "value": self._number(keyword, self.list[self.at])}
            self.at += 1
        elif keyword == "v128.const":
            value = self._vector()
        elif keyword[:4] == "ref.":
            value = self._reference(keyword[4:])
        else:
            self.at -= 1
            raise self._fault()
        self._expect(")")
        return value

    def _number(self, keyword: str, token: str) -> str:
        if keyword[0] == "i":
            return str(any_sign(token, _NUMBERS[keyword]))
        return token if _NAN.match(token) else str(float_bits(token, _NUMBERS[keyword]))

    def _vector(self) -> Command:
        tokens = self.list
        shape = tokens[self.at]
        if shape not in SHAPES:
            raise self._fault()
        bits = SHAPES[shape]
        count = 128 // bits
        words = tokens[self.at + 1 : self.at + 1 + count]
        if any(map(_NAN.match, words)):
            lanes = [self._number(f"{shape[:3]}.const", word) for word in words]
        else:
            value, _ = vector_bytes(tokens, self.at)
            size = bits // 8
            lanes = [
                str(int.from_bytes(value[at : at + size], "little")) for at in range(0, 16, size)
            ]
        self.at += 1 + count
        return {"type": "v128", "lane_type": shape[: shape.index("x")], "value": lanes}

    def _reference(self, kind: str) -> Command:
        token = self.list[self.at]
        if kind == "null":
            if token == ")":
                return {"type": "refnull"}
            self.at += 1
            name = token if token in HEAP_TYPES else "func"
            return {
                "type": f"{name}ref" if name[:2] != "no" else f"null{name[2:]}ref",
                "value": "null",
            }
        value: Command = {"type": "anyref" if kind == "host" else f"{kind}ref"}
        if token != ")":
            value["value"] = str(number(token, 32))
            self.at += 1
        return value
