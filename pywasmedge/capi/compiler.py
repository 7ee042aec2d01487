"""Compiler contexts."""

from __future__ import annotations

from ..prepare.ahead import Compiler
from .configure import configuration
from .export import export, forget, kind, path, register

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..kernel.native import CData

kind("CompilerContext", Compiler)


@export
def WasmEdge_CompilerCreate(configure: CData) -> CData:
    return register("CompilerContext", Compiler(configuration(configure)))


@export
def WasmEdge_CompilerCompile(compiler: Compiler, source: CData, output: CData) -> None:
    compiler.compile(path(source), path(output))


@export
def WasmEdge_CompilerDelete(compiler: Compiler | None) -> None:
    if compiler is not None:
        forget(compiler)
