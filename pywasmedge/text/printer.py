"""Binaries as text: the way back from :mod:`assembly`.

Any well-formed module is printed, valid or not, with all that 3.0 knows. What is printed
assembles to a module that is printed the same; its bytes are those of the first one if that has
the shortest form of everything.
"""

from __future__ import annotations

from ..base.errors import ErrCode, LoadError
from ..module import limits
from ..module.loader import MAGIC, VERSION
from ..module.reader import unexpected_end
from .annotations import SECTIONS
from .binary import Input, TypeDefinition, group, signature, type_definition
from .disassembly import Code
from .identifiers import Identifiers, identifier, quoted, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBERS = {number: name for name, number in SECTIONS.items()}
_ORDER = {number: place for place, number in enumerate(SECTIONS.values())}
_KINDS = ("func", "table", "memory", "global", "tag")
_LAST = "last"
_STRING = 64
"""Bytes of data on a line."""


def print_module(binary: bytes, *, folded: bool) -> str:
    """See :func:`pywasmedge.text.print_module`."""
    return Printer(binary, folded).text()


class Printer:
    """Prints one module.

    Attributes:
        identifiers: what its name section says.
        names: identifiers by kind and index.
    """

    def __init__(self, data: bytes, folded: bool) -> None:
        self.data = data
        self.folded = folded
        self.sections: dict[int, Input] = {}
        self.customs: list[tuple[str, str, bytes]] = []
        self._find_sections()
        names = next((content for name, _, content in self.customs if name == "name"), None)
        found = read(names)
        if found is not None:
            self.customs.remove(next(item for item in self.customs if item[0] == "name"))
        self.identifiers = found or Identifiers(b"")
        self.names = {kind: self.identifiers.of(kind) for kind in (*_KINDS, "type", "elem", "data")}
        self.types: list[TypeDefinition] = []
        self.functions: list[int] = []
        self.counts = dict.fromkeys((*_KINDS, "elem", "data"), 0)
        self.code = Code(self)
        self.out: list[str] = []
        self._by_name: dict[str, dict[str, int]] = {}

    # --- what others ask -----------------------------------------------------------------

    def function_type(self, index: int) -> TypeDefinition | None:
        """The function type of that index, if there is one."""
        if index < len(self.types) and self.types[index].params is not None:
            return self.types[index]
        return None

    def definition_named(self, word: str) -> TypeDefinition | None:
        """The type that an index or identifier means."""
        index = self._index("type", word)
        return self.types[index] if index < len(self.types) else None

    def type_named(self, word: str) -> TypeDefinition | None:
        """The same if it is a function type."""
        return self.function_type(self._index("type", word))

    def type_of_function(self, word: str) -> TypeDefinition | None:
        """The type of the function that an index or identifier means."""
        index = self._index("func", word)
        return self.function_type(self.functions[index]) if index < len(self.functions) else None

    def _index(self, kind: str, word: str) -> int:
        if word[:1] != "$":
            return int(word)
        known = self._by_name.get(kind)
        if known is None:
            known = {name: index for index, name in self.names[kind].items()}
            self._by_name[kind] = known
        return known[word]

    # --- the module ----------------------------------------------------------------------

    def _find_sections(self) -> None:
        data = self.data
        if data[:4] != MAGIC:
            if len(data) < 4:
                raise unexpected_end(len(data))
            raise LoadError(ErrCode.MALFORMED_MAGIC, offset=0)
        if data[4:8] != VERSION:
            raise LoadError(ErrCode.MALFORMED_VERSION, offset=4)
        source = Input(data, 8, len(data))
        last, before = -1, ""
        while source.at < source.end:
            start = source.at
            number, size = source.byte(), source.unsigned()
            content = Input(data, source.at, source.at + size)
            source.raw(size)
            if number == 0:
                name = content.name()
                rest = data[content.at : content.end]
                self.customs.append((name, before, rest))
                if name == "name":
                    before = _LAST
            elif number not in _ORDER:
                raise LoadError(ErrCode.MALFORMED_SECTION, f"section {number}", offset=start)
            elif _ORDER[number] <= last:
                raise LoadError(ErrCode.JUNK_SECTION, f"section {number}", offset=start)
            else:
                last, before = _ORDER[number], _NUMBERS[number]
                self.sections[number] = content

    def text(self) -> str:
        """The whole module."""
        out = self.out
        out.append("(module")
        module = self.identifiers.module
        if module is not None:
            out.append(f" {identifier(module)}" if module else ' (@name "")')
        self._types()
        self._imports()
        self._declared_functions()
        for kind in ("table", "memory", "tag", "global"):
            for source in self._items(SECTIONS[kind]):
                getattr(self, f"_{kind}")(source)
        for source in self._items(SECTIONS["export"]):
            name, kind = quoted(source.name()), self._kind(source)
            self._line(f"(export {name} ({kind} {self._ref(kind, source)}))")
        if SECTIONS["start"] in self.sections:
            source = self.sections[SECTIONS["start"]]
            self._line(f"(start {self._ref('func', source)})")
            self._finish(source)
        for source in self._items(SECTIONS["elem"]):
            self._element(source)
        self._bodies()
        for source in self._items(SECTIONS["data"]):
            self._data(source)
        if SECTIONS["datacount"] in self.sections:
            source = self.sections[SECTIONS["datacount"]]
            if source.unsigned() != self.counts["data"]:
                raise LoadError(ErrCode.INCOMPATIBLE_DATA_COUNT, offset=source.at)
            self._finish(source)
        self._custom_sections()
        out.append(")\n")
        return "".join(out)

    def _line(self, text: str) -> None:
        self.out.append(f"\n  {text}")

    def _items(self, number: int) -> Iterator[Input]:
        """The position of each item of a section, which is read meanwhile."""
        source = self.sections.get(number)
        if source is not None:
            for _ in range(source.count()):
                yield source
            self._finish(source)

    def _finish(self, source: Input) -> None:
        if source.at != source.end:
            raise LoadError(ErrCode.SECTION_SIZE_MISMATCH, offset=source.at)

    def _kind(self, source: Input) -> str:
        start = source.at
        kind = source.byte()
        if kind >= len(_KINDS):
            raise LoadError(ErrCode.MALFORMED_EXPORT_KIND, f"{kind}", offset=start)
        return _KINDS[kind]

    def _ref(self, kind: str, source: Input) -> str:
        index = source.unsigned()
        return self.names[kind].get(index) or str(index)

    def _name(self, kind: str) -> str:
        """What stands behind the keyword of the next thing of a kind: its name or number."""
        index = self.counts[kind]
        self.counts[kind] += 1
        return self._label(kind, index)

    def _label(self, kind: str, index: int) -> str:
        label = self.names[kind].get(index) or f"(;{index};)"
        left = self.identifiers.unwritten.get(kind, {}).get(index)
        return label if left is None else f"{label} (@name {quoted(left)})"

    # --- sections ------------------------------------------------------------------------

    def _types(self) -> None:
        source = self.sections.get(SECTIONS["type"])
        if source is None:
            return
        for _ in range(source.count()):
            size = group(source)
            if not size:
                self._line(self._type(source))
            else:
                members = "".join(f"\n    {self._type(source)}" for _ in range(max(size, 0)))
                self._line(f"(rec{members})")
        self._finish(source)

    def _type(self, source: Input) -> str:
        index = len(self.types)
        fields = self.identifiers.within("field", index)
        made = type_definition(source, self.names["type"], fields)
        self.types.append(made)
        return f"(type {self._label('type', index)} {made.text})"

    def _type_use(self, index: int, locals_: dict[int, str] | None = None) -> str:
        type_ = self.function_type(index)
        use = f"(type {self.names['type'].get(index) or index})"
        return use if type_ is None else use + signature(type_, locals_)

    def _imports(self) -> None:
        for source in self._items(SECTIONS["import"]):
            module, item = quoted(source.name()), quoted(source.name())
            kind = self._kind(source)
            label = self._name(kind)
            if kind == "func":
                index = source.unsigned()
                locals_ = self.identifiers.within("local", len(self.functions))
                self.functions.append(index)
                text = self._type_use(index, locals_)
            else:
                text = self._described(kind, source)
            self._line(f"(import {module} {item} ({kind} {label} {text}))")

    def _described(self, kind: str, source: Input) -> str:
        """The type of anything but a function."""
        if kind == "memory":
            return source.memory_type()
        if kind == "tag":
            start = source.at
            if source.byte():
                raise LoadError(ErrCode.ILLEGAL_GRAMMAR, "tag attribute", offset=start)
            return self._type_use(source.unsigned())
        types = self.names["type"]
        return source.table_type(types) if kind == "table" else source.global_type(types)

    def _declared_functions(self) -> None:
        source = self.sections.get(SECTIONS["func"])
        if source is not None:
            self.functions += [source.unsigned() for _ in range(source.count())]
            self._finish(source)

    def _table(self, source: Input) -> None:
        init = ""
        if source.data[source.at : source.at + 1] == b"\x40":
            source.at += 1
            start = source.at
            if source.byte():
                raise LoadError(ErrCode.EXPECTED_ZERO_BYTE, offset=start)
            init = " "
        type_ = source.table_type(self.names["type"])
        if init:
            init += self.code.constant(source)[0]
        self._line(f"(table {self._name('table')} {type_}{init})")

    def _memory(self, source: Input) -> None:
        self._line(f"(memory {self._name('memory')} {source.memory_type()})")

    def _tag(self, source: Input) -> None:
        self._line(f"(tag {self._name('tag')} {self._described('tag', source)})")

    def _global(self, source: Input) -> None:
        type_ = source.global_type(self.names["type"])
        init = self.code.constant(source)[0]
        self._line(f"(global {self._name('global')} {type_} {init})")

    def _offset(self, source: Input) -> str:
        text, one = self.code.constant(source)
        return text if one else f"(offset {text})"

    def _element(self, source: Input) -> None:
        start = source.at
        flags = source.unsigned()
        if flags > 7:
            raise LoadError(ErrCode.ILLEGAL_GRAMMAR, f"segment flags {flags}", offset=start)
        pieces = [f"(elem {self._name('elem')}"]
        if flags & 1:
            pieces += ["declare"] if flags & 2 else []
        else:
            if flags & 2:
                pieces.append(f"(table {self._ref('table', source)})")
            pieces.append(self._offset(source))
        type_ = "funcref"
        if flags & 3:
            if flags & 4:
                type_ = source.reference_type(self.names["type"])
            elif source.byte():
                raise LoadError(ErrCode.EXPECTED_ZERO_BYTE, offset=source.at - 1)
        if flags & 4:
            pieces.append(type_)
            for _ in range(source.count()):
                text, one = self.code.constant(source)
                pieces.append(text if one else f"(item {text})")
        else:
            pieces.append("func")
            pieces += [self._ref("func", source) for _ in range(source.count())]
        self._line(" ".join(pieces) + ")")

    def _data(self, source: Input) -> None:
        start = source.at
        flags = source.unsigned()
        if flags > 2:
            raise LoadError(ErrCode.ILLEGAL_GRAMMAR, f"segment flags {flags}", offset=start)
        head = f"(data {self._name('data')}"
        if flags == 2:
            memory = self._ref("memory", source)
            head += (
                f" (memory {memory})" if memory not in ("0", self.names["memory"].get(0)) else ""
            )
        if flags != 1:
            head += f" {self._offset(source)}"
        self._line(head + self._strings(source.raw(source.unsigned())) + ")")

    def _strings(self, content: bytes) -> str:
        if len(content) <= _STRING:
            return f" {quoted(content)}" if content else ""
        pieces = (content[at : at + _STRING] for at in range(0, len(content), _STRING))
        return "".join(f"\n    {quoted(piece)}" for piece in pieces)

    def _bodies(self) -> None:
        source = self.sections.get(SECTIONS["code"])
        imported = self.counts["func"]
        declared = len(self.functions) - imported
        count = source.count() if source is not None else 0
        if count != declared:
            detail = f"{declared} functions, {count} bodies"
            raise LoadError(ErrCode.INCOMPATIBLE_FUNC_CODE, detail, offset=len(self.data))
        if source is None:
            return
        for index in range(imported, len(self.functions)):
            size = source.unsigned()
            body = Input(self.data, source.at, source.at + size)
            source.raw(size)
            self._function(index, body)
        self._finish(source)

    def _function(self, index: int, body: Input) -> None:
        type_ = self.function_type(self.functions[index])
        names = self.identifiers.within("local", index)
        use = self._type_use(self.functions[index], names)
        self._line(f"(func {self._name('func')} {use}")
        self._locals(body, names, len(type_.params or ()) if type_ is not None else 0)
        self.code.begin(names, self.identifiers.within("label", index))
        self.out += self.code.folded(body) if self.folded else self.code.flat(body)
        if body.at != body.end:
            raise LoadError(ErrCode.END_CODE_EXPECTED, offset=body.at)
        self.out.append(")")

    def _locals(self, body: Input, names: dict[int, str], place: int) -> None:
        plain: list[str] = []
        pieces: list[str] = []
        total = 0
        for _ in range(body.count()):
            start = body.at
            count = body.unsigned()
            type_ = body.value_type(self.names["type"])
            total += count
            if total > limits.MAX_LOCALS:
                raise LoadError(ErrCode.TOO_MANY_LOCALS, offset=start)
            for _ in range(count):
                if place in names:
                    pieces += [f" (local {' '.join(plain)})"] if plain else []
                    pieces.append(f" (local {names[place]} {type_})")
                    plain = []
                else:
                    plain.append(type_)
                place += 1
        pieces += [f" (local {' '.join(plain)})"] if plain else []
        if pieces:
            self.out.append("\n   " + "".join(pieces))

    def _custom_sections(self) -> None:
        for name, before, content in self.customs:
            place = f"(after {before})" if before else "(before first)"
            self._line(f"(@custom {quoted(name)} {place}{self._strings(content)})")
