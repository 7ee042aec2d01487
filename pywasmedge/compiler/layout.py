"""What the compiler needs of the kernel.

Offsets of the structs that generated code reads, as the C compiler laid them out, and the way in
which LLVM is called.
"""

from __future__ import annotations

from ..kernel.native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from _typeshed import ReadableBuffer


def _offsets(struct: str) -> Mapping[str, int]:
    return {name: field.offset for name, field in ffi.typeof(struct).fields}


def _number(name: str) -> int:
    return int(getattr(lib, name))


def _size(struct: str) -> int:
    return int(ffi.sizeof(struct))


INSTANCE = _offsets("we_instance")
FUNC = _offsets("we_func")
MEMORY = _offsets("we_memory")
TABLE = _offsets("we_table")
IMPORT = _offsets("we_import")
METER = _offsets("we_meter")
RUNTIME = _offsets("we_runtime")
IMPORT_SIZE = _size("we_import")
GLOBAL_SIZE = _size("we_global")
LOOP_COUNTERS = _number("WE_LOOP_COUNTERS")


def llvm_caller() -> int:
    """Address of ``we_llvm_call``, through which every function of LLVM is called."""
    return int(ffi.cast("uintptr_t", ffi.addressof(lib, "we_llvm_call")))


def load_llvm(path: str) -> None:
    """Load LLVM's library in such a way that the end of the process does not destroy it in use.

    Raises:
        RuntimeError: the process ends.
    """
    from os import fsencode

    if not lib.we_llvm_load(fsencode(path)):
        raise RuntimeError("the process ends")


def llvm_is_lost() -> bool:
    """Whether this process was forked while LLVM was at work, which is of no use here then."""
    return bool(lib.we_llvm_lost())


def checksum(data: ReadableBuffer) -> bytes:
    """16 bytes that change when the data are damaged; fast, no protection against intent."""
    with memoryview(data) as view:
        words = ffi.new("uint64_t[2]")
        lib.we_checksum(ffi.from_buffer(view), view.nbytes, words)
        return bytes(ffi.buffer(words))


def verify_code(fd: int, offset: int, size: int, checksum: bytes) -> bool:
    """Whether bytes of a file have a :func:`checksum`."""
    return bool(lib.we_code_verify(fd, offset, size, ffi.from_buffer("uint64_t[]", checksum)))


def processor() -> int:
    """What this processor can do, as bits; see ``we_processor``."""
    words = ffi.new("uint32_t[8]")
    lib.we_processor(words)
    return int.from_bytes(ffi.buffer(words), "little")


GENERIC_PROCESSOR = 1 << 0 | 1 << 9 | 1 << 13 | 1 << 19 | 1 << 20 | 1 << 23 | 1 << 160
"""What code for ``codegen.GENERIC_CPU`` needs, in bits of ``processor()``.

SSE3, SSSE3, CMPXCHG16B, SSE4.1, SSE4.2, POPCNT, SAHF.
"""
