"""Machine code of the x86-64 that is not an instruction of WebAssembly: moves, calls, frames.

What quick code consists of besides stencils. Register numbers are the processor's; ``S`` and ``X``
hold operands, ``PINS`` locals; ``rax``, ``rcx``, ``rdx``, ``xmm0`` and ``xmm7`` are free between
instructions, and so are ``r10`` and ``r11`` where they do not hold the meter (``metering``):
stencils leave these alone but for calls.

The frame of a function: ``rbp`` points to the caller's ``rbp``; below it lie the saved registers,
then the slots (8 bytes each, number 0 highest). The convention of calls is LLVM's ``tailcc`` as
``src/instance.h`` states it: the context in ``rdi``, then as in C, except that the callee takes the
arguments off the stack; the stack is aligned to 8 bytes.
"""

from __future__ import annotations

from collections import namedtuple
from functools import cache, lru_cache
from struct import Struct, pack

from ...base.types import ValType
from ..abi import has_result_pointer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...base.types import FunctionType

RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 = range(16)

S = (RSI, RDI, R8, R9)
"""Registers of whole-number operands."""
X = (1, 2, 3, 4)
"""``xmm`` registers of other operands."""
PINS = (RBX, R14, R15)
"""Registers that can hold locals; calls keep them."""
VECTOR_PINS = (5, 6)
"""``xmm`` registers that can hold locals; calls do not keep them."""
CONTEXT, BASE = R13, R12
_SAVED = {R13: -8, R12: -16, RBX: -24, R14: -32, R15: -40}
FIRST_SLOT = -48
"""Place of slot 0, from ``rbp``."""
INTEGER_ARGUMENTS = (RDI, RSI, RDX, RCX, R8, R9)
FLOAT_ARGUMENTS = 8
_PAGE = 4096

WORD = int(ValType.I64)
"""A type for addresses."""
_I32 = int(ValType.I32)
_I64 = int(ValType.I64)
_F32 = int(ValType.F32)
_F64 = int(ValType.F64)
_V128 = int(ValType.V128)
WHOLE = frozenset(int(t) for t in (ValType.I32, ValType.I64, ValType.FUNCREF, ValType.EXTERNREF))
"""Types that live in general registers."""
_PREFIX = {_F32: b"\xf3", _F64: b"\xf2", _V128: b""}


# ---- Single instructions -------------------------------------------------------------------------


def _rex(wide: bool, reg: int, rm: int) -> bytes:
    rex = wide << 3 | (reg >> 3) << 2 | rm >> 3
    return bytes((0x40 | rex,)) if rex else b""


def _operand(reg: int, base: int, disp: int) -> bytes:
    """The ModRM byte and what follows, for a memory operand ``[base + disp]``."""
    low = (reg & 7) << 3 | base & 7
    sib = b"\x24" if base & 7 == RSP else b""
    if -128 <= disp < 128:
        return bytes((0x40 | low,)) + sib + pack("b", disp)
    return bytes((0x80 | low,)) + sib + pack("<i", disp)


def _rm(opcode: bytes, wide: bool, reg: int, base: int, disp: int) -> bytes:
    return _rex(wide, reg, base) + opcode + _operand(reg, base, disp)


def _rr(opcode: bytes, wide: bool, reg: int, rm: int) -> bytes:
    return _rex(wide, reg, rm) + opcode + bytes((0xC0 | (reg & 7) << 3 | rm & 7,))


@lru_cache(4096)
def load(type_: int, reg: int, base: int, disp: int) -> bytes:
    """``reg`` = the value of ``type_`` at ``[base + disp]``; the upper half of an i32 is zero."""
    if type_ in WHOLE:
        return _rm(b"\x8b", type_ != _I32, reg, base, disp)
    return _PREFIX[type_] + _rm(b"\x0f\x10", False, reg, base, disp)


@lru_cache(4096)
def store(type_: int, reg: int, base: int, disp: int) -> bytes:
    """The value of ``type_`` at ``[base + disp]`` = ``reg``; of an i32, only its four bytes."""
    if type_ in WHOLE:
        return _rm(b"\x89", type_ != _I32, reg, base, disp)
    return _PREFIX[type_] + _rm(b"\x0f\x11", False, reg, base, disp)


@lru_cache(1024)
def move(type_: int, to: int, source: int) -> bytes:
    """``to`` = ``source``, both registers for values of ``type_``."""
    if type_ in WHOLE:
        return _rr(b"\x89", type_ != _I32, source, to)
    return b"" if to == source else _rr(b"\x0f\x28", False, to, source)


_ZERO = tuple(_rr(b"\x31", False, reg, reg) for reg in range(16))
_NUMBER = tuple(_rex(False, 0, reg) + bytes((0xB8 | reg & 7,)) for reg in range(16))
_UNSIGNED = Struct("<I")


def number(reg: int, value: int) -> bytes:
    """``reg`` = the 64-bit number ``value`` (-2^63 to 2^64 - 1)."""
    if value == 0:
        return _ZERO[reg]
    if 0 < value < 1 << 32:
        return _NUMBER[reg] + _UNSIGNED.pack(value)
    if -(1 << 31) <= value < 0:
        return _rex(True, 0, reg) + bytes((0xC7, 0xC0 | reg & 7)) + pack("<i", value)
    wide = pack("<Q", value & 0xFFFF_FFFF_FFFF_FFFF)
    return _rex(True, 0, reg) + bytes((0xB8 | reg & 7,)) + wide


def constant(type_: int, reg: int, value: int) -> bytes:
    """``reg`` = the value of ``type_`` whose bits are ``value``."""
    if type_ == _I32 and value:
        return _NUMBER[reg] + _UNSIGNED.pack(value & 0xFFFF_FFFF)
    if type_ in WHOLE:
        return number(reg, value)
    if value == 0:
        return _rr(b"\x0f\x57", False, reg, reg)
    if type_ == _V128:
        raise ValueError("a vector constant goes through the frame")
    return number(RAX, value) + b"\x66" + _rr(b"\x0f\x6e", type_ == _F64, reg, RAX)


def load_near(reg: int) -> bytes:
    """``reg``, an ``xmm`` register, = 16 aligned bytes at the distance that is filled in."""
    return _rex(False, reg, 0) + bytes((0x0F, 0x28, 0x05 | (reg & 7) << 3)) + bytes(4)


def pick_bytes(reg: int) -> bytes:
    """Let the 16 aligned bytes at the distance that is filled in choose from those of ``reg``.

    A number from 0 to 15 takes that byte, 0x80 gives 0.
    """
    rex = _rex(False, reg, 0)
    return b"\x66" + rex + b"\x0f\x38\x00" + bytes((0x05 | (reg & 7) << 3,)) + bytes(4)


def or_bits(to: int, source: int) -> bytes:
    """``to`` |= ``source``, both ``xmm`` registers."""
    return _rr(b"\x0f\x56", False, to, source)


@lru_cache(4096)
def store_constant(type_: int, base: int, disp: int, value: int) -> bytes:
    """The value of ``type_`` at ``[base + disp]`` = the bits ``value``; may use ``rax``."""
    if type_ == _V128:
        low, high = value & 0xFFFF_FFFF_FFFF_FFFF, value >> 64
        return store_constant(_I64, base, disp, low) + store_constant(_I64, base, disp + 8, high)
    wide = type_ not in (_I32, _F32)
    if not wide or -(1 << 31) <= value < 1 << 31:
        value &= 0xFFFF_FFFF
        return _rm(b"\xc7", wide, 0, base, disp) + pack("<I", value)
    return number(RAX, value) + _rm(b"\x89", True, RAX, base, disp)


def trap(code: int) -> bytes:
    """Trap with an error code from 0x80 on (what LLVM makes of ``llvm.ubsantrap``)."""
    return bytes((0x67, 0x0F, 0xB9, 0x40, code - 0x80))


def address(reg: int, base: int, disp: int) -> bytes:
    """``reg`` = ``base + disp``."""
    return _rm(b"\x8d", True, reg, base, disp)


@lru_cache(1024)
def call_at(base: int, disp: int) -> bytes:
    """Call the address at ``[base + disp]``."""
    return _rm(b"\xff", False, 2, base, disp)


def call(reg: int) -> bytes:
    """Call the address in ``reg``."""
    return _rr(b"\xff", False, 2, reg)


CALL_SLOT = b"\xff\x15\0\0\0\0"
"""Call the address in an eight-byte slot; the last four bytes are its distance from the end."""


def distance(end: int, target: int) -> bytes:
    """What the last four bytes of an instruction that ends at ``end`` are, to mean ``target``."""
    return pack("<i", target - end)


JUMP = b"\xe9\0\0\0\0"
"""A jump; its last four bytes are the distance from its end."""
JUMP_TO_RAX = b"\xff\xe0"
JUMP_TO_R11 = b"\x41\xff\xe3"


def table_jump(index: int, count: int) -> bytes:
    """Jump by the number in register ``index`` through the table that follows directly.

    The table has ``count`` + 1 four-byte distances from its own start; the last serves all larger
    numbers.
    """
    code = number(RAX, count) if count else b"\x31\xc0"
    code += _rr(b"\x39", False, RAX, index)  # cmp index, eax
    code += _rr(b"\x0f\x42", False, RAX, index)  # cmovb eax, index
    tail = b"\x48\x63\x04\x81"  # movsxd rax, [rcx + 4 * rax]
    tail += b"\x48\x01\xc8" + JUMP_TO_RAX  # add rax, rcx; jmp rax
    return code + b"\x48\x8d\x0d" + pack("<i", len(tail)) + tail  # lea rcx, [rip + ...]


def count_down(base: int, disp: int) -> bytes:
    """Subtract 1 from the four bytes at ``[base + disp]`` and jump if they were 0.

    The last four bytes are the distance to jump.
    """
    return _rm(b"\x83", False, 5, base, disp) + b"\x01\x0f\x82\0\0\0\0"


def jump_if_zero(reg: int) -> bytes:
    """Jump if ``reg`` is 0; the last four bytes are the distance."""
    return _rr(b"\x85", True, reg, reg) + b"\x0f\x84\0\0\0\0"


CALL_RAX = b"\xff\xd0"


# ---- Metering ------------------------------------------------------------------------------------


def load_import(reg: int) -> bytes:
    """``reg`` = the value of an import slot; the last four bytes are the distance to the slot."""
    return _rex(True, reg, 0) + bytes((0x8B, (reg & 7) << 3 | RBP)) + bytes(4)


def add_import(reg: int) -> bytes:
    """``reg`` += the value of an import slot; the last four bytes are the distance to the slot."""
    return _rex(True, reg, 0) + bytes((0x03, (reg & 7) << 3 | RBP)) + bytes(4)


def add_thread_pointer(reg: int) -> bytes:
    """``reg`` += the thread pointer."""
    return b"\x64" + _rex(True, reg, 0) + bytes((0x03, (reg & 7) << 3 | 4, 0x25)) + bytes(4)


def less_element(reg: int, array: int, index: int) -> bytes:
    """``reg`` -= element ``index`` of the ``array`` of 8-byte numbers.

    The last four bytes are the distance to jump if it was less.
    """
    return _less_element(reg, array) + pack("<i", 8 * index) + b"\x0f\x82\0\0\0\0"


@cache
def _less_element(reg: int, array: int) -> bytes:
    return _rm(b"\x2b", True, reg, array, 1 << 30)[:-4]


@cache
def add_number(reg: int, value: int) -> bytes:
    """``reg`` += ``value``; the last four bytes are the number."""
    return _rr(b"\x81", True, 0, reg) + pack("<i", value)


def call_with_number(value: int) -> bytes:
    """Call a routine with ``value`` in ``rdx``; the last four bytes are the distance to it."""
    return number(RDX, value) + b"\xe8\0\0\0\0"


ADD_COST = b"\x4c\x03\x1c\xd1"
"""Undo ``less_element(R11, RCX, rdx)``: ``add r11, [rcx + 8 * rdx]``."""


@cache
def call_import_keeping() -> tuple[bytes, bytes]:
    """Call what an import slot points to, with ``rdx`` as argument, which keeps general registers.

    Nothing but ``r11`` is changed then.

    Returns:
        The code up to the distance to the slot, and the code that follows.
    """
    size = 16 * FLOAT_ARGUMENTS
    vectors = range(FLOAT_ARGUMENTS)
    code = push(RDI) + make_room(size)
    code += b"".join(store(_V128, reg, RSP, 16 * reg) for reg in vectors)
    code += _rr(b"\x89", False, RDX, RDI) + b"\xff\x15\0\0\0\0"  # call [rip + ...]
    after = b"".join(load(_V128, reg, RSP, 16 * reg) for reg in vectors)
    return code, after + make_room(-size) + b"\x5f"  # pop rdi


TRAP = trap(0x80)[:-1]
"""What every trap begins with; the code less 0x80 follows."""


# ---- Calls ---------------------------------------------------------------------------------------


if TYPE_CHECKING:
    from typing import NamedTuple

    class Place(NamedTuple):
        """Where an argument or result is: a register, or (``reg`` is -1) on the stack."""

        type: int
        reg: int
        offset: int = 0
        """Bytes from the first stack argument."""

    class Convention(NamedTuple):
        """How functions of a type are called."""

        params: tuple[Place, ...]
        pointer: Place | None
        """Where the pointer to the results is passed, if there is one."""
        results: tuple[Place, ...]
        """Where results are, if there is no pointer."""
        stack: int
        """Bytes of arguments on the stack, which the callee takes off."""

else:
    Place = namedtuple("Place", "type reg offset", defaults=(0,))
    Convention = namedtuple("Convention", "params pointer results stack")


def convention(type_: FunctionType) -> Convention:
    """How functions of ``type_`` are called."""
    return _convention(
        tuple(map(int, type_.params)), tuple(map(int, type_.results)), has_result_pointer(type_)
    )


@cache
def _convention(params: Sequence[int], results: Sequence[int], pointer: bool) -> Convention:
    integers = list(INTEGER_ARGUMENTS[:0:-1])
    floats = list(range(FLOAT_ARGUMENTS - 1, -1, -1))
    stack = 0
    places = []
    for type_ in (*params, _I64) if pointer else params:
        free = integers if type_ in WHOLE else floats
        if free:
            places.append(Place(type_, free.pop()))
            continue
        places.append(Place(type_, -1, stack))
        stack += 16 if type_ == _V128 else 8
    where = places.pop() if pointer else None
    integers, floats = [RDX, RAX], [1, 0]
    returned = tuple(Place(t, (integers if t in WHOLE else floats).pop()) for t in results[:2])
    return Convention(tuple(places), where, () if pointer else returned, stack)


STACK_ARGUMENTS = 16
"""Place of the first stack argument, from the callee's ``rbp``."""


RETURN_WORDS = 16
"""Bytes below the stack arguments of a tail call, for the caller's ``rbp`` and return address."""
NO_ARGUMENT = 8
"""An ``xmm`` register in which no argument is passed."""


@lru_cache(1024)
def shuffle(moves: tuple[tuple[int, int, int], ...]) -> bytes:
    """Moves ``(type, to, source)`` between registers, all at once; uses ``rax`` and ``xmm8``."""
    code = b""
    pending = [m for m in moves if m[1] != m[2]]
    while pending:
        sources = {(m[0] in WHOLE, m[2]) for m in pending}
        for i, (type_, to, source) in enumerate(pending):
            if (type_ in WHOLE, to) not in sources:
                code += move(type_, to, source)
                del pending[i]
                break
        else:  # a cycle
            type_, to, source = pending[0]
            scratch = RAX if type_ in WHOLE else NO_ARGUMENT
            code += move(_I64 if type_ in WHOLE else type_, scratch, source)
            pending[0] = (type_, to, scratch)
    return code


# ---- Frames --------------------------------------------------------------------------------------


def make_room(size: int) -> bytes:
    """``rsp`` -= ``size``, which may be negative; ``rax`` and ``r11`` are used for large sizes.

    No guard page is skipped, even by two of these one after the other: what is left untouched is
    less than half a page.
    """
    if size < _PAGE // 2:
        return b"\x48\x81\xec" + pack("<i", size) if size else b""
    touch = b"\x83\x0c\x24\x00"  # or dword [rsp], 0
    if size < _PAGE:
        return b"\x48\x81\xec" + pack("<i", size) + touch
    code = address(RAX, RSP, -size)
    code += b"\x48\x81\xec" + pack("<i", _PAGE) + touch  # next: sub rsp, 4096
    code += b"\x4c\x8d\x9c\x24" + pack("<i", -_PAGE)  # lea r11, [rsp - 4096]
    code += b"\x49\x39\xc3"  # cmp r11, rax
    code += b"\x73\xe8"  # jae next
    return code + b"\x48\x89\xc4" + touch  # mov rsp, rax


@lru_cache(1024)
def prologue(size: int, pins: int) -> bytes:
    """Make a frame with ``size`` bytes of slots, keeping the first ``pins`` of ``PINS``.

    Arguments stay where they are; ``rax`` is used.
    """
    code = b"\x55\x48\x89\xe5\x41\x55\x41\x54"  # push rbp; mov rbp, rsp; push r13; push r12
    code += make_room(-FIRST_SLOT - 8 - 16 + size)
    for pin in PINS[:pins]:
        code += _rm(b"\x89", True, pin, RBP, _SAVED[pin])
    return code + move(_I64, CONTEXT, RDI)


@cache
def leave(pins: int) -> bytes:
    """Restore the caller's registers and drop the frame; results are untouched."""
    code = b"".join(_rm(b"\x8b", True, pin, RBP, _SAVED[pin]) for pin in PINS[:pins])
    code += _rm(b"\x8b", True, R12, RBP, _SAVED[R12]) + _rm(b"\x8b", True, R13, RBP, _SAVED[R13])
    return code + b"\xc9"


PLAIN_PROLOGUE = b"\x55\x48\x89\xe5"
"""``push rbp; mov rbp, rsp``: a frame that keeps no more of the caller's registers."""
PLAIN_LEAVE = b"\xc9"
"""Drop it."""


def push(reg: int) -> bytes:
    """Push ``reg``."""
    return _rex(False, 0, reg) + bytes((0x50 | reg & 7,))


def return_(stack: int) -> bytes:
    """Return, taking ``stack`` bytes of arguments off."""
    return b"\xc2" + pack("<H", stack) if stack else b"\xc3"


def replace_frame(own: int, size: int, pins: int) -> bytes:
    """Leave the frame and jump to the address in ``r11``.

    Args:
        own: bytes of the function's own stack arguments.
        size: bytes of those of the function jumped to; if there are any, they are at ``rsp``,
            above ``RETURN_WORDS`` bytes. They end where the own ones do.
        pins: how many of ``PINS`` were kept.
    """
    if not size and not own:
        return leave(pins) + JUMP_TO_R11
    code = b""
    if not size:
        code += make_room(RETURN_WORDS)
    for at in range(0, RETURN_WORDS, 8):
        code += load(_I64, RAX, RBP, at) + store(_I64, RAX, RSP, at)
    code += b"".join(load(_I64, reg, RBP, _SAVED[reg]) for reg in (*PINS[:pins], R12, R13))
    start = own - size
    for at in range(size + RETURN_WORDS - 8, -8, -8):  # from above: the places may overlap
        code += load(_I64, RAX, RSP, at) + store(_I64, RAX, RBP, start + at)
    code += address(RSP, RBP, start) + b"\x5d" + JUMP_TO_R11  # pop rbp
    return code


@lru_cache(1024)
def zero_slots(first: int, count: int) -> bytes:
    """Clear slots ``first`` to ``first + count - 1``.

    Uses ``rax``, ``rcx``, ``rdi`` and ``xmm0``.
    """
    if not count:
        return b""
    last = FIRST_SLOT - 8 * (first + count - 1)
    if count == 1:
        return b"\x31\xc0" + store(_I64, RAX, RBP, last)
    if count <= 32:
        code = b"\x0f\x57\xc0"  # xorps xmm0, xmm0
        for at in range(last, last + 8 * count - 8, 16):
            code += store(_V128, 0, RBP, at)
        return code + store(_F64, 0, RBP, last + 8 * count - 8) if count & 1 else code
    code = b"\x31\xc0"
    code += address(RDI, RBP, last)
    return code + number(RCX, count) + b"\xf3\x48\xab"  # rep stosq


# ---- Call frame information ----------------------------------------------------------------------

_CIE = (
    bytes((20, 0, 0, 0, 0, 0, 0, 0, 1))
    + b"zR\0"
    + bytes((1, 0x78, 16, 1, 0x1B, 0x0C, 7, 8, 0x80 | 16, 1, 0, 0))
)
_FDE = bytes((0x41, 0x0E, 16, 0x80 | 6, 2, 0x43, 0x0D, 6, 0x80 | 13, 3, 0x80 | 12, 4))
"""One byte on the frame is one word larger, three bytes later it is measured from ``rbp``."""
PLAIN_FRAME = bytes((0x41, 0x0E, 16, 0x80 | 6, 2, 0x43, 0x0D, 6))


def unwind(ranges: Sequence[tuple[int, int]], at: int, frame: bytes = _FDE) -> bytes:
    """Call frame information (``.eh_frame``), to be put at ``at``, for functions at ``ranges``.

    ``frame`` are the instructions for the frame all of them have.
    """
    tail = b"\0" + frame
    tail += bytes(-len(tail) % 4)
    out = _CIE
    for start, end in ranges:
        place = at + len(out) + 8
        out += pack("<IIiI", 12 + len(tail), len(out) + 4, start - place, end - start) + tail
    return out + bytes(4)
