"""Host functions: Python callables as function instances."""

from __future__ import annotations

from ..base.types import FunctionType, ValType
from ..kernel.native import address, ffi, lib
from ..kernel.objects import own
from ..runtime.call import Later, callee, caller
from ..runtime.core import Caller, caller_of
from ..runtime.function import FunctionInstance, live
from ..runtime.memory import MemoryInstance
from ..runtime.values import signature
from .slices import Buffer, Bytes, Str

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from struct import Struct
    from typing import Any

    from ..kernel.native import CData


def host_function(
    function: Callable[..., Any],
    type_: FunctionType | None = None,
    *,
    name: str | None = None,
    caller: bool | type | None = None,
    params: Struct | None = None,
) -> FunctionInstance:
    """Make a function instance that runs a Python callable.

    Args:
        function: the callable.
        type_: its type, ``None`` to derive it from its annotations.
        name: what messages call it.
        caller: an extra first argument that tells who calls: ``Caller`` or ``True``,
            ``MemoryInstance`` (or ``None`` if the caller has no memory), ``memoryview`` (the
            bytes of that memory, empty if there is none), ``False`` for no such argument;
            ``None`` to look at the annotation of the first parameter.
        params: reads the parameters out of a frame, if not in the ordinary way (integers
            signed); 8-byte slots, 16 bytes for v128.

    Raises:
        TypeError: the type cannot be derived from the annotations.
    """
    first: object = caller
    if type_ is None or caller is None:
        annotated = Annotations(function)
        if caller is None:
            first = annotated.first
        if type_ is None:
            type_ = annotated.function_type()
    label = name if name is not None else getattr(function, "__name__", "host function")
    first_argument = _FIRST_ARGUMENTS[Annotations.first_kind(first)]
    return _make(function, type_, label, first_argument, params)


def later_function(
    make: Callable[[], Callable[..., Any]],
    type_: FunctionType,
    *,
    name: str,
    caller: type | None = None,
    params: Struct | None = None,
    new: Callable[[int, CData], CData] | None = None,
) -> FunctionInstance:
    """The same for a callable that ``make`` gives when it is called first.

    ``new`` makes the ``we_func`` from the number of the type and the handle of the callable, if
    the kernel has a function that answers calls before the callable is asked.
    """
    return _make(Later(make), type_, name, _FIRST_ARGUMENTS[caller], params, new)


def _make(
    function: Callable[..., Any] | Later,
    type_: FunctionType,
    name: str,
    first_argument: Callable[[Any], Any] | None,
    params: Struct | None,
    new: Callable[[int, CData], CData] | None = None,
) -> FunctionInstance:
    sig = signature(type_)
    handle = ffi.new_handle(callee(function, sig, name, first_argument, params))
    func = (new or lib.we_func_new_python)(sig.type_id, handle)
    owned = own(func, "we_func_free")
    call = caller(func, sig, name, None)
    made = FunctionInstance(func, type_, call, name, None, owned, handle)
    live[address(func)] = made
    return made


_FIRST_ARGUMENTS: dict[type | None, Callable[[Any], Any] | None] = {
    None: None,
    Caller: caller_of,
    MemoryInstance: lambda from_instance: caller_of(from_instance).memory,
    memoryview: lambda from_instance: caller_of(from_instance).view,
}

_BY_PYTHON_TYPE: dict[object, ValType] = {
    int: ValType.I32,
    bool: ValType.I32,
    float: ValType.F64,
    bytes: ValType.V128,
    object: ValType.EXTERNREF,
    FunctionInstance: ValType.FUNCREF,
}

_BY_NAME: dict[str, object] = {
    **{str(type_): type_ for type_ in ValType},
    "Any": ValType.EXTERNREF,
    "Caller": Caller,
    "MemoryInstance": MemoryInstance,
    "FunctionInstance": FunctionInstance,
    "Bytes": Bytes,
    "Str": Str,
    "Buffer": Buffer,
}
"""Names that only a type checker has imported still mean what they say."""


class Annotations:
    """What the annotations of a function say about WebAssembly types."""

    def __init__(self, function: Callable[..., Any], skip: int = 0) -> None:
        """Look at a function; its first ``skip`` parameters are not the guest's business."""
        plain: Any = getattr(function, "__func__", function)
        if not hasattr(plain, "__code__"):
            plain = type(function).__call__
        self._code = getattr(plain, "__code__", None)
        self._label = getattr(function, "__name__", repr(function))
        self._annotations: dict[str, Any] = getattr(plain, "__annotations__", {})
        self._scope: dict[str, Any] = getattr(plain, "__globals__", {})
        names = self._code.co_varnames[: self._code.co_argcount] if self._code else ()
        self._names: tuple[str, ...] = names[skip + (plain is not function) :]
        self.first: object = None
        if self._names and self._names[0] in self._annotations:
            kind = self._resolve(self._annotations[self._names[0]])
            if kind in (Caller, MemoryInstance):
                self.first = kind

    @staticmethod
    def first_kind(first: object) -> type | None:
        """The kind of the extra first argument for a ``caller`` argument."""
        if first is True:
            return Caller
        return first if isinstance(first, type) and first in _FIRST_ARGUMENTS else None

    def function_type(self) -> FunctionType:
        """The function type; raises TypeError where annotations do not tell."""
        names = self.parameters()[1:] if self.first else self.parameters()
        params = tuple([self.value_type(name, self.kind(name)) for name in names])
        return FunctionType(params, self.results())

    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters; raises TypeError if there is no fixed list of them."""
        code = self._code
        if code is None or code.co_flags & 0x0C or code.co_kwonlyargcount:
            raise TypeError(
                f"{self._label}: a fixed list of annotated parameters is needed to derive the"
                " function type; give the type explicitly"
            )
        return self._names

    def results(self) -> tuple[ValType, ...]:
        """Types of the results; raises TypeError where the annotation does not tell."""
        kind = self._resolve(self._annotations.get("return"))
        if kind is None:
            return ()
        if getattr(kind, "__origin__", None) is tuple:
            return tuple([self.value_type("return", part) for part in kind.__args__])
        return (self.value_type("return", kind),)

    def kind(self, name: str) -> Any:
        """The object a parameter is annotated with."""
        if name not in self._annotations:
            raise TypeError(f"{self._label}: parameter {name} has no annotation")
        return self._resolve(self._annotations[name])

    def value_type(self, name: str, kind: Any) -> ValType:
        """The value type an annotation means; raises TypeError if it is none."""
        if isinstance(kind, str):
            kind = self._resolve(kind)
        if isinstance(kind, ValType):
            return kind
        for extra in getattr(kind, "__metadata__", ()):
            if isinstance(extra, ValType):
                return extra
        try:
            return _BY_PYTHON_TYPE[kind]
        except (KeyError, TypeError):
            raise TypeError(
                f"{self._label}: {name} is annotated with {kind!r}, which is no WebAssembly type;"
                " use int, float, bytes, object or i32, i64, f32, f64, v128, funcref, externref"
            ) from None

    def _resolve(self, annotation: Any) -> Any:
        """The object behind an annotation, which is a string with postponed evaluation."""
        if not isinstance(annotation, str):
            return annotation
        try:
            return eval(annotation, self._scope)  # the function's own source text
        except Exception:
            return _BY_NAME.get(annotation.rpartition(".")[2], annotation)
