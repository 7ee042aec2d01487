"""What is written in C against Python's own interface (``src/pybuffer.c``).

They are a second module inside the shared object of the cffi module.
"""

from __future__ import annotations

from importlib.machinery import ExtensionFileLoader, ModuleSpec

from .native import address, ffi, lib, shared_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    class Owned:
        """Calls the C function ``release`` with ``address`` when its last reference goes.

        ``keep`` is let go after that. Not part of cyclic garbage collection, so it outlives all
        finalisers; hence ``keep`` must not lead back to Python objects that own it.
        """

        def __init__(self, address: int, release: int, keep: object = None) -> None: ...

    class Buffer:
        """The bytes of the ``we_memory`` at ``address`` as a buffer; keeps ``owner`` alive."""

        def __new__(cls, address: int, owner: object) -> Any: ...
        def __buffer__(self, flags: int, /) -> memoryview: ...

    def object_at(address: int) -> Any:
        """The object with this ``id()``; it must be alive."""

    def sweep(
        objects: dict[int, Any], holders: set[Any], busy: list[None]
    ) -> dict[int, Any] | None:
        """Take the entries out of ``objects`` whose words nothing holds, and return them.

        Args:
            objects: Python objects by word.
            holders: weak references to everything with an ``externrefs`` attribute: pairs of
                what holds words (0 global, 1 table, 2 element segment) and its address.
            busy: not empty if somebody handles a word that is not in ``objects`` yet or any more.

        Returns:
            ``None``, and nothing has happened, while a guest runs or ``busy`` is not empty.
        """

else:
    _loader = ExtensionFileLoader("pywasmedge._objects", shared_object)
    _module = _loader.create_module(ModuleSpec(_loader.name, _loader, origin=shared_object))
    _loader.exec_module(_module)
    Owned = _module.Owned
    Buffer = _module.Buffer
    object_at = _module.object_at
    sweep = _module.sweep


def own(pointer: Any, release: str, keep: object = None) -> Owned:
    """An owner of a C object that the kernel function called ``release`` frees.

    Raises:
        MemoryError: ``pointer`` is NULL (the kernel is out of memory).
    """
    if not pointer:
        raise MemoryError
    function = _functions.get(release)
    if function is None:
        function = _functions[release] = address(ffi.addressof(lib, release))
    return Owned(address(pointer), function, keep)


_functions: dict[str, int] = {}
