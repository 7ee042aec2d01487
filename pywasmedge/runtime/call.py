"""Calls across the border, in both directions: one closure per function, built once.

Python to guest: pack the arguments into bytes, call the kernel, convert the result. Guest to
Python: unpack the frame, call the function, pack what it returned. What a closure needs is in
its cells, because this is where the microseconds go.
"""

from __future__ import annotations

from struct import error as StructError  # noqa: N812
from threading import get_ident

from ..base.errors import ArgumentError, ErrCode, Exit
from ..base.types import ValType
from ..kernel.native import address, ffi, lib
from ..kernel.objects import object_at
from .externref import passing
from .interrupt import with_timeout
from .values import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from struct import Struct
    from types import TracebackType
    from typing import Any

    from .core import Core
    from .values import Signature

_UNPACKABLE = (StructError, OverflowError, TypeError)
"""What ``struct`` raises for values that need a closer look."""

_raised: dict[int, BaseException] = {}
"""By thread: the exception of a host function on its way to the call that started the guest."""

_FAILED = int(ErrCode.EXECUTION_FAILED)
_TERMINATED = int(ErrCode.TERMINATED)
_RAISED = (_FAILED, _TERMINATED)
"""What the kernel is told when a host function has raised: failed, or the guest ended itself."""


# --- Python calls a function -----------------------------------------------------------------


def failure(code: int) -> BaseException:
    """The exception for a call that ended with trap ``code`` on this thread."""
    if code in _RAISED and (error := _raised.pop(get_ident(), None)) is not None:
        return error
    if code == _TERMINATED:
        return Exit(0)
    from .backtrace import trap

    return trap(code)


def forget() -> BaseException | None:
    """The exception that :func:`failure` would give on this thread, which is then forgotten."""
    return _raised.pop(get_ident(), None)


def caller(
    func: Any, signature: Signature, name: str | None, owner: Core | None
) -> Callable[..., Any]:
    """A closure that calls a function instance with Python values.

    Args:
        func: the ``we_func``.
        signature: its signature.
        name: what error messages call it, ``None`` to ask the owner.
        owner: the instance it belongs to, ``None`` for a host function.
    """
    kept = owner.kept if owner else None

    def encode(args: tuple[Any, ...]) -> bytes:
        """Pack with all checks. Its reference to ``owner`` keeps the instance alive."""
        try:
            return signature.params.encode(args, kept, "argument")
        except ArgumentError as error:
            label = owner.function_name(func.index) if owner and name is None else name
            detail = f"{label}{signature.type}: {error.detail}"
            raise ArgumentError(error.code, detail) from None

    call = _caller(func, signature, encode)
    call.__qualname__ = name or "function"  # for messages of the interpreter
    type_ = signature.type
    if ValType.EXTERNREF in type_.params or ValType.EXTERNREF in type_.results:
        return passing(call)
    return call


def _caller(func: Any, signature: Signature, encode: _Encode) -> Callable[..., Any]:
    """The closure, which never refers to itself: instances go without garbage collection."""
    results = signature.type.results
    if len(results) > 1 or (results and results[0] == ValType.V128):
        return _caller_of_many(func, signature, encode)
    make = _CALLERS[results[0] if results else None]
    params = signature.params
    pack = params.struct.pack if params.plain else lambda *args: encode(args)
    return make(func, pack, params.struct.size, encode)


if TYPE_CHECKING:
    _Pack = Callable[..., bytes]
    _Encode = Callable[[tuple[Any, ...]], bytes]


def _caller_of_none(func: Any, pack: _Pack, size: int, encode: _Encode) -> Callable[..., Any]:
    invoke = lib.we_call_void

    def call(*args: Any, timeout: float | None = None) -> Any:
        if timeout is not None:
            return with_timeout(timeout, _caller_of_none(func, pack, size, encode), *args)
        try:
            data = pack(*args)
        except _UNPACKABLE:
            data = encode(args)
        if code := invoke(func, data, size):
            raise failure(code)
        return None

    return call


def _caller_of_integer(invoke: Any, trapped: int) -> Callable[..., Callable[..., Any]]:
    last_trap = lib.we_last_trap

    def make(func: Any, pack: _Pack, size: int, encode: _Encode) -> Callable[..., Any]:
        def call(*args: Any, timeout: float | None = None) -> Any:
            if timeout is not None:
                return with_timeout(timeout, make(func, pack, size, encode), *args)
            try:
                data = pack(*args)
            except _UNPACKABLE:
                data = encode(args)
            result = invoke(func, data, size)
            if result == trapped and (code := last_trap()):
                raise failure(code)
            return result

        return call

    return make


def _caller_of_float(invoke: Any) -> Callable[..., Callable[..., Any]]:
    last_trap = lib.we_last_trap

    def make(func: Any, pack: _Pack, size: int, encode: _Encode) -> Callable[..., Any]:
        def call(*args: Any, timeout: float | None = None) -> Any:
            if timeout is not None:
                return with_timeout(timeout, make(func, pack, size, encode), *args)
            try:
                data = pack(*args)
            except _UNPACKABLE:
                data = encode(args)
            result = invoke(func, data, size)
            if result != result and (code := last_trap()):
                raise failure(code)
            return result

        return call

    return make


def _caller_of_reference(type_: ValType) -> Callable[..., Callable[..., Any]]:
    trapped = lib.WE_TRAPPED_I64 & 0xFFFF_FFFF_FFFF_FFFF
    make_word = _caller_of_integer(lib.we_call1, trapped)

    def make(func: Any, pack: _Pack, size: int, encode: _Encode) -> Callable[..., Any]:
        word = make_word(func, pack, size, encode)

        def call(*args: Any, timeout: float | None = None) -> Any:
            return decode(type_, word(*args, timeout=timeout))

        return call

    return make


_CALLERS: dict[ValType | None, Callable[..., Callable[..., Any]]] = {
    None: _caller_of_none,
    ValType.I32: _caller_of_integer(lib.we_call_i32, lib.WE_TRAPPED_I32),
    ValType.I64: _caller_of_integer(lib.we_call_i64, lib.WE_TRAPPED_I64),
    ValType.F32: _caller_of_float(lib.we_call_f32),
    ValType.F64: _caller_of_float(lib.we_call_f64),
    ValType.FUNCREF: _caller_of_reference(ValType.FUNCREF),
    ValType.EXTERNREF: _caller_of_reference(ValType.EXTERNREF),
}


def _caller_of_many(func: Any, signature: Signature, encode: _Encode) -> Callable[..., Any]:
    """For results that do not fit the kernel's short cuts: through a frame in memory."""
    size = signature.frame_size
    results = signature.results
    unpack = results.struct.unpack_from
    single = len(results.types) == 1

    def call(*args: Any, timeout: float | None = None) -> Any:
        if timeout is not None:
            return with_timeout(timeout, _caller_of_many(func, signature, encode), *args)
        frame = bytearray(size)
        data = encode(args)
        frame[: len(data)] = data
        if code := lib.we_call(func, ffi.from_buffer("uint64_t *", frame)):
            raise failure(code)
        values = unpack(frame)
        if not results.plain:
            values = results.decode(values)
        return values[0] if single else values

    return call


# --- a guest calls a Python function -----------------------------------------------------------


def _keep(kind: object, error: BaseException, traceback: TracebackType | None) -> int:
    """Keep an exception for the call that the guest was entered by, which raises it again."""
    _raised[get_ident()] = error.with_traceback(traceback)
    return _TERMINATED if isinstance(error, Exit) else _FAILED


@ffi.def_extern(error=_FAILED, onerror=_keep)  # a signal's handler may raise before the first line
def we_py_host(data: Any, from_instance: Any, frame: Any) -> int:
    """The kernel's way to a Python host function: ``data`` is the handle of its closure."""
    return _from_handle(data)(from_instance, frame)  # type: ignore[no-any-return]


@ffi.def_extern(error=_FAILED, onerror=_keep)
def we_py_signals() -> int:
    """The kernel's way to the handlers of signals, which run when any Python code does."""
    return 0


_from_handle = ffi.from_handle


class Later:
    """Stands for a Python function that is made when it is called first.

    Attributes:
        make: makes it.
    """

    __slots__ = ("make",)

    def __init__(self, make: Callable[[], Callable[..., Any]]) -> None:
        self.make = make


def callee(
    function: Callable[..., Any] | Later,
    signature: Signature,
    name: str,
    first_argument: Callable[[Any], Any] | None,
    layout: Struct | None = None,
) -> Callable[[Any, Any], int]:
    """A closure that calls a Python function with a frame and returns 0 (a trap code would trap).

    Args:
        function: the Python function, or how to make it.
        signature: what its frames look like.
        name: what error messages call it.
        first_argument: makes an extra first argument out of the calling ``we_instance`` (NULL
            if it is not known).
        layout: reads the parameters instead of the signature's own layout.
    """
    target: Callable[..., Any]
    if isinstance(function, Later):
        make = function.make

        def first_call(*args: Any) -> Any:
            nonlocal target
            target = make()
            return target(*args)

        target = first_call
    else:
        target = function
    params, results = signature.params, signature.results
    unpack = (layout or params.struct).unpack_from
    pack_into = results.struct.pack_into
    size = signature.frame_size
    buffer = ffi.buffer
    arity = len(results.types)
    plain_params = params.plain or layout is not None
    simple = results.plain and arity == 1

    def store(area: Any, value: Any, from_instance: Any) -> None:
        """Write results that ``struct`` alone cannot write."""
        if arity == 1:
            values: Any = (value,)
        elif arity == 0:
            if value is None:
                return
            values = (value,)
        elif isinstance(value, (tuple, list)):
            values = value
        else:
            values = (value,)
        kept = keeper(from_instance)
        try:
            data = results.encode(values, kept, "result")
        except ArgumentError as error:
            detail = f"host function {name}{signature.type}: {error.detail}"
            raise ArgumentError(error.code, detail) from None
        area[: len(data)] = data

    own_kept: dict[int, object] = {}

    def keeper(from_instance: Any) -> dict[int, object]:
        """Where functions are kept that the guest may store somewhere."""
        if from_instance:
            core = object_at(address(from_instance.self))
            return core.kept  # type: ignore[no-any-return]
        return own_kept

    def plain(from_instance: Any, frame: Any) -> int:
        area = buffer(frame, size)
        value = target(*unpack(area))
        if simple:
            try:
                pack_into(area, 0, value)
            except _UNPACKABLE:
                store(area, value, from_instance)
        elif arity or value is not None:
            store(area, value, from_instance)
        return 0

    def general(from_instance: Any, frame: Any) -> int:
        area = buffer(frame, size)
        args = unpack(area)
        if not plain_params:
            args = params.decode(args)
        if first_argument is None:
            value = target(*args)
        else:
            value = target(first_argument(from_instance), *args)
        if simple:
            try:
                pack_into(area, 0, value)
            except _UNPACKABLE:
                store(area, value, from_instance)
        elif arity or value is not None:
            store(area, value, from_instance)
        return 0

    return plain if plain_params and first_argument is None else general
