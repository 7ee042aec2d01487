"""Closures for the instructions whose type depends on immediates or context.

``MAKERS[mnemonic](walk, sink)`` gives the closure. Control instructions are in ``control``.
"""

from __future__ import annotations

from collections.abc import Callable

from ..base.errors import ErrCode, LoadError, ValidationError
from ..base.types import ValType
from ..isa.row import SPECIAL as SPECIAL_TYPE
from . import control
from .immediates import decoder
from .simple import Emit, Step, pushing, step
from .stack import ANY, mismatch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..isa.row import Row
    from .sink import Sink
    from .walker import Walk

_I32 = int(ValType.I32)
_NUMERIC = frozenset(int(t) for t in ValType if not t.is_ref)


def step_for(walk: Walk, row: Row, sink: Sink | None) -> Step:
    """The closure for ``row``, calling ``sink`` if given."""
    if row.type == SPECIAL_TYPE:
        return MAKERS[row.mnemonic](walk, sink)
    emit = sink.simple(row) if sink is not None else None
    if row.mnemonic in ("table.init", "table.copy"):
        emit = _same_elements(walk, row.mnemonic, emit)
    if "elem" in row.immediates or "data" in row.immediates:
        emit = _segment_exists(walk, row.immediates[0], emit)
    return step(walk, row, emit, sink)


def _segment_exists(walk: Walk, kind: str, emit: Emit) -> Emit:
    """``emit``, after a check that the first immediate names a segment."""
    module = walk.module
    count = len(module.elements if kind == "elem" else module.datas)
    if kind == "data" and module.data_count is not None:
        count = module.data_count
    code = ErrCode.INVALID_ELEM_IDX if kind == "elem" else ErrCode.INVALID_DATA_IDX
    uncounted = kind == "data" and module.data_count is None and count > 0

    def checked(segment: int, *rest: int) -> None:
        if uncounted:
            raise LoadError(ErrCode.DATA_COUNT_REQUIRED)
        if segment >= count:
            raise ValidationError(code, f"index {segment} of {count}")
        if emit is not None:
            emit(segment, *rest)

    return checked


def _drop(walk: Walk, sink: Sink | None) -> Step:
    types, pop_any = walk.stack.types, walk.stack.pop_any

    def drop(pos: int) -> int:
        if types[-1] > ANY:
            del types[-1]
        else:
            pop_any()
        if sink is not None:
            sink.drop()
        return pos

    return drop


def _select(walk: Walk, sink: Sink | None) -> Step:
    stack = walk.stack

    def select(pos: int) -> int:
        stack.pop(_I32)
        second = stack.pop_any()
        first = stack.pop_any()
        if first == ANY:
            first = second
        elif second not in (first, ANY):
            mismatch(first, second)
        if first != ANY and first not in _NUMERIC:
            raise ValidationError(ErrCode.TYPE_CHECK_FAILED, "select of references needs a type")
        stack.types.append(first)
        if sink is not None:
            sink.select(first)
        return pos

    return select


def _select_t(walk: Walk, sink: Sink | None) -> Step:
    stack = walk.stack
    valtypes = decoder(walk, "valtypes")

    def select_t(pos: int) -> int:
        types, pos = valtypes(pos)
        if len(types) != 1:
            raise ValidationError(ErrCode.INVALID_RESULT_ARITY, f"{len(types)} types")
        type_ = types[0]
        stack.pop(_I32)
        stack.pop(type_)
        stack.pop(type_)
        stack.types.append(type_)
        if sink is not None:
            sink.select(type_)
        return pos

    return select_t


# The local instructions are spelt out for checking and for emitting: they are a third of all.


def _local_get(walk: Walk, sink: Sink | None) -> Step:
    data, local_types, push = walk.data, walk.local_types, walk.stack.types.append
    local = decoder(walk, "local")

    def local_get(pos: int) -> int:
        index = data[pos]
        if index < 0x80 and index < len(local_types):
            pos += 1
        else:
            index, pos = local(pos)
        push(local_types[index])
        return pos

    if sink is None:
        return local_get
    emit, values = pushing(sink.local_get, sink.pushes("local.get"))

    def local_get_emit(pos: int) -> int:
        index = data[pos]
        if index < 0x80 and index < len(local_types):
            pos += 1
        else:
            index, pos = local(pos)
        push(local_types[index])
        emit(values[index])
        return pos

    return local_get_emit


def _local_set(walk: Walk, sink: Sink | None) -> Step:
    data, local_types = walk.data, walk.local_types
    types, pop = walk.stack.types, walk.stack.pop
    local = decoder(walk, "local")

    def local_set(pos: int) -> int:
        index = data[pos]
        if index < 0x80 and index < len(local_types):
            pos += 1
        else:
            index, pos = local(pos)
        if types[-1] == local_types[index]:
            del types[-1]
        else:
            pop(local_types[index])
        return pos

    if sink is None:
        return local_set
    emit = sink.local_set

    def local_set_emit(pos: int) -> int:
        index = data[pos]
        if index < 0x80 and index < len(local_types):
            pos += 1
        else:
            index, pos = local(pos)
        if types[-1] == local_types[index]:
            del types[-1]
        else:
            pop(local_types[index])
        emit(index)
        return pos

    return local_set_emit


def _local_tee(walk: Walk, sink: Sink | None) -> Step:
    data, local_types = walk.data, walk.local_types
    types, pop = walk.stack.types, walk.stack.pop
    local = decoder(walk, "local")
    emit = sink.local_tee if sink is not None else None

    def local_tee(pos: int) -> int:
        index = data[pos]
        if index < 0x80 and index < len(local_types):
            pos += 1
        else:
            index, pos = local(pos)
        type_ = local_types[index]
        if types[-1] != type_:
            pop(type_)
            types.append(type_)
        if emit is not None:
            emit(index)
        return pos

    return local_tee


def _global_get(walk: Walk, sink: Sink | None) -> Step:
    data, push = walk.data, walk.stack.types.append
    index_of = decoder(walk, "global")
    global_types = [int(g.type) for g in walk.module.global_types]
    emit = sink.global_get if sink is not None else None

    def global_get(pos: int) -> int:
        index = data[pos]
        if index < 0x80 and index < len(global_types):
            pos += 1
        else:
            index, pos = index_of(pos)
        push(global_types[index])
        if emit is not None:
            emit(index)
        return pos

    return global_get


def _global_set(walk: Walk, sink: Sink | None) -> Step:
    pop = walk.stack.pop
    index_of = decoder(walk, "global")
    global_types = walk.module.global_types

    def global_set(pos: int) -> int:
        index, pos = index_of(pos)
        type_ = global_types[index]
        if not type_.mutable:
            raise ValidationError(ErrCode.IMMUTABLE_GLOBAL, f"global {index}")
        pop(type_.type)
        if sink is not None:
            sink.global_set(index)
        return pos

    return global_set


def _table_access(
    before: tuple[str, ...], after: tuple[str, ...], name: str
) -> Callable[[Walk, Sink | None], Step]:
    """Maker of a table instruction; ``"elem"`` in its type is the table's element type."""

    def make(walk: Walk, sink: Sink | None) -> Step:
        stack = walk.stack
        table_of = decoder(walk, "table")
        elements = [int(t.element) for t in walk.module.table_types]

        def table_access(pos: int) -> int:
            table, pos = table_of(pos)
            element = elements[table]
            stack.pop_all(tuple(element if t == "elem" else _I32 for t in before))
            stack.types.extend(element if t == "elem" else _I32 for t in after)
            if sink is not None:
                getattr(sink, name)(table)
            return pos

        return table_access

    return make


def _same_elements(walk: Walk, mnemonic: str, emit: Emit) -> Emit:
    """``emit`` for table.copy and table.init, after a check that the element types agree."""
    tables = [t.element for t in walk.module.table_types]
    sources = [e.type for e in walk.module.elements] if mnemonic == "table.init" else None

    def checked(first: int, second: int) -> None:
        # table.init: element segment, table; table.copy: destination, source.
        if sources is not None:
            agree = sources[first] == tables[second]
        else:
            agree = tables[first] == tables[second]
        if not agree:
            raise ValidationError(ErrCode.TYPE_CHECK_FAILED, "element types differ")
        if emit is not None:
            emit(first, second)

    return checked


def _ref_null(walk: Walk, sink: Sink | None) -> Step:
    reftype = decoder(walk, "heaptype")

    def ref_null(pos: int) -> int:
        type_, pos = reftype(pos)
        walk.stack.types.append(type_)
        if sink is not None:
            sink.ref_null()
        return pos

    return ref_null


def _ref_is_null(walk: Walk, sink: Sink | None) -> Step:
    stack = walk.stack

    def ref_is_null(pos: int) -> int:
        type_ = stack.pop_any()
        if type_ in _NUMERIC:
            mismatch(ValType.FUNCREF, type_, "a reference is expected")
        stack.types.append(_I32)
        if sink is not None:
            sink.ref_is_null()
        return pos

    return ref_is_null


def _ref_func(walk: Walk, sink: Sink | None) -> Step:
    func = decoder(walk, "func")

    def ref_func(pos: int) -> int:
        index, pos = func(pos)
        if index not in walk.declared:
            raise ValidationError(ErrCode.INVALID_REF_IDX, f"function {index}")
        walk.stack.types.append(ValType.FUNCREF)
        if sink is not None:
            sink.ref_func(index)
        return pos

    return ref_func


MAKERS: dict[str, Callable[[Walk, Sink | None], Step]] = {
    **control.MAKERS,
    "drop": _drop,
    "select": _select,
    "select t": _select_t,
    "local.get": _local_get,
    "local.set": _local_set,
    "local.tee": _local_tee,
    "global.get": _global_get,
    "global.set": _global_set,
    "table.get": _table_access(("i32",), ("elem",), "table_get"),
    "table.set": _table_access(("i32", "elem"), (), "table_set"),
    "table.grow": _table_access(("elem", "i32"), ("i32",), "table_grow"),
    "table.fill": _table_access(("i32", "elem", "i32"), (), "table_fill"),
    "ref.null": _ref_null,
    "ref.is_null": _ref_is_null,
    "ref.func": _ref_func,
}
