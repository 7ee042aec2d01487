"""Closures for instructions whose type is fixed by their row.

A closure takes the position behind the opcode and returns the position of the next instruction.
The frequent shapes are spelt out, once for checking and once for emitting; whatever does not match
their fast path is left to ``OperandStack.pop``, which raises or deals with unreachable code.
"""

from __future__ import annotations

from collections.abc import Callable

from ..base.types import ValType
from .immediates import Memarg, decoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..isa.row import Row
    from .sink import Pushes, Sink
    from .stack import Types
    from .walker import Walk

Step = Callable[[int], int]
Emit = Callable[..., None] | None

_I32 = int(ValType.I32)
_CODE = {str(t): int(t) for t in ValType}


def parse_type(text: str) -> tuple[Types, Types]:
    """Operand and result types of a row's type column (``"i32 i32 -> i32"``)."""
    params, _, results = text.partition("->")
    return (
        tuple(_CODE[name] for name in params.split()),
        tuple(_CODE[name] for name in results.split()),
    )


def step(walk: Walk, row: Row, emit: Emit, sink: Sink | None) -> Step:
    """The closure for ``row``; ``emit`` is called with the immediates if given.

    ``sink`` is asked for short cuts.
    """
    params, results = parse_type(row.type)
    kinds = row.immediates
    if not kinds and len(results) == 1:
        if len(params) == 1:
            return _unary(walk, params[0], results[0], emit)
        if len(params) == 2:
            return _binary(walk, params, results[0], emit)
    if len(kinds) == 1:
        if kinds[0].startswith("memarg:") and params[0] == _I32 and walk.module.memory_types:
            if len(params) == 1 and results:
                return _load(walk, row, results[0], emit, sink)
            if len(params) == 2 and not results:
                return _store(walk, row, params[1], emit, sink)
        if not params and kinds[0] in ("i32", "i64"):
            return _int_const(walk, row, results[0], emit, sink)
    return _general(walk, row, params, results, emit)


def _unary(walk: Walk, param: int, result: int, emit: Emit) -> Step:
    types, pop = walk.stack.types, walk.stack.pop

    def unary(pos: int) -> int:
        if types[-1] == param:
            types[-1] = result
        else:
            pop(param)
            types.append(result)
        return pos

    if emit is None:
        return unary

    def unary_emit(pos: int) -> int:
        if types[-1] == param:
            types[-1] = result
        else:
            pop(param)
            types.append(result)
        emit()
        return pos

    return unary_emit


def _binary(walk: Walk, params: Types, result: int, emit: Emit) -> Step:
    types, pop = walk.stack.types, walk.stack.pop
    first, second = params

    def same(pos: int) -> int:
        if types[-1] == first and types[-2] == first:
            del types[-1]
        else:
            pop(first)
            pop(first)
            types.append(first)
        return pos

    def binary(pos: int) -> int:
        if types[-1] == second and types[-2] == first:
            del types[-1]
            types[-1] = result
        else:
            pop(second)
            pop(first)
            types.append(result)
        return pos

    if emit is None:
        return same if first == second == result else binary

    def binary_emit(pos: int) -> int:
        if types[-1] == second and types[-2] == first:
            del types[-1]
            types[-1] = result
        else:
            pop(second)
            pop(first)
            types.append(result)
        emit()
        return pos

    return binary_emit


def _load(walk: Walk, row: Row, result: int, emit: Emit, sink: Sink | None) -> Step:
    types, pop, data = walk.stack.types, walk.stack.pop, walk.data
    memarg = decoder(walk, row.immediates[0])
    natural = int(row.immediates[0].partition(":")[2])

    def load(pos: int) -> int:
        if data[pos] <= natural and data[pos + 1] < 0x80:
            pos += 2
        elif data[pos] <= natural and data[pos + 2] < 0x80:
            pos += 3
        else:
            pos = memarg(pos)[1]
        if types[-1] == _I32:
            types[-1] = result
        else:
            pop(_I32)
            types.append(result)
        return pos

    if emit is None:
        return load
    near = sink.near(row) if sink is not None else None

    def load_emit(pos: int) -> int:
        immediate = None
        align, offset = data[pos], data[pos + 1]
        if align > natural:
            immediate, pos = memarg(pos)
        elif offset < 0x80:
            pos += 2
        elif (high := data[pos + 2]) < 0x80:
            offset += (high << 7) - 0x80
            pos += 3
        else:
            immediate, pos = memarg(pos)
        if types[-1] == _I32:
            types[-1] = result
        else:
            pop(_I32)
            types.append(result)
        if immediate is not None:
            emit(immediate)
        elif near is not None:
            near(offset)
        else:
            emit(Memarg((0, offset, align)))
        return pos

    return load_emit


def _store(walk: Walk, row: Row, value: int, emit: Emit, sink: Sink | None) -> Step:
    types, pop, data = walk.stack.types, walk.stack.pop, walk.data
    memarg = decoder(walk, row.immediates[0])
    natural = int(row.immediates[0].partition(":")[2])

    def store(pos: int) -> int:
        if data[pos] <= natural and data[pos + 1] < 0x80:
            pos += 2
        elif data[pos] <= natural and data[pos + 2] < 0x80:
            pos += 3
        else:
            pos = memarg(pos)[1]
        if types[-1] == value and types[-2] == _I32:
            del types[-2:]
        else:
            pop(value)
            pop(_I32)
        return pos

    if emit is None:
        return store
    near = sink.near(row) if sink is not None else None

    def store_emit(pos: int) -> int:
        immediate = None
        align, offset = data[pos], data[pos + 1]
        if align > natural:
            immediate, pos = memarg(pos)
        elif offset < 0x80:
            pos += 2
        elif (high := data[pos + 2]) < 0x80:
            offset += (high << 7) - 0x80
            pos += 3
        else:
            immediate, pos = memarg(pos)
        if types[-1] == value and types[-2] == _I32:
            del types[-2:]
        else:
            pop(value)
            pop(_I32)
        if immediate is not None:
            emit(immediate)
        elif near is not None:
            near(offset)
        else:
            emit(Memarg((0, offset, align)))
        return pos

    return store_emit


class _Same(dict[int, int]):
    """Everything is mapped to itself."""

    __slots__ = ()

    def __missing__(self, value: int) -> int:
        return value


def pushing(emit: Callable[[int], None], pushes: Pushes | None) -> Pushes:
    """What ``Sink.pushes`` gives, or if that is ``None``, what comes to ``emit(x)``."""
    return (emit, _Same()) if pushes is None else pushes


def _int_const(walk: Walk, row: Row, result: int, emit: Emit, sink: Sink | None) -> Step:
    data, push = walk.data, walk.stack.types.append
    constant = decoder(walk, row.immediates[0])

    def const(pos: int) -> int:
        # Up to four bytes hold 28 bits, which are always in range.
        if data[pos] < 0x80:
            pos += 1
        elif data[pos + 1] < 0x80:
            pos += 2
        elif data[pos + 2] < 0x80:
            pos += 3
        elif data[pos + 3] < 0x80:
            pos += 4
        else:
            pos = constant(pos)[1]
        push(result)
        return pos

    if emit is None:
        return const
    emit, values = pushing(emit, sink.pushes(row.mnemonic) if sink is not None else None)

    def const_emit(pos: int) -> int:
        value = data[pos]
        if value < 0x80:
            if value >= 0x40:
                value -= 0x80
            pos += 1
        elif (byte := data[pos + 1]) < 0x80:
            value += (byte << 7) - (0x80 if byte < 0x40 else 0x4080)
            pos += 2
        elif (third := data[pos + 2]) < 0x80:
            value += (byte << 7) + (third << 14) - (0x4080 if third < 0x40 else 0x20_4080)
            pos += 3
        elif (fourth := data[pos + 3]) < 0x80:
            value += (byte << 7) + (third << 14) + (fourth << 21)
            value -= 0x20_4080 if fourth < 0x40 else 0x1020_4080
            pos += 4
        else:
            value, pos = constant(pos)
        push(result)
        emit(values[value])
        return pos

    return const_emit


def _general(walk: Walk, row: Row, params: Types, results: Types, emit: Emit) -> Step:
    stack = walk.stack
    types = stack.types
    decoders = [decoder(walk, kind) for kind in row.immediates]

    def general(pos: int) -> int:
        immediates = []
        for decode in decoders:
            value, pos = decode(pos)
            immediates.append(value)
        stack.pop_all(params)
        types.extend(results)
        if emit is not None:
            emit(*immediates)
        return pos

    return general
