"""AST module contexts and the import and export types they own."""

from __future__ import annotations

from threading import RLock

from ..base.forking import fork_safe
from ..base.types import ExternKind, FunctionType, GlobalType, Limits, MemoryType
from ..code.types import type_id
from ..kernel.native import address, ffi, lib
from .export import contexts, export, forget, kind, name, register

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..base.types import ExternType
    from ..kernel.native import CData
    from ..module import ast
    from ..prepare.module import Module


_lock = fork_safe(RLock())
"""Held while types are listed for the first time: every thread gets the same contexts."""


class Ast:
    """What an AST module context stands for.

    Attributes:
        module: the module, which contexts may share.
        imports, exports: the type contexts with what they refer to, made when first asked for.
    """

    def __init__(self, module: Module) -> None:
        self.module = module
        self._imports: _Types | None = None
        self._exports: _Types | None = None

    @property
    def imports(self) -> _Types:
        """One ``WasmEdge_ImportTypeContext`` per import, in order."""
        with _lock:
            if self._imports is None:
                tree = self.module.ast
                made = _Types("WasmEdge_ImportTypeContext", len(tree.imports))
                for c, item in zip(made.all, tree.imports, strict=True):
                    c.module = made.string(item.module)
                    c.name = made.string(item.name)
                    c.kind = item.kind
                    c.type = made.type_of(_import_type(tree, item))
                self._imports = made
            return self._imports

    @property
    def exports(self) -> _Types:
        """One ``WasmEdge_ExportTypeContext`` per export, in order."""
        with _lock:
            if self._exports is None:
                tree = self.module.ast
                made = _Types("WasmEdge_ExportTypeContext", len(tree.exports))
                for c, item in zip(made.all, tree.exports, strict=True):
                    c.name = made.string(item.name)
                    c.kind = item.kind
                    c.type = made.type_of(_export_type(tree, item))
                self._exports = made
            return self._exports


kind("ASTModuleContext", Ast)


def new(module: Module) -> CData:
    """A new context for a module."""
    return register("ASTModuleContext", Ast(module))


class _Types:
    """Import or export types and everything they point to."""

    def __init__(self, struct: str, count: int) -> None:
        self.array = ffi.new(f"{struct}[]", count)
        self.all = [self.array[i] for i in range(count)]
        self._kept: list[CData] = []

    def string(self, text: str) -> CData:
        """A ``WasmEdge_String``."""
        characters = name(text)
        buffer = ffi.new("char[]", characters)
        self._kept.append(buffer)
        return ffi.new("WasmEdge_String *", [len(characters), buffer])[0]

    def type_of(self, type_: ExternType | None) -> CData:
        """The type context for a type; NULL for ``None``."""
        if type_ is None:
            return ffi.NULL
        if isinstance(type_, FunctionType):
            return lib.we_type_get(type_id(type_))
        if isinstance(type_, GlobalType):
            made = ffi.new("WasmEdge_GlobalTypeContext *", [type_.type, type_.mutable])
        elif isinstance(type_, MemoryType):
            made = ffi.new("WasmEdge_MemoryTypeContext *", {"limit": _limit(type_.limits)})
        else:
            values = {"type": type_.element, "limit": _limit(type_.limits)}
            made = ffi.new("WasmEdge_TableTypeContext *", values)
        self._kept.append(made)
        return made

    def copy(self, buffer: CData, length: int) -> int:
        """Write pointers to the first contexts to ``buffer``; returns how many there are."""
        if buffer:
            for i in range(min(length, len(self.all))):
                buffer[i] = self.array + i
        return len(self.all)


def _limit(limits: Limits) -> Any:
    """A ``WasmEdge_Limit``: without maximum, ``Max`` is the minimum."""
    has_max = limits.max is not None
    return [has_max, limits.min, limits.max if has_max else limits.min]


def _import_type(tree: ast.Module, item: ast.Import) -> ExternType | None:
    if isinstance(item.desc, int):
        return tree.types[item.desc] if item.desc < len(tree.types) else None
    return item.desc


def _export_type(tree: ast.Module, item: ast.Export) -> ExternType | None:
    """Its type, if the module itself defines it and the index exists."""
    imported = sum(1 for known in tree.imports if known.kind == item.kind)
    if item.index < imported:
        return None
    try:
        return tree.extern_type(ExternKind(item.kind), item.index)
    except IndexError:
        return None


@export
def WasmEdge_ASTModuleListImportsLength(module: Ast | None) -> int:
    return len(module.imports.all) if module else 0


@export
def WasmEdge_ASTModuleListImports(module: Ast | None, buffer: CData, length: int) -> int:
    return module.imports.copy(buffer, length) if module else 0


@export
def WasmEdge_ASTModuleListExportsLength(module: Ast | None) -> int:
    return len(module.exports.all) if module else 0


@export
def WasmEdge_ASTModuleListExports(module: Ast | None, buffer: CData, length: int) -> int:
    return module.exports.copy(buffer, length) if module else 0


@export
def WasmEdge_ASTModuleDelete(module: Ast | None) -> None:
    if module is not None:
        forget(module)


@ffi.def_extern()
def we_py_ast_hold(pointer: CData) -> CData:
    """See ``src/callbacks.h``."""
    known = contexts.get(address(pointer))
    return new(known.module) if isinstance(known, Ast) else ffi.NULL
