"""Reading binaries for the printer: whatever is well-formed, whether the engine runs it or not."""

from __future__ import annotations

from ..base.errors import ErrCode, LoadError
from ..module.reader import name as read_name
from ..module.reader import unexpected_end
from .types import (
    ARRAY,
    FUNC,
    HEAP_TYPES,
    NUMBER_TYPES,
    PACKED_TYPES,
    REC,
    STRUCT,
    SUB,
    SUB_FINAL,
    VALUE_TYPES,
)

_HEAP_NAMES = {code[0]: name for name, code in HEAP_TYPES.items()}
_VALUE_NAMES = {code[0]: name for name, code in {**PACKED_TYPES, **VALUE_TYPES}.items()}
REF, REF_NULL = 0x64, 0x63


class Input:
    """A position in a binary; every method reads something there and goes behind it.

    All of them raise ``LoadError`` for what is cut off or malformed.
    """

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self.data = data
        self.at = at
        self.end = end

    def byte(self) -> int:
        """One byte."""
        if self.at >= self.end:
            raise unexpected_end(self.at)
        self.at += 1
        return self.data[self.at - 1]

    def raw(self, size: int) -> bytes:
        """So many bytes."""
        start = self.at
        if size > self.end - start:
            raise unexpected_end(start)
        self.at += size
        return self.data[start : self.at]

    def _leb(self, bits: int) -> tuple[int, int, int]:
        """The groups of a LEB128 put together, the number of their bits, the last byte."""
        value = shift = 0
        start = self.at
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value, shift, byte
            if shift >= bits:
                raise LoadError(ErrCode.INTEGER_TOO_LONG, offset=start)

    def unsigned(self, bits: int = 32) -> int:
        """LEB128 of a natural number."""
        start = self.at
        value, _, _ = self._leb(bits)
        if value >> bits:
            raise LoadError(ErrCode.INTEGER_TOO_LARGE, offset=start)
        return value

    def signed(self, bits: int) -> int:
        """LEB128 of an integer."""
        start = self.at
        value, shift, byte = self._leb(bits)
        if byte & 64:
            value -= 1 << shift
        if not -(1 << bits - 1) <= value < 1 << bits - 1:
            raise LoadError(ErrCode.INTEGER_TOO_LARGE, offset=start)
        return value

    def count(self) -> int:
        """The length of a vector, whose items take at least a byte each."""
        start = self.at
        found = self.unsigned()
        if found > self.end - self.at:
            raise LoadError(ErrCode.LENGTH_OUT_OF_BOUNDS, f"{found} items", offset=start)
        return found

    def name(self) -> str:
        """A name."""
        found, self.at = read_name(self.data, self.at, self.end)
        return found

    # --- types ---------------------------------------------------------------------------

    def heap_type(self, types: dict[int, str]) -> str:
        """A heap type; ``types`` are identifiers of types by index."""
        start = self.at
        value = self.signed(33)
        if value >= 0:
            return types.get(value, str(value))
        known = _HEAP_NAMES.get(value & 127) if value >= -64 else None
        if known is None:
            raise LoadError(ErrCode.MALFORMED_REF_TYPE, f"{value}", offset=start)
        return known

    def value_type(self, types: dict[int, str], *, packed: bool = False) -> str:
        """A value type, or a storage type of a field if ``packed``."""
        start = self.at
        code = self.byte()
        if code in (REF, REF_NULL):
            null = "null " if code == REF_NULL else ""
            return f"(ref {null}{self.heap_type(types)})"
        found = _VALUE_NAMES.get(code)
        if found is None or (found in PACKED_TYPES and not packed):
            raise LoadError(ErrCode.MALFORMED_VAL_TYPE, f"0x{code:02x}", offset=start)
        return found

    def reference_type(self, types: dict[int, str]) -> str:
        """A reference type."""
        start = self.at
        found = self.value_type(types)
        if found in NUMBER_TYPES:
            raise LoadError(ErrCode.MALFORMED_REF_TYPE, found, offset=start)
        return found

    def value_types(self, types: dict[int, str]) -> list[str]:
        """A vector of value types."""
        return [self.value_type(types) for _ in range(self.count())]

    def limits(self) -> tuple[int, str, str]:
        """Flags of limits, then what stands before and after the sizes in text; with the sizes."""
        start = self.at
        flags = self.byte()
        if flags > 15:
            raise LoadError(ErrCode.INTEGER_TOO_LARGE, f"limits flags {flags}", offset=start)
        bits = 64 if flags & 4 else 32
        text = "i64 " if flags & 4 else ""
        text += str(self.unsigned(bits))
        if flags & 1:
            text += f" {self.unsigned(bits)}"
        page = ""
        if flags & 8:
            exponent = self.unsigned()
            if exponent > 63:
                raise LoadError(ErrCode.INTEGER_TOO_LARGE, f"2^{exponent}", offset=start)
            page = f" (pagesize {1 << exponent})"
        return flags, text, (" shared" if flags & 2 else "") + page

    def memory_type(self) -> str:
        """A memory type."""
        _, sizes, rest = self.limits()
        return sizes + rest

    def table_type(self, types: dict[int, str]) -> str:
        """A table type."""
        element = self.reference_type(types)
        return f"{self.limits()[1]} {element}"

    def global_type(self, types: dict[int, str]) -> str:
        """A global type."""
        value = self.value_type(types)
        start = self.at
        mutable = self.byte()
        if mutable > 1:
            raise LoadError(ErrCode.INVALID_MUT, f"0x{mutable:02x}", offset=start)
        return f"(mut {value})" if mutable else value


class TypeDefinition:
    """A type as text, and what others need to know about it.

    Attributes:
        text: what stands in ``(type $id text)``.
        params, results: of a function type.
        fields: number of fields of a struct type, else 0.
    """

    __slots__ = ("fields", "params", "results", "text")

    def __init__(self) -> None:
        self.text = ""
        self.params: list[str] | None = None
        self.results: list[str] = []
        self.fields = 0


def type_definition(
    source: Input, types: dict[int, str], field_names: dict[int, str]
) -> TypeDefinition:
    """A type of a group. ``types`` and ``field_names`` are identifiers by index."""
    made = TypeDefinition()
    kind = source.data[source.at : source.at + 1]
    if kind not in (SUB, SUB_FINAL):
        made.text = _composite(source, types, field_names, made)
        return made
    source.at += 1
    final = "final " if kind == SUB_FINAL else ""
    supers = [source.unsigned() for _ in range(source.count())]
    names = "".join(f"{types.get(index, index)} " for index in supers)
    made.text = f"(sub {final}{names}{_composite(source, types, field_names, made)})"
    return made


def _composite(
    source: Input, types: dict[int, str], names: dict[int, str], made: TypeDefinition
) -> str:
    start = source.at
    kind = bytes((source.byte(),))
    if kind == FUNC:
        made.params, made.results = source.value_types(types), source.value_types(types)
        return f"(func{signature(made)})"
    if kind == ARRAY:
        return f"(array {_field(source, types)})"
    if kind == STRUCT:
        made.fields = source.count()
        fields = []
        for index in range(made.fields):
            name = f"{names[index]} " if index in names else ""
            fields.append(f" (field {name}{_field(source, types)})")
        return f"(struct{''.join(fields)})"
    raise LoadError(ErrCode.INTEGER_TOO_LONG, f"type starts with 0x{kind.hex()}", offset=start)


def _field(source: Input, types: dict[int, str]) -> str:
    value = source.value_type(types, packed=True)
    start = source.at
    mutable = source.byte()
    if mutable > 1:
        raise LoadError(ErrCode.INVALID_MUT, f"0x{mutable:02x}", offset=start)
    return f"(mut {value})" if mutable else value


def signature(type_: TypeDefinition, names: dict[int, str] | None = None) -> str:
    """Parameters and results, each with a space before it; ``names`` are those of parameters."""
    params = type_.params or []
    text = ""
    plain: list[str] = []
    for index, param in enumerate(params):
        if names and index in names:
            text += f" (param {' '.join(plain)})" if plain else ""
            text += f" (param {names[index]} {param})"
            plain = []
        else:
            plain.append(param)
    text += f" (param {' '.join(plain)})" if plain else ""
    return text + (f" (result {' '.join(type_.results)})" if type_.results else "")


def group(source: Input) -> int:
    """How many types the group at the position has; 0 if it is a single type without group."""
    if source.data[source.at : source.at + 1] != REC:
        return 0
    source.at += 1
    return source.count() or -1
