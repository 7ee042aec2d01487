"""From C to Python and back: contexts, arguments, results.

A context that Python implements is known by its address; an address that is not known, or that
belongs to a context of another kind, is treated like NULL.

=============================  =====================================================================
C parameter                    argument
=============================  =====================================================================
context registered here        the Python object (:func:`kind` relates type names and classes)
any other pointer, string      the C value; :func:`text`, :func:`path` and :func:`strings` read them
=============================  =====================================================================

Functions whose C result is a ``WasmEdge_Result`` return ``None`` for success, or such a result;
what they raise becomes the code, and is logged. All others return what cffi converts; when they
raise, the C function returns zero.
"""

from __future__ import annotations

import os

from ..base import log
from ..base.errors import SHOWN_AS, ErrCode, Exit, WasmError, WorkflowError
from ..kernel.native import address, ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from ..kernel.native import CData

    _Function = TypeVar("_Function", bound=Callable[..., Any])

contexts: dict[int, Any] = {}
"""The Python objects behind contexts, by address."""
_kinds: dict[str, type] = {}
"""The class behind a context, by the name of its C type."""

log.source = lib.capi_log_level

_RESULTS = [ffi.new("WasmEdge_Result *", [code])[0] for code in range(256)]
_RESULT = ffi.typeof("WasmEdge_Result")


def kind(name: str, class_: type) -> None:
    """Say that ``WasmEdge_<name>`` contexts are objects of ``class_``."""
    _kinds[f"WasmEdge_{name}"] = class_


def register(name: str, value: object) -> CData:
    """A new context ``WasmEdge_<name> *`` for an object without a C struct of its own.

    It is there until :func:`forget`.
    """
    made = ffi.new_handle(value)
    contexts[address(made)] = value
    _handles[id(value)] = made
    return ffi.cast(f"WasmEdge_{name} *", made)


def forget(value: object) -> None:
    """End the context that :func:`register` gave for an object."""
    made = _handles.pop(id(value), None)
    if made is not None:
        contexts.pop(address(made), None)


_handles: dict[int, CData] = {}
"""What keeps the addresses of registered contexts taken, by ``id`` of the object."""


def log_failure(text: str) -> None:
    """Log a failing call."""
    log.error(text)


def failure(error: BaseException) -> int:
    """The code for an exception, which is logged unless it is how the guest ended itself."""
    if isinstance(error, Exit):
        return int(ErrCode.TERMINATED)
    if isinstance(error, WasmError):
        code = SHOWN_AS.get(error.code, error.code)
        log_failure(str(error))
        return int(code)
    if isinstance(error, MemoryError):
        log_failure(f"{ErrCode.RUNTIME_ERROR.phase} failed: out of memory, Code: 0x02")
    else:
        import traceback

        log_failure("".join(traceback.format_exception(error)))
    return int(ErrCode.RUNTIME_ERROR)


def export(function: _Function) -> _Function:
    """Make ``function`` the implementation of the C function of its name."""
    name = "we_py_" + function.__name__.removeprefix("WasmEdge_")
    signature = ffi.typeof(getattr(lib, name))
    classes = []
    for position, type_ in enumerate(signature.args):
        known = type_.kind == "pointer" and _kinds.get(_struct_name(type_))
        if known:
            classes.append((position, known))
    implement = _with_result if signature.result is _RESULT else _with_value
    ffi.def_extern(name=name, onerror=_report)(implement(function, classes))
    return function


def _struct_name(pointer: Any) -> str:
    return str(pointer.item.cname).removeprefix("struct ")


def _report(exception: object, value: BaseException, traceback: object) -> None:
    failure(value)


def _with_value(
    function: Callable[..., Any], classes: list[tuple[int, type]]
) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        converted = list(args)
        for position, class_ in classes:
            converted[position] = found(args[position], class_)
        value = function(*converted)
        return ffi.NULL if value is None else value

    def call_void(*args: Any) -> None:
        converted = list(args)
        for position, class_ in classes:
            converted[position] = found(args[position], class_)
        function(*converted)

    return call_void if function.__annotations__.get("return") in ("None", None) else call


def _with_result(
    function: Callable[..., Any], classes: list[tuple[int, type]]
) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        converted = list(args)
        try:
            for position, class_ in classes:
                converted[position] = object_ = found(args[position], class_)
                if object_ is None:
                    raise WorkflowError(ErrCode.WRONG_VM_WORKFLOW, "no such context")
            result = function(*converted)
            return _RESULTS[0] if result is None else result
        except BaseException as error:
            return _RESULTS[failure(error)]

    return call


def found(pointer: CData, class_: type) -> Any:
    """The object behind a context, ``None`` if there is none of that class."""
    object_ = contexts.get(address(pointer))
    return object_ if isinstance(object_, class_) else None


# --- arguments ---------------------------------------------------------------------------------


def text(string: CData) -> str:
    """A ``WasmEdge_String``; bytes that are not UTF-8 become lone surrogates, see :func:`name`."""
    return raw(string).decode("utf-8", "surrogateescape")


def raw(string: CData) -> bytes:
    """The bytes of a ``WasmEdge_String``."""
    buffer = string.Buf
    return ffi.buffer(buffer, string.Length)[:] if buffer else b""


def name(string: str) -> bytes:
    """The bytes that :func:`text` was made from."""
    return string.encode("utf-8", "surrogateescape")


def path(pointer: CData) -> str:
    """A path.

    Raises:
        LoadError: 0x20, it is NULL.
    """
    if not pointer:
        from ..base.errors import LoadError

        raise LoadError(ErrCode.ILLEGAL_PATH, "no path")
    return os.fsdecode(ffi.string(pointer))


def data(pointer: CData, length: int) -> bytes:
    """A copy of bytes; empty for NULL."""
    return ffi.buffer(pointer, length)[:] if pointer else b""


def strings(array: CData, length: int) -> list[str]:
    """An array of C strings; empty for NULL."""
    if not array:
        return []
    return [os.fsdecode(ffi.string(array[i])) for i in range(length) if array[i]]
