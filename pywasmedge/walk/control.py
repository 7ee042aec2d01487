"""Closures for control instructions: blocks, branches, calls.

Without a sink every instruction is just checked. With one, code that can not be reached is walked
with the checking closures only (``walk.skip``) up to the ``else`` or ``end`` of its frame.
"""

from __future__ import annotations

from collections.abc import Callable

from ..base.errors import ErrCode, LoadError, ValidationError
from ..base.types import FunctionType, ValType
from .immediates import decoder
from .stack import BLOCK, BOTTOM, ELSE, IF, LOOP, Frame, mismatch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..module.ast import Module
    from .simple import Step
    from .sink import Sink
    from .walker import Walk

_I32 = int(ValType.I32)
BODY_END = 1 << 62
"""Position returned by the ``end`` of a body: ends the walk's loop."""


def _nop(walk: Walk, sink: Sink | None) -> Step:
    return lambda pos: pos


def _unreachable(walk: Walk, sink: Sink | None) -> Step:
    kill = walk.stack.kill

    def unreachable(pos: int) -> int:
        kill()
        if sink is None:
            return pos
        sink.unreachable()
        return walk.skip(pos)

    return unreachable


def _block(opcode: int) -> Callable[[Walk, Sink | None], Step]:
    def make(walk: Walk, sink: Sink | None) -> Step:
        stack, data = walk.stack, walk.data
        types, frames = stack.types, stack.frames
        new = Frame.__new__
        block_type = decoder(walk, "block")
        emit = None
        if sink is not None:
            emit = {BLOCK: sink.block, LOOP: sink.loop, IF: sink.if_}[opcode]

        def block(pos: int) -> int:
            start = pos - 1
            if data[pos] == 0x40:
                pos += 1
                if opcode == IF:
                    if types[-1] == _I32:
                        del types[-1]
                    else:
                        stack.pop(_I32)
                types.append(BOTTOM)  # what open does, without a call of __init__
                frame = new(Frame)
                frame.opcode = opcode
                frame.params = frame.results = frame.label = ()
                frame.height = len(types)
                frame.start = start
                frame.payload = None
                frames.append(frame)
            else:
                (params, results), pos = block_type(pos)
                if opcode == IF:
                    stack.pop(_I32)
                stack.pop_all(params)
                frame = stack.open(opcode, params, results, start)
            if emit is not None:
                emit(frame)
            return pos

        return block

    return make


def _else(walk: Walk, sink: Sink | None) -> Step:
    stack = walk.stack

    def else_(pos: int) -> int:
        frames = stack.frames
        if frames[-1].opcode != IF:
            raise LoadError(ErrCode.ILLEGAL_OPCODE, "else outside if")
        frame = stack.close()
        if sink is not None:
            sink.else_(frame)
        frame.opcode = ELSE
        frames.append(frame)
        stack.types.append(BOTTOM)
        stack.types.extend(frame.params)
        return pos

    return else_


def _end(walk: Walk, sink: Sink | None) -> Step:
    stack = walk.stack
    types, frames, close = stack.types, stack.frames, stack.close
    emit = sink.end if sink is not None else None

    def end(pos: int) -> int:
        frame = frames[-1]
        if len(types) == frame.height and not frame.results:
            del types[-1], frames[-1]
        else:
            close()
        if frame.opcode == IF and frame.params != frame.results:
            mismatch(BOTTOM, BOTTOM, "if without else must not change the stack")
        if not frames:
            if emit is not None:
                emit(frame)
            walk.ended_at = pos
            return BODY_END
        if frame.results:
            types.extend(frame.results)
        if emit is not None and not emit(frame):
            return walk.skip(pos)
        return pos

    return end


def _br(walk: Walk, sink: Sink | None) -> Step:
    stack, data = walk.stack, walk.data
    frames = stack.frames
    label = decoder(walk, "label")

    def br(pos: int) -> int:
        depth = data[pos]
        if depth < 0x80 and depth < len(frames):
            pos += 1
        else:
            depth, pos = label(pos)
        frame = frames[~depth]
        if frame.label:
            stack.pop_all(frame.label)
        stack.kill()
        if sink is None:
            return pos
        sink.br(frame)
        return walk.skip(pos)

    return br


def _br_if(walk: Walk, sink: Sink | None) -> Step:
    stack, data = walk.stack, walk.data
    types, frames, pop = stack.types, stack.frames, stack.pop
    label = decoder(walk, "label")

    def br_if(pos: int) -> int:
        depth = data[pos]
        if depth < 0x80 and depth < len(frames):
            pos += 1
        else:
            depth, pos = label(pos)
        if types[-1] == _I32:
            del types[-1]
        else:
            pop(_I32)
        frame = frames[~depth]
        if frame.label:
            stack.peek_all(frame.label)
        if sink is not None:
            sink.br_if(frame)
        return pos

    return br_if


def _br_table(walk: Walk, sink: Sink | None) -> Step:
    stack = walk.stack
    frames = stack.frames
    labels = decoder(walk, "labels")

    def br_table(pos: int) -> int:
        depths, pos = labels(pos)
        stack.pop(_I32)
        arity = len(frames[~depths[-1]].label)
        for depth in set(depths):
            types = frames[~depth].label
            if len(types) != arity:
                mismatch(BOTTOM, BOTTOM, f"labels take {len(types)} and {arity} operands")
            stack.check_top(types)
        stack.kill()
        if sink is None:
            return pos
        sink.br_table([frames[~depth] for depth in depths])
        return walk.skip(pos)

    return br_table


def _return(walk: Walk, sink: Sink | None) -> Step:
    stack = walk.stack

    def return_(pos: int) -> int:
        frame = stack.frames[0]
        stack.pop_all(frame.results)
        stack.kill()
        if sink is None:
            return pos
        sink.return_(frame)
        return walk.skip(pos)

    return return_


class _Signatures(dict[int, tuple[FunctionType, int, list[int], list[int]]]):
    """By index: a type, the number of its parameters, their types, those of the results."""

    __slots__ = ("_types",)

    def __init__(self, module: Module) -> None:
        self._types = module.types

    def __missing__(self, index: int) -> tuple[FunctionType, int, list[int], list[int]]:
        type_ = self._types[index]
        params = [int(t) for t in type_.params]
        made = self[index] = type_, len(params), params, [int(t) for t in type_.results]
        return made


def _call(walk: Walk, sink: Sink | None) -> Step:
    stack, data = walk.stack, walk.data
    func = decoder(walk, "func")
    types = stack.types
    func_types, signatures = walk.module.func_types, _Signatures(walk.module)
    functions = len(func_types)
    emit = sink.call if sink is not None else None

    def call(pos: int) -> int:
        index = data[pos]
        if index >= 0x80 and (high := data[pos + 1]) < 0x80:
            index += (high << 7) - 0x80
            pos += 2
            if index >= functions:
                func(pos - 2)  # raises
        else:
            index, pos = func(pos)
        type_, count, params, results = signatures[func_types[index]]
        if count:
            if types[-count:] == params:
                del types[-count:]
            else:
                stack.pop_all(type_.params)
        if results:
            types.extend(results)
        if emit is not None:
            emit(index, type_)
        return pos

    return call


def _check_tail(walk: Walk, results: tuple[ValType, ...]) -> None:
    if results != walk.stack.frames[0].results:
        raise ValidationError(
            ErrCode.TYPE_CHECK_FAILED, "a tail call must have the caller's result types"
        )


def _return_call(walk: Walk, sink: Sink | None) -> Step:
    stack = walk.stack
    func = decoder(walk, "func")
    func_types, types = walk.module.func_types, walk.module.types

    def return_call(pos: int) -> int:
        index, pos = func(pos)
        type_ = types[func_types[index]]
        _check_tail(walk, type_.results)
        stack.pop_all(type_.params)
        stack.kill()
        if sink is None:
            return pos
        sink.return_call(index, type_)
        return walk.skip(pos)

    return return_call


def _indirect(walk: Walk, pos: int, type_of: Callable, table_of: Callable) -> tuple[int, int, int]:  # type: ignore[type-arg]
    """Decode and check the immediates and the table operand of an indirect call."""
    type_index, pos = type_of(pos)
    table, pos = table_of(pos)
    if walk.module.table_types[table].element != ValType.FUNCREF:
        raise ValidationError(ErrCode.TYPE_CHECK_FAILED, f"table {table} does not hold funcref")
    walk.stack.pop(_I32)
    return type_index, table, pos


def _call_indirect(walk: Walk, sink: Sink | None) -> Step:
    stack = walk.stack
    type_of, table_of = decoder(walk, "type"), decoder(walk, "table")
    types = walk.module.types

    def call_indirect(pos: int) -> int:
        type_index, table, pos = _indirect(walk, pos, type_of, table_of)
        type_ = types[type_index]
        stack.pop_all(type_.params)
        stack.types.extend(type_.results)
        if sink is not None:
            sink.call_indirect(table, type_index, type_)
        return pos

    return call_indirect


def _return_call_indirect(walk: Walk, sink: Sink | None) -> Step:
    stack = walk.stack
    type_of, table_of = decoder(walk, "type"), decoder(walk, "table")
    types = walk.module.types

    def return_call_indirect(pos: int) -> int:
        type_index, table, pos = _indirect(walk, pos, type_of, table_of)
        type_ = types[type_index]
        _check_tail(walk, type_.results)
        stack.pop_all(type_.params)
        stack.kill()
        if sink is None:
            return pos
        sink.return_call_indirect(table, type_index, type_)
        return walk.skip(pos)

    return return_call_indirect


MAKERS: dict[str, Callable[[Walk, Sink | None], Step]] = {
    "nop": _nop,
    "unreachable": _unreachable,
    "block": _block(BLOCK),
    "loop": _block(LOOP),
    "if": _block(IF),
    "else": _else,
    "end": _end,
    "br": _br,
    "br_if": _br_if,
    "br_table": _br_table,
    "return": _return,
    "call": _call,
    "call_indirect": _call_indirect,
    "return_call": _return_call,
    "return_call_indirect": _return_call_indirect,
}
