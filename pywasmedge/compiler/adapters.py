"""Adapters between the two entries of a function, as machine code.

``f2n_<i>``: frame entry of a guest function: loads the arguments from the frame, calls the native
entry, stores the results. ``n2f_<i>``: native entry of a host function: stores the arguments in a
frame, has the kernel call the host, loads the results. One pair serves all functions of a type.

They are written down directly: a program that is not optimised runs without LLVM.
"""

from __future__ import annotations

from . import layout
from .abi import frame_slots, slot_offsets
from .baseline import x86_64 as machine
from .code import Code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..base.types import FunctionType

HOST_ENTER = "we_host_enter"
"""The kernel's function that calls a host function: ``void (we_hostref *, uint64_t *frame)``."""

_WORD = machine.WORD
_FRAME = machine.RBX
"""Where a frame entry keeps the address of the frame."""
_POINTER = -8
"""Where a host function's native entry keeps the pointer to its results, from ``rbp``."""


def adapter_code(types: Sequence[FunctionType]) -> Code:
    """Code with ``f2n_<i>`` and ``n2f_<i>`` for the i-th of ``types``."""
    blob = bytearray()
    entries: dict[str, int] = {}
    ranges = []
    calls = []
    for i, type_ in enumerate(types):
        entries[f"f2n_{i}"] = start = len(blob)
        blob += _frame_to_native(type_)
        ranges.append((start, len(blob)))
        blob += bytes(-len(blob) % 16)
        entries[f"n2f_{i}"] = start = len(blob)
        code, call = _native_to_frame(type_)
        calls.append(start + call)
        blob += code
        ranges.append((start, len(blob)))
        blob += bytes(-len(blob) % 16)
    slot = len(blob)
    for call in calls:
        blob[call - 4 : call] = machine.distance(call, slot)
    blob += bytes(8)
    start = len(blob)
    blob += machine.unwind(ranges, start, machine.PLAIN_FRAME)
    return Code(bytes(blob), entries, (start, len(blob)), ((slot, HOST_ENTER),), alignment=16)


def _frame_to_native(type_: FunctionType) -> bytes:
    convention = machine.convention(type_)
    pointer = convention.pointer
    code = machine.PLAIN_PROLOGUE + machine.push(_FRAME) + machine.make_room(convention.stack)
    code += machine.move(_WORD, _FRAME, machine.RSI)
    code += machine.load(_WORD, machine.RAX, machine.RDI, layout.FUNC["native"])
    code += machine.load(_WORD, machine.RDI, machine.RDI, layout.FUNC["ctx"])
    places = list(zip(convention.params, slot_offsets(type_.params), strict=True))
    for place, offset in places:
        if place.reg < 0:
            scratch = machine.R11 if place.type in machine.WHOLE else 0
            code += machine.load(place.type, scratch, _FRAME, offset)
            code += machine.store(place.type, scratch, machine.RSP, place.offset)
    for place, offset in places:
        if place.reg >= 0:
            code += machine.load(place.type, place.reg, _FRAME, offset)
    if pointer is not None and pointer.reg < 0:
        code += machine.store(_WORD, _FRAME, machine.RSP, pointer.offset)
    elif pointer is not None:
        code += machine.move(_WORD, pointer.reg, _FRAME)
    code += machine.call(machine.RAX)
    for place, offset in zip(convention.results, slot_offsets(type_.results), strict=False):
        code += machine.store(place.type, place.reg, _FRAME, offset)
    code += machine.load(_WORD, _FRAME, machine.RBP, -8)
    return code + machine.PLAIN_LEAVE + machine.return_(0)


def _native_to_frame(type_: FunctionType) -> tuple[bytes, int]:
    """The code, and the place in it behind the distance to the slot with the host's entry."""
    convention = machine.convention(type_)
    pointer = convention.pointer
    outputs = slot_offsets(type_.results)
    code = machine.PLAIN_PROLOGUE
    code += machine.make_room(8 * frame_slots(type_) + (8 if pointer else 0))
    if pointer is not None and pointer.reg >= 0:
        code += machine.store(_WORD, pointer.reg, machine.RBP, _POINTER)
    places = list(zip(convention.params, slot_offsets(type_.params), strict=True))
    for place, offset in places:
        if place.reg >= 0:
            code += machine.store(place.type, place.reg, machine.RSP, offset)
    for place, offset in places:
        if place.reg < 0:
            scratch = machine.RAX if place.type in machine.WHOLE else 0
            at = machine.STACK_ARGUMENTS + place.offset
            code += machine.load(place.type, scratch, machine.RBP, at)
            code += machine.store(place.type, scratch, machine.RSP, offset)
    code += machine.move(_WORD, machine.RSI, machine.RSP) + machine.CALL_SLOT
    call = len(code)
    if pointer is None:
        for place, offset in zip(convention.results, outputs, strict=True):
            code += machine.load(place.type, place.reg, machine.RSP, offset)
    else:
        at = _POINTER if pointer.reg >= 0 else machine.STACK_ARGUMENTS + pointer.offset
        code += machine.load(_WORD, machine.RCX, machine.RBP, at)
        for result, offset in zip(map(int, type_.results), outputs, strict=True):
            scratch = machine.RAX if result in machine.WHOLE else 0
            code += machine.load(result, scratch, machine.RSP, offset)
            code += machine.store(result, scratch, machine.RCX, offset)
    return code + machine.PLAIN_LEAVE + machine.return_(convention.stack), call
