"""The native kernel: ``ffi`` and ``lib`` of the module cffi built from ``src/``.

This is the only import of ``pywasmedge._native``. ``src/kernel.h`` documents the functions,
``src/instance.h`` the structs.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

try:
    from pywasmedge import _native
except ImportError as error:
    raise ImportError(
        "pywasmedge's native part is not built; run `python setup.py build_ext --inplace`"
        " in a source tree, or install the package"
    ) from error

if not _native.lib.we_is_bound():
    raise ImportError(
        f"{_native.__file__} does not belong to the libwasmedge_c.so that this process uses:"
        " it was built from other sources, or a second copy of the library is loaded"
    )

if TYPE_CHECKING:
    CData: TypeAlias = Any
    """A C object of cffi (pointer, struct or array)."""

ffi = _native.ffi
lib: Any = _native.lib
shared_object: str = _native.__file__
"""Path of ``_native``, the shared object through which Python calls the kernel."""


def address(pointer: CData) -> int:
    """The address a C pointer holds, as an int."""
    return int(ffi.cast("uintptr_t", pointer))


_VOID = ffi.typeof("void *")


def pointer(address: int) -> CData:
    """The ``void *`` that holds an address."""
    return ffi.cast(_VOID, address)
