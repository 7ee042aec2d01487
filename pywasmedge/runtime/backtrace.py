"""What was on the stack when a guest trapped.

The kernel keeps a copy of the innermost part of the stack. Frames are found in it with the call
frame information the compiler wrote next to the code (DWARF 5 section 6.4, in the form of
``.eh_frame``), so calls pay nothing for it.
"""

from __future__ import annotations

import struct

from ..base.errors import ErrCode, Trap, WasmError
from ..base.record import dataclass
from ..code.failures import take_failure
from ..code.pieces import find
from ..kernel.native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..code.pieces import Loaded
    from ..module.ast import Module

_OF_OTHERS = (ErrCode.RUNTIME_ERROR, ErrCode.INTERRUPTED)
"""How guests end because of exceptions that have no code: see ``code/failures.py``."""

LIMIT = 256
"""Most functions a backtrace names."""

_SP, _FP = 7, 6  # DWARF numbers of rsp and rbp; the only registers a frame is measured from
_PC_RELATIVE_4 = 0x1B  # how addresses are written: signed, 4 bytes, from their own place


def trap(code: int) -> BaseException:
    """The exception for a call of this thread that ended with trap ``code``.

    It is a :class:`Trap` with the guest functions that were on the stack, unless compiling a
    function at its first call failed: then it is what went wrong there, such as a
    ValidationError.
    """
    try:
        kind = ErrCode(code)
    except ValueError:
        return Trap(ErrCode.EXECUTION_FAILED, f"host function returned {code:#x}")
    record = lib.we_trap_latest()
    exhausted = record and record.stack_overflow
    if kind < ErrCode.MODULE_NAME_CONFLICT and not exhausted:
        error = take_failure()
        fits = error.code == kind if isinstance(error, WasmError) else kind in _OF_OTHERS
        if error is not None and fits:
            return error
    if not record or record.code != code:
        return Trap(kind)
    detail = "call stack exhausted" if exhausted else ""
    return Trap(kind, detail, backtrace=backtrace())


def backtrace() -> list[str]:
    """Display names of the guest functions on the stack at this thread's latest trap.

    A function without a name in the name section is called by its first export.
    """
    from ..module.names import exported_functions, read_names

    names: dict[int, dict[int, str]] = {}  # by the id of the module, which its code keeps
    lines = []
    for module, index in frames():
        if id(module) not in names:
            given = {key: text for key, text in read_names(module).functions.items() if text}
            names[id(module)] = {**exported_functions(module), **given}
        lines.append(names[id(module)].get(index) or f"func[{index}]")
    return lines


def frames() -> Iterator[tuple[Module, int]]:
    """The guest functions on the stack at this thread's latest trap, innermost first.

    Yields:
        The module and the function's index in its index space (imports first).
    """
    record = lib.we_trap_latest()
    if not record:
        return
    stack = bytes(ffi.buffer(record.stack, record.stack_size))
    low, sp, fp, pc = record.stack_start, record.sp, record.fp, record.pc
    returned = bool(record.in_helper)
    inner = ""
    count = 0
    while count < LIMIT:
        piece = find(pc)
        if piece is None:
            return
        rule = _table(piece).rule(pc - returned - piece.start)
        if rule is None:
            return
        if not returned and _is_left(pc):
            rule = _Rule(rule.name, _SP, 8, 0)
        name = rule.name
        index = name[1:].partition(".")[0]  # LLVM calls copies "g1.specialized.1"
        # A call may have two frames: metered code "g1" and its native entry "f1", "o1.<loop>" and
        # the quick code "f1" from which it took over in a loop.
        has_two = name[:1] in ("g", "o")
        if piece.module is not None and (has_two or (name[:1] == "f" and index != inner)):
            yield piece.module, piece.module.imported_funcs + int(index)
            count += 1
        inner = index if has_two else ""
        cfa = (sp if rule.register == _SP else fp) + rule.offset
        at = cfa - 8 - low
        if not 0 <= at <= len(stack) - 8:
            return
        (pc,) = struct.unpack_from("<Q", stack, at)
        saved = cfa + rule.fp_offset - low
        if rule.fp_offset and 0 <= saved <= len(stack) - 8:
            (fp,) = struct.unpack_from("<Q", stack, saved)
        sp = cfa
        returned = True


def _is_left(pc: int) -> bool:
    """Whether a function that was interrupted at ``pc`` has dropped its frame already.

    The information about quick code does not say so. What follows is a return, or in quick code
    a jump to the function that a tail call is of (``ret``, ``ret n``, ``jmp r11``).
    """
    code = bytes(ffi.buffer(ffi.cast("uint8_t *", pc), 3))
    return code[0] in b"\xc2\xc3" or code == b"\x41\xff\xe3"


# ---- Call frame information ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rule:
    """How to get from a frame to its caller's."""

    name: str
    register: int
    offset: int
    """The frame's canonical address is this register plus this offset."""
    fp_offset: int
    """Where the caller's frame pointer is saved, from that address; 0 if it still is in place."""


@dataclass(frozen=True, slots=True)
class _Entry:
    start: int
    end: int
    common: bytes
    """Instructions all functions begin with."""
    instructions: bytes
    name: str


class _Table:
    """The call frame information of one piece of code; addresses relative to its start."""

    def __init__(self, piece: Loaded) -> None:
        self.names = {offset: name for name, offset in piece.entries.items()}
        start, end = piece.unwind
        pointer = ffi.cast("uint8_t *", piece.start + start)
        self.entries = list(self._read(bytes(ffi.buffer(pointer, end - start)), start))
        self.entries.sort(key=lambda entry: entry.start)
        self.starts = [entry.start for entry in self.entries]

    def _read(self, data: bytes, base: int) -> Iterator[_Entry]:
        common: dict[int, bytes] = {}
        at = 0
        while at + 8 <= len(data):
            length, cie = struct.unpack_from("<II", data, at)
            if not length:
                return
            end = at + 4 + length
            if cie == 0:
                common[at] = _common(data[at + 8 : end])
            else:
                place = at + 8
                offset, size = struct.unpack_from("<iI", data, place)
                extra, body = _uleb(data, place + 8)
                start = base + place + offset
                name = self.names.get(start, "")
                code = data[body + extra : end]
                yield _Entry(start, start + size, common[at + 4 - cie], code, name)
            at = end

    def rule(self, pc: int) -> _Rule | None:
        """The rule for the instruction at ``pc``."""
        from bisect import bisect_right

        i = bisect_right(self.starts, pc) - 1
        if i < 0 or pc >= self.entries[i].end:
            return None
        return _run(self.entries[i], pc)


def _table(piece: Loaded) -> _Table:
    table = piece.frame_table
    if not isinstance(table, _Table):
        table = piece.frame_table = _Table(piece)
    return table


def _uleb(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number and the position after it."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _common(body: bytes) -> bytes:
    """Instructions of a common information entry of the form LLVM writes."""
    if body[1:4] != b"zR\0":
        raise ValueError("unknown call frame information")
    at = 4
    for _ in range(3):  # code alignment, data alignment, return register
        _, at = _uleb(body, at)
    length, at = _uleb(body, at)
    if body[at] != _PC_RELATIVE_4:
        raise ValueError("unknown encoding of addresses")
    return body[at + length :]


_ADVANCE = {0x02: "<B", 0x03: "<H", 0x04: "<I"}


def _run(entry: _Entry, pc: int) -> _Rule | None:
    """Execute call frame instructions up to ``pc``."""
    register, offset, fp_offset = _SP, 8, 0
    initial_fp = 0
    saved: list[tuple[int, int, int]] = []
    location = entry.start
    for code in (entry.common, entry.instructions):
        at = 0
        while at < len(code):
            op = code[at]
            at += 1
            low = op & 0x3F
            if op >= 0xC0:  # restore
                if low == _FP:
                    fp_offset = initial_fp
            elif op >= 0x80:  # offset; data alignment is -8
                value, at = _uleb(code, at)
                if low == _FP:
                    fp_offset = -8 * value
            elif op >= 0x40:
                location += low
            elif op in _ADVANCE:
                (delta,) = struct.unpack_from(_ADVANCE[op], code, at)
                at += struct.calcsize(_ADVANCE[op])
                location += delta
            elif op == 0x0C:  # def_cfa
                register, at = _uleb(code, at)
                offset, at = _uleb(code, at)
            elif op == 0x0D:  # def_cfa_register
                register, at = _uleb(code, at)
            elif op == 0x0E:  # def_cfa_offset
                offset, at = _uleb(code, at)
            elif op == 0x0A:  # remember_state
                saved.append((register, offset, fp_offset))
            elif op == 0x0B:  # restore_state
                register, offset, fp_offset = saved.pop()
            elif op == 0x2E:  # GNU_args_size
                _, at = _uleb(code, at)
            elif op != 0:
                return None
            if location > pc:
                break
        initial_fp = fp_offset
        if location > pc:
            break
    if register not in (_SP, _FP):
        return None
    return _Rule(entry.name, register, offset, fp_offset)
