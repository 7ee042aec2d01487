"""Validation of a module but for its function bodies (spec 3.4, constant expressions 3.3.7).

The checks run in the order of the C API's validator, so that a module with several faults is
refused for the same one.
"""

from __future__ import annotations

from ..base.config import Proposal
from ..base.errors import ErrCode, ValidationError
from ..base.types import (
    MAX_PAGES,
    ExternKind,
    FunctionType,
    Limits,
    MemoryType,
    TableType,
    ValType,
)
from ..module.ast import SegmentMode
from ..module.constant import instructions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..base.config import Configure
    from ..module.ast import Module, Range

MAX_TABLE_SIZE = 0xFFFFFFFF
"""Most elements a table can have."""

_CONSTANTS = {
    "i32.const": ValType.I32,
    "i64.const": ValType.I64,
    "f32.const": ValType.F32,
    "f64.const": ValType.F64,
    "v128.const": ValType.V128,
}
_ARITHMETIC = {
    f"{type_}.{operation}": type_
    for type_ in (ValType.I32, ValType.I64)
    for operation in ("add", "sub", "mul")
}
"""Binary instructions of the extended-const proposal."""


def validate_module(module: Module, configure: Configure) -> None:
    """Check everything a module declares outside its function bodies, unless that is known.

    Raises:
        ValidationError: the module is not valid (0x41 to 0x56).
    """
    same = module.proposals == configure.proposals
    if not (same and module.sound):
        _Rules(module, configure).check()
        module.sound = module.sound or same


class Declared:
    """The :func:`declared_functions`, listed when the first ``ref.func`` asks for one."""

    __slots__ = ("_found", "_module")

    def __init__(self, module: Module) -> None:
        self._module = module
        self._found: frozenset[int] | None = None

    def __contains__(self, index: object) -> bool:
        if self._found is None:
            self._found = declared_functions(self._module)
        return index in self._found


def declared_functions(module: Module) -> frozenset[int]:
    """Functions that ``ref.func`` may name in a body (spec 3.4.10, ``refs``).

    These are the ones that occur in exports, element segments or initialisers of globals.
    """
    declared = {e.index for e in module.exports if e.kind == ExternKind.FUNCTION}
    expressions: list[Range] = [g.init for g in module.globals]
    for element in module.elements:
        if element.funcs is not None:
            declared.update(element.funcs)
        expressions += element.exprs or ()
        if element.offset_expr:
            expressions.append(element.offset_expr)
    for expression in expressions:
        declared.update(
            v for mnemonic, v in instructions(module, expression) if mnemonic == "ref.func"
        )
    return frozenset(declared)


class _Rules:
    """One validation: a method for each step."""

    def __init__(self, module: Module, configure: Configure) -> None:
        self.module = module
        self.proposals = configure.proposals

    def check(self) -> None:
        """All steps, in order."""
        self.imports()
        self.functions()
        self.tables()
        self.memories()
        self.globals()
        self.exports()
        self.start()
        self.elements()
        self.datas()
        self.counts()

    # --- steps ---------------------------------------------------------------------------

    def imports(self) -> None:
        """Types of imports."""
        for item in self.module.imports:
            if isinstance(item.desc, int):
                self._index(
                    item.desc,
                    self.module.types,
                    ErrCode.INVALID_FUNC_TYPE_IDX,
                    item.offset,
                )
            elif isinstance(item.desc, TableType):
                _limits(item.desc.limits, MAX_TABLE_SIZE, item.offset)
            elif isinstance(item.desc, MemoryType):
                _memory(item.desc, item.offset)

    def functions(self) -> None:
        """Type indices of the functions the module defines."""
        module = self.module
        count = len(module.types)
        if module.funcs and max(module.funcs) >= count:
            place = next(i for i, type_ in enumerate(module.funcs) if type_ >= count)
            detail = f"index {module.funcs[place]} of {count}"
            index = module.imported_funcs + place
            raise ValidationError(ErrCode.INVALID_FUNC_TYPE_IDX, detail, func_index=index)

    def tables(self) -> None:
        """Limits of tables."""
        for table in self.module.tables:
            _limits(table.limits, MAX_TABLE_SIZE)

    def memories(self) -> None:
        """Limits of memories."""
        for memory in self.module.memories:
            _memory(memory)

    def globals(self) -> None:
        """Initial values of globals."""
        for item in self.module.globals:
            self._constant(item.init, item.type.type)

    def exports(self) -> None:
        """Names are different, indices exist."""
        module = self.module
        spaces: dict[ExternKind, tuple[Sequence[object], ErrCode]] = {
            ExternKind.FUNCTION: (module.func_types, ErrCode.INVALID_FUNC_IDX),
            ExternKind.TABLE: (module.table_types, ErrCode.INVALID_TABLE_IDX),
            ExternKind.MEMORY: (module.memory_types, ErrCode.INVALID_MEMORY_IDX),
            ExternKind.GLOBAL: (module.global_types, ErrCode.INVALID_GLOBAL_IDX),
        }
        names = set()
        for export in module.exports:
            if export.name in names:
                detail = repr(export.name)
                raise ValidationError(ErrCode.DUPLICATE_EXPORT_NAME, detail, offset=export.offset)
            names.add(export.name)
            space, code = spaces[export.kind]
            self._index(export.index, space, code, export.offset)

    def start(self) -> None:
        """The start function exists, takes and returns nothing."""
        module = self.module
        if module.start is None:
            return
        self._index(module.start, module.func_types, ErrCode.INVALID_FUNC_IDX)
        type_ = module.func_type(module.start)
        if type_ != FunctionType():
            detail = f"type {type_}"
            raise ValidationError(ErrCode.INVALID_START_FUNC, detail, func_index=module.start)

    def elements(self) -> None:
        """Element segments: their table, offset and references."""
        module = self.module
        functions = len(module.func_types)
        for element in module.elements:
            if element.mode == SegmentMode.ACTIVE:
                tables = module.table_types
                self._index(element.table, tables, ErrCode.INVALID_TABLE_IDX, element.offset)
                expected = tables[element.table].element
                if expected != element.type:
                    detail = f"segment of {element.type} for a table of {expected}"
                    raise ValidationError(ErrCode.TYPE_CHECK_FAILED, detail, offset=element.offset)
            if element.offset_expr:
                self._constant(element.offset_expr, ValType.I32)
            if element.funcs and max(element.funcs) >= functions:
                detail = f"index {max(element.funcs)} of {functions}"
                raise ValidationError(ErrCode.INVALID_FUNC_IDX, detail, offset=element.offset)
            for expression in element.exprs or ():
                self._constant(expression, element.type)

    def datas(self) -> None:
        """Data segments: their memory and offset."""
        memories, datas = self.module.memory_types, self.module.datas
        all_of_them = range(len(datas))
        for index in datas.others if memories else all_of_them:  # plain ones only need memory 0
            segment = datas[index]
            if segment.offset_expr:
                self._index(segment.memory, memories, ErrCode.INVALID_MEMORY_IDX, segment.offset)
                self._constant(segment.offset_expr, ValType.I32)

    def counts(self) -> None:
        """One table and one memory at most, unless a proposal allows more."""
        tables, memories = self.module.table_types, self.module.memory_types
        if len(tables) > 1 and Proposal.REFERENCE_TYPES not in self.proposals:
            raise ValidationError(ErrCode.MULTI_TABLES, f"{len(tables)} tables")
        if len(memories) > 1 and Proposal.MULTI_MEMORIES not in self.proposals:
            raise ValidationError(ErrCode.MULTI_MEMORIES, f"{len(memories)} memories")

    # --- parts ---------------------------------------------------------------------------

    def _index(
        self,
        index: int,
        space: Sequence[object],
        code: ErrCode,
        offset: int | None = None,
    ) -> None:
        if index >= len(space):
            raise ValidationError(code, f"index {index} of {len(space)}", offset=offset)

    def _constant(self, expression: Range, expected: ValType) -> None:
        """Check that ``expression`` is constant and leaves one value of type ``expected``."""
        stack: list[ValType] = []
        offset = expression[0]
        for mnemonic, immediate in instructions(self.module, expression):
            if (type_ := _CONSTANTS.get(mnemonic)) is not None:
                stack.append(type_)
            elif mnemonic == "global.get":
                stack.append(self._imported_global(immediate, offset))
            elif mnemonic == "ref.null":
                stack.append(ValType(immediate))
            elif mnemonic == "ref.func":
                functions = self.module.func_types
                self._index(immediate, functions, ErrCode.INVALID_FUNC_IDX, offset)
                stack.append(ValType.FUNCREF)
            elif mnemonic in _ARITHMETIC and Proposal.EXTENDED_CONST in self.proposals:
                type_ = _ARITHMETIC[mnemonic]
                if stack[-2:] != [type_, type_]:
                    raise _mismatch(f"{mnemonic} on {_listed(stack[-2:])}", offset)
                stack.pop()
            else:
                raise ValidationError(ErrCode.CONST_EXPR_REQUIRED, mnemonic, offset=offset)
        if stack != [expected]:
            raise _mismatch(f"{_listed(stack)} where {expected} is expected", offset)

    def _imported_global(self, index: int, offset: int) -> ValType:
        """Type of a global that a constant expression may read: imported and immutable."""
        known = self.module.global_types
        imported = range(self.module.imported_globals)
        self._index(index, imported, ErrCode.INVALID_GLOBAL_IDX, offset)
        if known[index].mutable:
            detail = f"global.get of mutable global {index}"
            raise ValidationError(ErrCode.CONST_EXPR_REQUIRED, detail, offset=offset)
        return known[index].type


def _limits(limits: Limits, most: int, offset: int | None = None) -> None:
    """Limits are in range and in order (spec 3.2.1)."""
    if limits.max is not None and limits.max < limits.min:
        detail = f"{limits.min} to {limits.max}"
        raise ValidationError(ErrCode.INVALID_LIMIT, detail, offset=offset)
    if limits.min > most or (limits.max is not None and limits.max > most):
        detail = f"{limits.min} to {limits.max}"
        raise ValidationError(ErrCode.INVALID_MEM_PAGES, detail, offset=offset)


def _memory(memory: MemoryType, offset: int | None = None) -> None:
    """A memory type is valid (spec 3.2.4); a shared memory has a maximum (threads proposal)."""
    _limits(memory.limits, MAX_PAGES, offset)
    if memory.shared and memory.limits.max is None:
        raise ValidationError(ErrCode.SHARED_MEMORY_NO_MAX, offset=offset)


def _mismatch(detail: str, offset: int) -> ValidationError:
    return ValidationError(ErrCode.TYPE_CHECK_FAILED, detail, offset=offset)


def _listed(types: list[ValType]) -> str:
    return "[" + " ".join(map(str, types)) + "]"
