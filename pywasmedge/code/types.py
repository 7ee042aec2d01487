"""Function types in this process: their numbers, and the adapters that connect hosts and guests.

Everything here may be called from any thread.
"""

from __future__ import annotations

import threading

from ..base.errors import ErrCode
from ..base.forking import fork_safe
from ..base.record import dataclass
from ..base.types import FunctionType, ValType
from ..kernel.native import ffi, lib, pointer
from .failures import attempt, keep
from .pieces import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_types_lock = fork_safe(threading.RLock())
_ids: dict[FunctionType, int] = {}
_types: dict[int, FunctionType] = {}


def type_id(type_: FunctionType) -> int:
    """The process-wide number of a function type: equal types, equal numbers; never 0.

    Raises:
        MemoryError: there are more than eight million types.
    """
    known = _ids.get(type_)
    if known is not None:
        return known
    with _types_lock:
        known = _ids.get(type_)
        if known is None:
            params, results = type_.params, type_.results
            found = lib.we_type_intern(bytes(params), len(params), bytes(results), len(results))
            if not found:
                raise MemoryError("too many function types")
            known = int(found.id)
            _types[known] = type_
            _ids[type_] = known
    return known


def type_of(number: int) -> FunctionType:
    """The function type with a process-wide number.

    Raises:
        ValueError: one of its value types does not exist (a host can make such types).
    """
    known = _types.get(number)
    if known is None:
        c = lib.we_type_get(number)
        params = ffi.buffer(c.params, c.param_count)[:]
        results = ffi.buffer(c.results, c.result_count)[:]
        known = FunctionType(tuple(map(ValType, params)), tuple(map(ValType, results)))
        type_id(known)
    return known


@dataclass(frozen=True, slots=True)
class Adapters:
    """Addresses of the code that connects frame entries and native entries of a type."""

    frame_entry: int
    """``void (we_func *, uint64_t *frame)``, for guest functions."""
    native_host_entry: int
    """Native entry of host functions."""


_adapters_lock = fork_safe(threading.RLock())
_adapters: dict[FunctionType, Adapters] = {}


def adapters(type_: FunctionType) -> Adapters:
    """The adapters of a type, made if necessary."""
    if type_ not in _adapters:
        prepare([type_])
    return _adapters[type_]


def prepare(types: Sequence[FunctionType]) -> None:
    """Make the adapters of these types that do not exist yet, in one go."""
    with _adapters_lock:
        missing = [t for t in dict.fromkeys(types) if t not in _adapters]
        if not missing:
            return
        from ..compiler.adapters import adapter_code

        loaded = load(adapter_code(missing))
        for i, type_ in enumerate(missing):
            pair = Adapters(
                loaded.start + loaded.entries[f"f2n_{i}"],
                loaded.start + loaded.entries[f"n2f_{i}"],
            )
            lib.we_type_set_adapters(
                type_id(type_),
                pointer(pair.frame_entry),
                pointer(pair.native_host_entry),
            )
            _adapters[type_] = pair


@ffi.def_extern(error=int(ErrCode.RUNTIME_ERROR), onerror=keep)
def we_py_adapt(number: int) -> int:
    """The kernel needs the adapters of type ``number``."""
    return attempt(lambda: prepare([type_of(number)]))
