"""Modules: from fields in any order to sections in theirs (specification, section 6.6).

Two passes over the fields: the first finds where they are and gives everything its index, the
second, in the order of the text, assembles them.
"""

from __future__ import annotations

from . import encode
from .annotations import LAST, SECTIONS, Annotated, before
from .body import Body
from .instructions import DATA_INDEX
from .lexer import Fault, lexical_fault
from .literals import identifier, unexpected
from .names import name_section
from .spaces import Space, closest
from .types import REFERENCE_TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .lexer import Tokens

KINDS = {"func": 0, "table": 1, "memory": 2, "global": 3, "tag": 4}
"""What can be imported and exported, and its byte in the binary format."""
_FULL = {"func": "function", "table": "table", "memory": "memory", "global": "global", "tag": "tag"}
FIELDS = ("type", "rec", "import", *KINDS, "export", "start", "elem", "data")
HEADER = b"\0asm\1\0\0\0"
FUNCREF = REFERENCE_TYPES["funcref"]


class Assembler(Annotated):
    """One module of a text.

    Attributes:
        id: the module's identifier in the text, or ``None``.
    """

    def __init__(self, tokens: Tokens, at: int) -> None:
        """Prepare for the module at token ``at``: at ``(module``, or at its first field."""
        super().__init__(tokens, at)
        self.funcs = Space("func")
        self.tables = Space("table")
        self.memories = Space("memory")
        self.globals = Space("global")
        self.tags = Space("tag")
        self.elems = Space("elem segment")
        self.datas = Space("data segment")
        self.spaces = {
            "func": self.funcs,
            "table": self.tables,
            "memory": self.memories,
            "global": self.globals,
            "tag": self.tags,
            "type": self.types,
            "elem": self.elems,
            "data": self.datas,
        }
        self.id: str | None = None
        self.sections: dict[str, list[bytes]] = {name: [] for name in SECTIONS}
        self.start: bytes | None = None
        self.local_names: dict[int, dict[int, str]] = {}
        self.label_names: dict[int, dict[int, str]] = {}
        self._defined = ""
        self._index = dict.fromkeys(KINDS, 0)
        self._code_notes: dict[str, list[tuple[int, list[tuple[int, bytes]]]]] = {}
        self.body = Body(self)

    # --- the module ----------------------------------------------------------------------

    def assemble(self) -> bytes:
        """The binary of the module; ``at`` is behind it then.

        Raises:
            Fault: the text is malformed.
        """
        try:
            return self._assemble()
        except Fault as fault:
            if fault.at is None and fault.offset is None:
                fault.at = self.at
            raise
        except IndexError:
            raise Fault("unexpected token", len(self.list)) from None

    def _assemble(self) -> bytes:
        start = self.at
        wrapped = self.opens("module")
        if wrapped:
            self.at += self.list[self.at] == "definition"
            self.id = self.identifier()
            if self.id is not None:
                self.module_name = identifier(self.id)
            self.module_annotation()
            if self.list[self.at] in ("binary", "quote"):
                raise Fault("unexpected token", self.at)
        end = self._find_fields()
        for keyword, at in self.found:
            if keyword in ("type", "rec"):
                self.at = at
                group = self._type_field(keyword)
                self.sections["type"].append(group)
        for keyword, at in self.found:
            if keyword not in ("type", "rec"):
                self.at = at
                getattr(self, f"_{keyword}_field")()
        self.at = end + wrapped
        self.custom_annotations(start, end)
        if not DATA_INDEX.isdisjoint(self.list[start:end]):
            self.sections["datacount"].append(encode.unsigned(len(self.sections["data"])))
        return self._binary()

    def _find_fields(self) -> int:
        """First pass; returns the number of the token behind the last field."""
        tokens = self.list
        at = self.at
        while tokens[at] == "(":
            keyword = tokens[at + 1]
            if keyword not in FIELDS:
                hint = closest(keyword, iter(FIELDS))
                raise Fault(unexpected(keyword), at + 1, hint=hint)
            start = at + 2
            self.found.append((keyword, start))
            depth = 1
            at = start
            while depth:
                token = tokens[at]
                if token == "(":
                    depth += 1
                elif token == ")":
                    depth -= 1
                elif not token and at >= len(tokens) - 4:
                    raise unclosed(tokens, start)
                at += 1
            self._declare(keyword, start, at)
        if tokens[at] != ")" and tokens[at]:
            raise Fault(unexpected(tokens[at]), at)
        return at

    def _declare(self, keyword: str, at: int, end: int) -> None:
        """Give what a field defines its index."""
        tokens = self.list
        if keyword == "import":
            keyword = tokens[at + 3]
            at += 4
            if tokens[at - 2] != "(" or keyword not in KINDS:
                return  # the second pass says why
        elif keyword == "rec":
            while tokens[at] == "(" and tokens[at + 1] == "type":
                self._declare("type", at + 2, end)
                depth = 1
                at += 2
                while depth:
                    depth += (tokens[at] == "(") - (tokens[at] == ")")
                    at += 1
            return
        elif keyword in ("memory", "table"):
            segment = "data" if keyword == "memory" else "elem"
            if segment in tokens[at:end]:
                self.spaces[segment].define(None)
        space = self.spaces.get(keyword)
        if space is None:
            return
        token = tokens[at]
        index = space.define(token if token[:1] == "$" else None, at)
        if self.tokens.notes:
            self.name_annotation(space, index, at + (token[:1] == "$"))

    # --- sections ------------------------------------------------------------------------

    def _binary(self) -> bytes:
        """All sections."""
        items = self.sections
        if self.start is not None:
            items["start"].append(self.start)
        for code in self.appended():
            items["type"].append(code)
        for name, notes in sorted(self._code_notes.items()):
            content = encode.vector(
                func
                + encode.vector(
                    encode.unsigned(offset) + encode.sized(content) for offset, content in found
                )
                for func, found in ((encode.unsigned(func), found) for func, found in notes)
            )
            self.customs.insert(0, (name, before("code"), content))
        out = [HEADER]
        customs = self.customs
        place = 0
        for name, number in SECTIONS.items():
            out += (_custom(*item) for item in customs if item[1] == place)
            place += 1
            if name in ("start", "datacount"):
                if items[name]:
                    out.append(bytes((number,)) + encode.sized(items[name][0]))
            else:
                out.append(encode.section(number, items[name], b"".join(items[name])))
        out += (_custom(*item) for item in customs if item[1] == place)
        out.append(name_section(self))
        out += (_custom(*item) for item in customs if item[1] == LAST)
        return b"".join(out)

    # --- fields --------------------------------------------------------------------------

    def _type_field(self, keyword: str) -> bytes:
        if keyword == "rec":
            return self.recursion_group()
        self.type_definition()
        return self.type_codes[-1]

    def _exports(self, kind: str) -> None:
        """``(export "name")*`` inside a definition."""
        while self.opens("export"):
            name = self.name()
            self.expect(")")
            self._export(name, kind, encode.unsigned(self._index[kind]))

    def _export(self, name: bytes, kind: str, index: bytes) -> None:
        self.sections["export"].append(encode.sized(name) + bytes((KINDS[kind],)) + index)

    def _header(self, kind: str) -> bool:
        """Identifier, exports, and the import if the field is one; that is left to be read."""
        self.identifier()
        self._exports(kind)
        if not self.opens("import"):
            if not self._defined:
                self._defined = _FULL[kind]
            self._index[kind] += 1
            return False
        self._import_allowed()
        module, item = self.name(), self.name()
        self.expect(")")
        self._import(module, item, kind)
        self.expect(")")
        return True

    def _import_allowed(self) -> None:
        if self._defined:
            raise Fault(f"import after {self._defined}", self.at - 1)

    def _import(self, module: bytes, item: bytes, kind: str) -> None:
        """The import's type."""
        if kind == "func":
            index = self._index["func"]
            names = Space("local")
            code = encode.unsigned(self.type_use(names)[0])
            if names.names:
                self.local_names[index] = names.names
        elif kind == "tag":
            code = b"\0" + encode.unsigned(self.type_use(Space("local"))[0])
        elif kind == "table":
            code = self.table_type()
        elif kind == "memory":
            code = self.memory_type()
        else:
            code = self.global_type()
        self._index[kind] += 1
        self.sections["import"].append(
            encode.sized(module) + encode.sized(item) + bytes((KINDS[kind],)) + code
        )

    def _import_field(self) -> None:
        self._import_allowed()
        module, item = self.name(), self.name()
        self.expect("(")
        kind = self.list[self.at]
        if kind not in KINDS:
            raise self.fault(candidates=KINDS)
        self.at += 1
        self.identifier()
        self._import(module, item, kind)
        self.expect(")")
        self.expect(")")

    def _func_field(self) -> None:
        index = self._index["func"]
        if self._header("func"):
            return
        names = Space("local")
        type_, _ = self.type_use(names)
        groups: list[tuple[bytes, int]] = []
        while self.opens("local"):
            types: list[bytes] = []
            self.named_types(types, names)
            for code in types:
                if groups and groups[-1][0] == code:
                    groups[-1] = code, groups[-1][1] + 1
                else:
                    groups.append((code, 1))
        at = self.body.function(names, self.at)
        self.at = at
        self.expect(")")
        declared = encode.vector(encode.unsigned(count) + code for code, count in groups)
        self.sections["func"].append(encode.unsigned(type_))
        self.sections["code"].append(encode.sized(declared + self.body.out))
        if names.names:
            self.local_names[index] = names.names
        if self.body.label_names:
            self.label_names[index] = self.body.label_names
        for id_, offset, content in self.body.notes:
            notes = self._code_notes.setdefault(id_, [])
            if not notes or notes[-1][0] != index:
                notes.append((index, []))
            notes[-1][1].append((offset + len(declared), content))

    def _table_field(self) -> None:
        index = self._index["table"]
        if self._header("table"):
            return
        start = self.at
        wide = self.address_type()
        if self.list[self.at] == "(" or self.list[self.at] in REFERENCE_TYPES:
            self._inline_elements(index, wide)
            return
        self.at = start
        type_ = self.table_type()
        if not self.closes():
            code, self.at = self.body.constant(self.at)
            type_ = b"\x40\0" + type_ + code
            self.expect(")")
        self.sections["table"].append(type_)

    def _inline_elements(self, index: int, wide: bool) -> None:
        """``reftype (elem ...)``: a table of the size of its only segment."""
        type_ = self.reference_type()
        if not self.opens("elem"):
            raise self.fault(candidates=("elem",))
        offset = b"\x42\0\x0b" if wide else b"\x41\0\x0b"
        if self.list[self.at] == "(":
            items = self._expressions()
            content = encode.vector(items)
            flags = b"\4" if type_ == FUNCREF and not index else b"\6"
            extra = type_
        else:
            items = self._indices()
            content = encode.vector(items)
            flags, extra = (b"\2", b"\0") if index else (b"\0", b"")
            if type_ != FUNCREF:
                content = encode.vector(b"\xd2" + item + b"\x0b" for item in items)
                flags, extra = b"\6", type_
        table = encode.unsigned(index) if flags in (b"\2", b"\6") else b""
        extra = extra if table else b""
        self.expect(")")
        self.sections["elem"].append(flags + table + offset + extra + content)
        size = encode.unsigned(len(items))
        self.sections["table"].append(type_ + (b"\5" if wide else b"\1") + size + size)

    def _indices(self) -> list[bytes]:
        """Function indices up to ``)``, which is left to be read."""
        items = []
        while self.list[self.at] != ")":
            items.append(self.index(self.funcs))
        return items

    def _expressions(self) -> list[bytes]:
        """``(item ...)`` or folded instructions up to ``)``, which is left to be read."""
        items = []
        while self.list[self.at] == "(":
            if self.opens("item"):
                code, self.at = self.body.constant(self.at)
                self.expect(")")
            else:
                code, self.at = self.body.constant(self.at, one=True)
            items.append(code)
        return items

    def _memory_field(self) -> None:
        index = self._index["memory"]
        if self._header("memory"):
            return
        start = self.at
        wide = self.address_type()
        page = self.page_size()
        if not self.opens("data"):
            self.at = start
            self.sections["memory"].append(self.memory_type())
            self.expect(")")
            return
        content = self._strings()
        self.expect(")")
        bits = page[0] if page is not None else 16
        size = encode.unsigned(len(content) + (1 << bits) - 1 >> bits)
        flags = 1 | (4 if wide else 0) | (0 if page is None else 8)
        self.sections["memory"].append(bytes((flags,)) + size + size + (page or b""))
        offset = b"\x42\0\x0b" if wide else b"\x41\0\x0b"
        where = b"\2" + encode.unsigned(index) if index else b"\0"
        self.sections["data"].append(where + offset + encode.sized(content))

    def _strings(self) -> bytes:
        """Strings up to ``)``, which is taken."""
        pieces = []
        while not self.closes():
            pieces.append(self.string())
        return b"".join(pieces)

    def _global_field(self) -> None:
        if self._header("global"):
            return
        type_ = self.global_type()
        code, self.at = self.body.constant(self.at)
        self.expect(")")
        self.sections["global"].append(type_ + code)

    def _tag_field(self) -> None:
        if self._header("tag"):
            return
        self.sections["tag"].append(b"\0" + encode.unsigned(self.type_use(Space("local"))[0]))
        self.expect(")")

    def _export_field(self) -> None:
        name = self.name()
        self.expect("(")
        kind = self.list[self.at]
        if kind not in KINDS:
            raise self.fault(candidates=KINDS)
        self.at += 1
        self._export(name, kind, self.index(self.spaces[kind]))
        self.expect(")")
        self.expect(")")

    def _start_field(self) -> None:
        if self.start is not None:
            raise Fault("multiple start sections", self.at - 1)
        self.start = self.index(self.funcs)
        self.expect(")")

    def _offset(self) -> bytes:
        """``(offset ...)`` or a folded instruction."""
        if self.opens("offset"):
            code, self.at = self.body.constant(self.at)
            self.expect(")")
        else:
            code, self.at = self.body.constant(self.at, one=True)
        return code

    def _target(self, keyword: str, space: Space) -> bytes | None:
        """``(table x)`` or ``(memory x)``, or the index alone as early versions had it."""
        if self.opens(keyword):
            index = self.index(space)
            self.expect(")")
            return index
        if self.list[self.at][:1].isdigit() and self.list[self.at + 1] == "(":
            return self.index(space)
        return None

    def _elem_field(self) -> None:
        self.identifier()
        declarative = self.list[self.at] == "declare"
        self.at += declarative
        table = None if declarative else self._target("table", self.tables)
        active = not declarative and (
            table is not None or (self.list[self.at] == "(" and self.list[self.at + 1] != "ref")
        )
        offset = self._offset() if active else b""
        plain = self.list[self.at] == "func"
        self.at += plain
        if (
            plain
            or (
                active
                and table is None
                and self.list[self.at] not in REFERENCE_TYPES
                and not self.ahead("ref")
            )
            or (active and self._starts_indices())
        ):
            items = self._indices()
            expressions = False
            type_ = FUNCREF
        else:
            type_ = self.reference_type()
            items = self._expressions()
            expressions = True
        self.expect(")")
        self.sections["elem"].append(
            _element(active, declarative, table, offset, type_, expressions, items)
        )

    def _starts_indices(self) -> bool:
        return self.starts_index() or self.list[self.at] == ")"

    def _data_field(self) -> None:
        self.identifier()
        memory = self._target("memory", self.memories)
        if memory is None and self.list[self.at] != "(":
            self.sections["data"].append(b"\1" + encode.sized(self._strings()))
            return
        offset = self._offset()
        where = b"\0" if memory in (None, b"\0") else b"\2" + (memory or b"")
        self.sections["data"].append(where + offset + encode.sized(self._strings()))


def unclosed(tokens: list[str], at: int) -> Fault:
    """The error of a text that ends too early; something before may be why."""
    for place in range(at, len(tokens) - 4):
        token = tokens[place]
        if token == "$" or (token[:1] == '"' and lexical_fault(token)):
            return Fault(unexpected(token), place)
    return Fault("unexpected token", len(tokens), hint="a closing parenthesis is missing")


def _custom(name: str, _place: int, content: bytes) -> bytes:
    return b"\0" + encode.sized(encode.text(name) + content)


def _element(
    active: bool,
    declarative: bool,
    table: bytes | None,
    offset: bytes,
    type_: bytes,
    expressions: bool,
    items: list[bytes],
) -> bytes:
    """An element segment; ``table`` if the text names it, else it is the first one."""
    explicit = active and (table is not None or (expressions and type_ != FUNCREF))
    flags = (4 if expressions else 0) | (2 if explicit or declarative else 0) | (not active)
    code = bytes((flags,))
    if active:
        code += ((table or b"\0") if explicit else b"") + offset
    if flags & 3:
        code += type_ if expressions else b"\0"
    return code + encode.vector(items)
