"""The instructions of the threads proposal (prefix 0xFE).

The columns are those of ``row``; the lowerings are in `x`. Loads, stores and
read-modify-write operations come in the same seven widths each.
"""

from __future__ import annotations

from ..base.config import Proposal
from .row import Row, Use, row, use

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTHS = (
    ("i32", 32, 2),
    ("i64", 64, 3),
    ("i32", 8, 0),
    ("i32", 16, 1),
    ("i64", 8, 0),
    ("i64", 16, 1),
    ("i64", 32, 2),
)
"""Value type, bits in memory and log2 of the bytes of consecutive opcodes."""


def _row(code: int, mnemonic: str, immediates: str, type_: str, lowering: Use) -> Row:
    """A row behind the prefix byte 0xFE."""
    return row(0xFE, code, mnemonic, immediates, type_, lowering, Proposal.THREADS)


def _accesses(first: int, name: str, type_: str, lowering: str, *args: str) -> Iterator[Row]:
    """One operation in all widths; ``{t}`` is the value type.

    ``{n}`` in the name is the width, if it is less than that of the type, and then ``{u}`` is the
    ending of an operation that zero-extends what it read.
    """
    for code, (value, bits, align) in enumerate(WIDTHS, first):
        partial = bits != int(value[1:])
        mnemonic = name.format(t=value, n=bits if partial else "", u="_u" if partial else "")
        signature = type_.format(t=value)
        fixed = (*args, f"i{bits}", value)
        yield _row(code, mnemonic, f"memarg_exact:{align}", signature, use(lowering, *fixed))


# fmt: off
ATOMIC: tuple[Row, ...] = (
    # code, mnemonic,             immediates,       type,                 lowering
    _row(0x00, "memory.atomic.notify", "memarg_exact:2", "i32 i32 -> i32",     use("atomic_notify")),
    _row(0x01, "memory.atomic.wait32", "memarg_exact:2", "i32 i32 i64 -> i32", use("atomic_wait", "i32")),
    _row(0x02, "memory.atomic.wait64", "memarg_exact:3", "i32 i64 i64 -> i32", use("atomic_wait", "i64")),
    _row(0x03, "atomic.fence",         "zero",           "->",                 use("atomic_fence")),
    # first code, name,                       type,                  lowering
    *_accesses(0x10, "{t}.atomic.load{n}{u}",           "i32 -> {t}",         "atomic_load"),
    *_accesses(0x17, "{t}.atomic.store{n}",             "i32 {t} ->",         "atomic_store"),
    *_accesses(0x1E, "{t}.atomic.rmw{n}.add{u}",        "i32 {t} -> {t}",     "atomic_rmw", "add"),
    *_accesses(0x25, "{t}.atomic.rmw{n}.sub{u}",        "i32 {t} -> {t}",     "atomic_rmw", "sub"),
    *_accesses(0x2C, "{t}.atomic.rmw{n}.and{u}",        "i32 {t} -> {t}",     "atomic_rmw", "and"),
    *_accesses(0x33, "{t}.atomic.rmw{n}.or{u}",         "i32 {t} -> {t}",     "atomic_rmw", "or"),
    *_accesses(0x3A, "{t}.atomic.rmw{n}.xor{u}",        "i32 {t} -> {t}",     "atomic_rmw", "xor"),
    *_accesses(0x41, "{t}.atomic.rmw{n}.xchg{u}",       "i32 {t} -> {t}",     "atomic_rmw", "xchg"),
    *_accesses(0x48, "{t}.atomic.rmw{n}.cmpxchg{u}",    "i32 {t} {t} -> {t}", "atomic_cmpxchg"),
)
# fmt: on
