"""Python values to WebAssembly values and back (section 4.2.1), by value type and by signature."""

from __future__ import annotations

from operator import index as as_index
from struct import Struct
from struct import error as StructError  # noqa: N812

from ..base.errors import ArgumentError, ErrCode
from ..base.types import ValType
from ..code.types import type_id
from ..kernel.native import address, ffi
from ..kernel.objects import object_at
from .externref import object_of, word_of
from .function import FunctionInstance, live

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from ..base.types import FunctionType

    Kept = dict[int, object]

FORMAT: dict[int, str] = {
    ValType.I32: "i4x",
    ValType.I64: "q",
    ValType.F32: "f4x",
    ValType.F64: "d",
    ValType.V128: "16s",
    ValType.FUNCREF: "Q",
    ValType.EXTERNREF: "Q",
}
"""``struct`` format of each value type in a frame of 8-byte slots."""

_PLAIN = frozenset((ValType.I32, ValType.I64, ValType.F32, ValType.F64))
"""Types whose values ``struct`` converts without help (if they are in range)."""


def _integer(value: Any, bits: int) -> int:
    try:
        number = as_index(value)
    except TypeError:
        raise TypeError(f"i{bits} expected, not {type(value).__name__}") from None
    if not -(1 << bits - 1) <= number < 1 << bits:
        raise TypeError(f"{number} does not fit i{bits}")
    return number - (1 << bits) if number >> bits - 1 > 0 else number


def _i32(value: Any, _kept: Kept | None) -> int:
    return _integer(value, 32)


def _i64(value: Any, _kept: Kept | None) -> int:
    return _integer(value, 64)


_DOUBLE = Struct("<d")
_SINGLE = Struct("<f")


def _f64(value: Any, _kept: Kept | None) -> float:
    try:
        if isinstance(value, int):
            return float(value)
        number: float = _DOUBLE.unpack(_DOUBLE.pack(value))[0]
    except OverflowError:
        raise TypeError("integer too large for a float") from None
    except (StructError, TypeError):
        raise TypeError(f"float expected, not {type(value).__name__}") from None
    return number


def _f32(value: Any, kept: Kept | None) -> float:
    number = _f64(value, kept)
    try:
        _SINGLE.pack(number)
    except OverflowError:  # rounds to infinity
        return float("inf") if number > 0 else float("-inf")
    return number


def _v128(value: Any, _kept: Kept | None) -> bytes:
    try:
        view = memoryview(value)
    except TypeError:
        raise TypeError(f"16 bytes expected, not {type(value).__name__}") from None
    if view.nbytes != 16:
        raise TypeError(f"16 bytes expected, not {view.nbytes}")
    return view.tobytes()


def funcref_word(value: Any, kept: Kept | None) -> int:
    """The word of a funcref; ``kept`` holds on to the function from now on.

    Raises:
        TypeError: neither a ``FunctionInstance`` nor ``None``.
    """
    if value is None:
        return 0
    if not isinstance(value, FunctionInstance):
        raise TypeError(f"FunctionInstance or None expected, not {type(value).__name__}")
    word = address(value.c)
    if kept is not None and (value._owner is None or value._owner.kept is not kept):
        kept[word] = value
    return word


def function_at(word: int) -> FunctionInstance | None:
    """The function instance that a funcref word refers to; ``None`` for null."""
    if not word:
        return None
    found = live.get(word)
    if found is None:
        func = ffi.cast("we_func *", word)
        if not func.instance:  # an instance's copy of a host function
            return live[address(func.self.func)]
        core = object_at(address(func.instance.self))
        found = core.function(func.index)
    return found


def _externref(value: Any, _kept: Kept | None) -> int:
    return word_of(value)


_ENCODE: dict[int, Callable[[Any, Kept | None], Any]] = {
    ValType.I32: _i32,
    ValType.I64: _i64,
    ValType.F32: _f32,
    ValType.F64: _f64,
    ValType.V128: _v128,
    ValType.FUNCREF: funcref_word,
    ValType.EXTERNREF: _externref,
}

_DECODE: dict[int, Callable[[int], Any]] = {
    ValType.FUNCREF: function_at,
    ValType.EXTERNREF: object_of,
}


def encode(type_: ValType, value: Any, kept: Kept | None = None) -> Any:
    """``value`` as what ``FORMAT[type_]`` packs.

    Args:
        type_: the WebAssembly type.
        value: an int for i32 and i64 (signed or unsigned), a number for f32 and f64, 16 bytes
            for v128, a ``FunctionInstance`` or ``None`` for funcref, anything for externref.
        kept: takes a funcref's function, so that it lives as long as what it is stored in.

    Raises:
        TypeError: the value does not fit.
    """
    return _ENCODE[type_](value, kept)


def decode(type_: ValType, raw: Any) -> Any:
    """The Python value of what ``FORMAT[type_]`` unpacked."""
    convert = _DECODE.get(type_)
    return convert(raw) if convert else raw


class Values:
    """A list of value types: how tuples of Python values lie in a frame.

    Attributes:
        types: the value types.
        struct: layout of the frame.
        plain: whether ``struct`` converts all valid values by itself (but unsigned integers).
    """

    __slots__ = ("plain", "struct", "types")

    def __init__(self, types: tuple[ValType, ...]) -> None:
        self.types = types
        self.struct = Struct("<" + "".join([FORMAT[t] for t in types]))
        self.plain = _PLAIN.issuperset(types)

    def encode(self, values: Sequence[Any], kept: Kept | None, what: str) -> bytes:
        """The frame of ``values``.

        Raises:
            ArgumentError: they do not fit; the detail speaks of ``what`` and its position.
        """
        if len(values) != len(self.types):
            expected = f"{len(self.types)} {what}{'' if len(self.types) == 1 else 's'}"
            raise ArgumentError(
                ErrCode.FUNC_SIG_MISMATCH, f"{expected} expected, {len(values)} given"
            )
        raw = []
        for number, (type_, value) in enumerate(zip(self.types, values, strict=True), 1):
            try:
                raw.append(_ENCODE[type_](value, kept))
            except TypeError as error:
                raise ArgumentError(
                    ErrCode.FUNC_SIG_MISMATCH, f"{what} {number}: {error}"
                ) from None
        return self.struct.pack(*raw)

    def decode(self, raw: tuple[Any, ...]) -> tuple[Any, ...]:
        """The Python values of what ``struct`` unpacked."""
        return tuple([decode(type_, value) for type_, value in zip(self.types, raw, strict=True)])


class Signature:
    """A function type as calls need it.

    Attributes:
        type: the function type.
        params, results: layouts.
        type_id: the type's process-wide number.
        frame_size: bytes a frame needs for both.
    """

    __slots__ = ("frame_size", "params", "results", "type", "type_id")

    def __init__(self, type_: FunctionType) -> None:
        self.type = type_
        self.params = Values(type_.params)
        self.results = Values(type_.results)
        self.type_id = type_id(type_)
        self.frame_size = max(self.params.struct.size, self.results.struct.size, 8)


_signatures: dict[FunctionType, Signature] = {}


def signature(type_: FunctionType) -> Signature:
    """The signature of a function type, made once."""
    found = _signatures.get(type_)
    if found is None:
        found = _signatures.setdefault(type_, Signature(type_))
    return found
