"""First calls without Python: what the emitter in C (``src/quick.c``) is told of a module.

The emitter makes the same bytes as ``compiler.baseline``. What it makes stays in its own registry,
from which :func:`made` reads.
"""

from __future__ import annotations

from array import array
from functools import cache
from os import environ

from ..base.config import Tier
from ..base.types import ValType
from ..compiler.dump import wanted
from ..kernel.native import ffi, lib
from ..module import reader
from ..module.ast import Bodies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..base.config import Configure
    from ..kernel.native import CData
    from ..module.ast import Module

SWITCH = "_PYWASMEDGE_QUICK"
"""Environment variable: ``python`` has Python make all quick code, to compare with."""
_BATCH = 256


@cache
def _tables() -> bytes | None:
    if environ.get(SWITCH) == "python":
        return None
    from ..compiler.baseline.stencil import tables

    return tables()


def attach(
    handle: CData,
    module: Module,
    configure: Configure,
    canonical: Sequence[int],
    *,
    guarded: bool,
) -> object:
    """Have the first calls of functions of a module compiled by the emitter in C.

    Args:
        handle: the ``we_module *``, whose types and functions are filled in.
        module: the module.
        configure: what it is compiled with.
        canonical: of every type the first one that equals it.
        guarded: every memory has guard pages.

    Returns:
        What must live as long as guests may run; ``None`` if Python makes all code: it counts
        instructions, is dumped, or the processor has no stencils.

    Raises:
        MemoryError: no memory is left.
    """
    bodies = module.bodies
    if configure.instruction_counting or configure.cost_measuring or not isinstance(bodies, Bodies):
        return None
    tables = _tables()
    if tables is None or wanted() is not None:
        return None
    vector = ValType.V128
    same = module.proposals == configure.proposals and len(module.checked) == len(module.bodies)
    keep = [
        tables,
        module.data,
        bodies.marks,
        array("I", canonical),
        bytes([int(g.type) | 0x80 * g.mutable for g in module.global_types]),
        bytes([int(t.element) for t in module.table_types]),
        bytes([int(e.type) for e in module.elements]),
    ]
    if same:
        keep.append(module.checked)
    views = [ffi.from_buffer(part) for part in keep]
    source = ffi.new("we_quick_source *")
    names = "tables data marks canonical globals table_types element_types checked"
    for name, view in zip(names.split(), views, strict=False):
        setattr(source, name, ffi.cast(ffi.typeof(getattr(source, name)), view))
    for value in reader.value_types(configure.proposals):
        source.value_types[value // 64] |= 1 << value % 64
    source.proposals = sum(1 << int(p) for p in configure.proposals)
    source.imported_globals = module.imported_globals
    source.global_count = len(module.global_types)
    source.memory_count = len(module.memory_types)
    source.table_count = len(module.table_types)
    source.element_count = len(module.elements)
    source.data_count = module.data_count or 0
    source.guarded = guarded
    source.counting = configure.tier == Tier.AUTO
    source.vectors = any(g.type == vector for g in module.global_types) or any(
        vector in t.params or vector in t.results for t in module.types
    )
    if not lib.we_module_set_quick(handle, source):
        raise MemoryError
    return views


def made(handle: CData, first: int) -> Iterator[tuple[int, int, int, int]]:
    """The functions compiled since there were ``first``.

    Yields:
        Index without imports, address, bytes of code, bytes with call frame information.
    """
    words = ffi.new("uint64_t[]", 4 * _BATCH)
    while count := lib.we_quick_made(handle, first, words, _BATCH):
        for i in range(0, 4 * count, 4):
            yield words[i], words[i + 1], words[i + 2], words[i + 3]
        first += count


def emitted(handle: CData, index: int) -> bytes | None:
    """What the emitter makes of a defined function; ``None`` if that is Python's."""
    room = 1 << 16
    while True:
        buffer = ffi.new("uint8_t[]", room)
        size = lib.we_quick_emit(handle, index, buffer, room)
        if size <= room:
            return bytes(ffi.buffer(buffer, size)) if size >= 0 else None
        room = size
