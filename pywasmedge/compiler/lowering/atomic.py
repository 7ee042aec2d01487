"""Lowerings of atomic memory instructions (threads proposal, section "Atomic Memory Accesses").

All are sequentially consistent. Traps: an address that is no multiple of the width (0x8F), out of
bounds (0x88). ``width`` is the LLVM type in memory, ``type_`` that of the operands.
"""

from __future__ import annotations

from ...base.errors import ErrCode
from ..emitter import MEMORY_TBAA
from .floating import is_constant
from .registry import lowering

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...walk.immediates import Memarg
    from ..emitter import EmitterBase as Emitter

SIZE = {"i8": 1, "i16": 2, "i32": 4, "i64": 8}
"""Bytes of each width."""


def _aligned(e: Emitter, width: str, memarg: Memarg, address: str) -> str:
    """Pointer to a value of ``width`` at ``address`` plus offset, which must be aligned."""
    size = SIZE[width]
    misalignment = memarg.offset % size
    if is_constant(address):
        if (int(address) + misalignment) % size:
            e.trap_if("true", ErrCode.UNALIGNED_ATOMIC_ACCESS)
    elif size > 1:
        start = e.emit(f"add i32 {address}, {misalignment}") if misalignment else address
        rest = e.emit(f"and i32 {start}, {size - 1}")
        unaligned = e.emit(f"icmp ne i32 {rest}, 0")
        e.trap_if(unaligned, ErrCode.UNALIGNED_ATOMIC_ACCESS)
    return e.address(memarg, address, size)


def _narrow(e: Emitter, width: str, type_: str, value: str) -> str:
    return value if width == type_ else e.emit(f"trunc {type_} {value} to {width}")


def _extend(e: Emitter, width: str, type_: str, value: str) -> str:
    return value if width == type_ else e.emit(f"zext {width} {value} to {type_}")


@lowering
def atomic_load(e: Emitter, width: str, type_: str, memarg: Memarg, address: str) -> str:
    """Load and zero-extend."""
    pointer = _aligned(e, width, memarg, address)
    value = e.emit(f"load atomic {width}, ptr {pointer} seq_cst, align {SIZE[width]}{MEMORY_TBAA}")
    return _extend(e, width, type_, value)


@lowering
def atomic_store(
    e: Emitter, width: str, type_: str, memarg: Memarg, address: str, value: str
) -> None:
    """Store the low bits."""
    pointer = _aligned(e, width, memarg, address)
    narrow = _narrow(e, width, type_, value)
    e.void(
        f"store atomic {width} {narrow}, ptr {pointer} seq_cst, align {SIZE[width]}{MEMORY_TBAA}"
    )


@lowering
def atomic_rmw(
    e: Emitter, op: str, width: str, type_: str, memarg: Memarg, address: str, value: str
) -> str:
    """Combine memory with ``value`` by LLVM's ``atomicrmw`` operation ``op``; the old value."""
    pointer = _aligned(e, width, memarg, address)
    narrow = _narrow(e, width, type_, value)
    align = SIZE[width]
    old = e.emit(
        f"atomicrmw {op} ptr {pointer}, {width} {narrow} seq_cst, align {align}{MEMORY_TBAA}"
    )
    return _extend(e, width, type_, old)


@lowering
def atomic_cmpxchg(
    e: Emitter,
    width: str,
    type_: str,
    memarg: Memarg,
    address: str,
    expected: str,
    replacement: str,
) -> str:
    """Store ``replacement`` if memory holds the low bits of ``expected``; the old value."""
    pointer = _aligned(e, width, memarg, address)
    wanted = _narrow(e, width, type_, expected)
    value = _narrow(e, width, type_, replacement)
    pair = e.emit(
        f"cmpxchg ptr {pointer}, {width} {wanted}, {width} {value} seq_cst seq_cst, "
        f"align {SIZE[width]}{MEMORY_TBAA}"
    )
    return _extend(e, width, type_, e.emit(f"extractvalue {{ {width}, i1 }} {pair}, 0"))


@lowering
def atomic_fence(e: Emitter, zero: int) -> None:
    """Order all atomic accesses."""
    e.void("fence seq_cst")


def _effective(e: Emitter, memarg: Memarg, address: str) -> str:
    """Address plus offset as an i64."""
    wide = e.emit(f"zext i32 {address} to i64")
    return e.emit(f"add nuw i64 {wide}, {memarg.offset}") if memarg.offset else wide


@lowering
def atomic_notify(e: Emitter, memarg: Memarg, address: str, count: str) -> str:
    """Wake up to ``count`` waiters; how many were woken."""
    place = f"i32 {memarg.memory}, i64 {_effective(e, memarg, address)}"
    return str(e.call_helper("atomic_notify", f"{place}, i32 {count}", "i32"))


@lowering
def atomic_wait(
    e: Emitter, type_: str, memarg: Memarg, address: str, expected: str, timeout: str
) -> str:
    """Wait while memory holds ``expected``, at most ``timeout`` ns if that is not negative.

    The result is 0 (woken), 1 (another value), 2 (timed out). Traps: memory not shared (0x90).
    """
    place = f"i32 {memarg.memory}, i64 {_effective(e, memarg, address)}"
    arguments = f"{place}, {type_} {expected}, i64 {timeout}"
    return str(e.call_helper(f"atomic_wait{type_[1:]}", arguments, "i32"))
