"""``@wasi``: one WASI function is one Python function.

Everything else follows from the annotations: the wasm type, how arguments are read and checked,
where results go. The vocabulary:

========== ======================= ====================================================
annotation wasm parameters         the body gets
========== ======================= ====================================================
``Env``    none (first parameter)  the environment
``Memory`` none                    the caller's memory
``Fd``     i32                     an int, 0 to 2^32-1 (also ``U32``)
``U8 U16`` i32                     its low 8 or 16 bits
``U64 S64`` i64                    an int, unsigned or signed
``Buffer`` i32 address, i32 length the checked range of the memory, to be filled or read
``Path``   i32 address, i32 length a copy of the checked range, cut off where it has become
                                   too long for a path
``Iovecs`` i32 address, i32 count  the checked ranges the iovec array names
========== ======================= ====================================================

The result annotation is ``None`` or what is stored through out pointers, the last parameters:
``U8`` to ``U64``, the structures of ``abi.LAYOUTS``, or a ``tuple[...]`` of them for several
pointers. The function returns an errno to the guest unless it is annotated ``NoReturn``.

A range outside the memory is ``FAULT`` before the body runs; so are out pointers. A body fails
with ``WasiError`` or ``OSError``. An offset the host cannot represent is ``INVAL``.
"""

from __future__ import annotations

import struct

from ..base import waiting
from ..base.types import FunctionType, ValType
from . import errno
from .abi import LAYOUTS, MAX_PATH, MAX_RANGES
from .errno import WasiError, from_host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from .env import Env

    Body = TypeVar("Body", bound=Callable[..., object])
    Bound = Callable[..., int | None]

Memory = memoryview
Fd = int
U8 = int
U16 = int
U32 = int
U64 = int
S64 = int
Buffer = memoryview
Path = bytes
Iovecs = list[memoryview]
Prestat = tuple[int, int]
Fdstat = tuple[int, int, int, int]
Filestat = tuple[int, int, int, int, int, int, int, int]
Filestat0 = Filestat

# Parameter annotation: wasm types, frame format of each, Python expression for the body.
_I32, _I64 = ValType.I32, ValType.I64
_SCALARS = {
    "Fd": (_I32, "I4x"),
    "U8": (_I32, "B7x"),
    "U16": (_I32, "H6x"),
    "U32": (_I32, "I4x"),
    "U64": (_I64, "Q"),
    "S64": (_I64, "q"),
}
_RANGES = {
    "Buffer": "memory[{0}:{0} + {1}]",
    "Path": f"bytes(memory[{{0}}:{{0}} + min({{1}}, {MAX_PATH + 1})])",
    "Iovecs": "iovecs(memory, {0}, {1})",
}

_PAIR = struct.Struct("<II")
_PIECE = 16384 * _PAIR.size
"""Bytes of an array that are read without a look whether the guest is to stop."""


def iovecs(memory: Memory, address: int, count: int) -> Iovecs:
    """The ranges of ``memory`` that the ``count`` iovecs at ``address`` name, empty ones apart.

    An operation may do less than asked for: ranges beyond ``MAX_RANGES`` are left out, and those
    beyond 2^32-1 bytes in total.

    Raises:
        WasiError: ``FAULT`` when the array or a range lies outside the memory.
    """
    size = len(memory)
    array_end = address + 8 * count
    if array_end > size:
        raise WasiError(errno.FAULT)
    if count == 1:
        start, length = _PAIR.unpack_from(memory, address)
        end = start + length
        if end > size:
            raise WasiError(errno.FAULT)
        return [memory[start:end]]
    ranges: Iovecs = []
    total = 0
    for at in range(address, array_end, _PIECE):
        if at > address:
            waiting.check()
        for start, length in _PAIR.iter_unpack(memory[at : min(at + _PIECE, array_end)]):
            end = start + length
            if end > size:
                raise WasiError(errno.FAULT)
            if length:
                total += length
                ranges.append(memory[start:end])
        if total > 0xFFFFFFFF or len(ranges) >= MAX_RANGES:
            break
    while total > 0xFFFFFFFF:
        total -= len(ranges.pop())
    return ranges


class Function:
    """A WASI function, as derived from its body's annotations.

    Attributes:
        name: the import name.
        hot: whether C answers ordinary calls (``src/wasi.c``), and the body only the others.
        params, results: the wasm type.
        frame: reads the parameters from a frame (8-byte slots); yields them as the bound
            function wants them, that is unsigned and cut to their width.
    """

    __slots__ = ("_body", "_make", "frame", "hot", "name", "params", "results")

    def __init__(
        self, body: Callable[..., object], name: str | None = None, *, hot: bool = False
    ) -> None:
        self.name = name or body.__name__
        self.hot = hot
        self._body = body
        self._make: Callable[..., Bound] | None = None
        params, frame = [], ["<"]
        for kind in self._kinds():
            for type_, letters in [_SCALARS[kind]] if kind in _SCALARS else [_SCALARS["U32"]] * 2:
                params.append(type_)
                frame.append(letters)
        outs = self._outs()
        params += [_I32] * len(outs)
        frame += ["I4x"] * len(outs)
        self.params = tuple(params)
        self.results = () if self._returns() == "NoReturn" else (_I32,)
        self.frame = struct.Struct("".join(frame))

    @property
    def type(self) -> FunctionType:
        """The wasm type as one object."""
        return FunctionType(self.params, self.results)

    def bind(self, env: Env) -> Bound:
        """The function for ``env``: ``bound(memory, *wasm_parameters)`` gives the errno.

        ``memory`` is the caller's (an empty view if it has none); the parameters must be as
        ``frame`` yields them. Compiles the argument handling at the first use.
        """
        if self._make is None:
            scope: dict[str, object] = {
                "body": self._body,
                "WasiError": WasiError,
                "from_host": from_host,
                "iovecs": iovecs,
                **{f"pack_{name}": layout.pack_into for name, layout in LAYOUTS.items()},
            }
            exec(self._source(), scope)  # the text comes from the tables of this file only
            self._make = scope["make"]  # type: ignore[assignment]
        assert self._make is not None
        return self._make(env)

    def _annotations(self) -> dict[str, str]:
        return self._body.__annotations__

    def _kinds(self) -> list[str]:
        kinds = [kind for name, kind in self._annotations().items() if name != "return"]
        return [kind for kind in kinds if kind not in ("Env", "Memory")]

    def _returns(self) -> str:
        return self._annotations()["return"]

    def _outs(self) -> list[str]:
        returns = self._returns()
        if returns in ("None", "NoReturn"):
            return []
        return returns.removeprefix("tuple[").removesuffix("]").split(", ")

    def _source(self) -> str:
        """Text of ``make(env)``, which returns the bound function."""
        names = [f"p{i}" for i in range(len(self.params))]
        rest = iter(names)
        arguments, checks = [], []
        for name, kind in self._annotations().items():
            if name == "return":
                continue
            if kind == "Env":
                arguments.append("env")
            elif kind == "Memory":
                arguments.append("memory")
            elif kind in _SCALARS:
                arguments.append(next(rest))
            else:
                address, length = next(rest), next(rest)
                arguments.append(_RANGES[kind].format(address, length))
                if kind != "Iovecs":
                    checks.append(f"{address} + {length} > size")
        outs = self._outs()
        stores = []
        for i, (out, address) in enumerate(zip(outs, rest, strict=True)):
            checks.append(f"{address} + {LAYOUTS[out].size} > size")
            value = "result" if len(outs) == 1 else f"result[{i}]"
            star = "" if out[0] == "U" else "*"
            stores.append(f"pack_{out}(memory, {address}, {star}{value})")
        call = f"body({', '.join(arguments)})"
        lines = ["size = len(memory)", f"if {' or '.join(checks)}: return {errno.FAULT}"]
        lines = lines if checks else []
        lines += [f"result = {call}", *stores] if stores else [call]
        return "\n".join(
            [
                "def make(env):",
                f" def {self.name}({', '.join(['memory', *names])}):",
                "  try:",
                *(f"   {line}" for line in lines),
                *(["   return 0"] if self.results else []),
                "  except WasiError as error: return error.errno",
                "  except OSError as error: return from_host(error)",
                f"  except OverflowError: return {errno.INVAL}",
                f" return {self.name}",
            ]
        )


FUNCTIONS: dict[str, Function] = {}
"""The functions of the group files imported so far, by import name."""


ALTERNATIVES: dict[str, list[Function]] = {}
"""Functions that share their import name with another one and differ from it in type."""


def alternative(name: str) -> Callable[[Body], Body]:
    """Declare another signature of the WASI function ``name``; an import's type chooses."""

    def declare(body: Body) -> Body:
        ALTERNATIVES.setdefault(name, []).append(Function(body))
        return body

    return declare


PREVIEW0: dict[str, Function] = {}
"""Functions that were different in preview 0, by import name."""


def preview0(body: Body) -> Body:
    """Declare ``body`` as what the WASI function of its name was in preview 0."""
    PREVIEW0[body.__name__] = Function(body)
    return body


def wasi(body: Body) -> Body:
    """Declare ``body`` as the WASI function of its name."""
    FUNCTIONS[body.__name__] = Function(body)
    return body


def hot(body: Body) -> Body:
    """The same for a function that C answers as a rule (``Function.hot``)."""
    FUNCTIONS[body.__name__] = Function(body, hot=True)
    return body


def also(*names: str) -> Callable[[Body], Body]:
    """Declare the body as the WASI functions of these names, besides what else it is."""

    def declare(body: Body) -> Body:
        FUNCTIONS.update((name, Function(body, name)) for name in names)
        return body

    return declare
