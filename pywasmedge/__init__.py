"""pywasmedge: a WebAssembly runtime that compiles through LLVM and runs at native speed.

>>> import pywasmedge
>>> vm = pywasmedge.VM()
>>> vm.run_wasm_from_file("fib.wasm", "fib", 30)
832040

Step by step it is ``Loader`` → ``Module`` → ``Validator`` → ``Executor`` with a ``Store`` →
``ModuleInstance``, whose ``exports`` are called like Python functions. Errors are subclasses of
``WasmError``.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing takes longer to import than this package

__version__ = "0.10.0"

if TYPE_CHECKING:
    from .base.config import (
        Configure,
        HostRegistration,
        OptimizationLevel,
        OutputFormat,
        Proposal,
        Tier,
        Validation,
    )
    from .base.errors import (
        ArgumentError,
        ErrCode,
        Exit,
        LinkError,
        LoadError,
        Trap,
        ValidationError,
        WasmError,
        WatError,
        WorkflowError,
    )
    from .base.types import (
        ExternKind,
        FunctionType,
        GlobalType,
        Limits,
        MemoryType,
        TableType,
        ValType,
    )
    from .host.annotations import externref, f32, f64, funcref, i32, i64, v128
    from .host.modules import HostError, HostModule
    from .host.slices import Buffer, Bytes, Out, Str
    from .prepare.ahead import Compiler
    from .prepare.loader import Loader, Validator
    from .prepare.module import ExportType, ImportType, Module
    from .runtime.core import Caller
    from .runtime.executor import Executor
    from .runtime.function import FunctionInstance
    from .runtime.global_ import GlobalInstance
    from .runtime.instance import Exports, ModuleInstance
    from .runtime.interrupt import Async
    from .runtime.memory import MemoryInstance
    from .runtime.statistics import Statistics
    from .runtime.store import Store
    from .runtime.table import TableInstance
    from .vm import VM, Stage
    from .wasi import WASI

__all__ = [
    "VM",
    "WASI",
    "ArgumentError",
    "Async",
    "Buffer",
    "Bytes",
    "Caller",
    "Compiler",
    "Configure",
    "ErrCode",
    "Executor",
    "Exit",
    "ExportType",
    "Exports",
    "ExternKind",
    "FunctionInstance",
    "FunctionType",
    "GlobalInstance",
    "GlobalType",
    "HostError",
    "HostModule",
    "HostRegistration",
    "ImportType",
    "Limits",
    "LinkError",
    "LoadError",
    "Loader",
    "MemoryInstance",
    "MemoryType",
    "Module",
    "ModuleInstance",
    "OptimizationLevel",
    "Out",
    "OutputFormat",
    "Proposal",
    "Stage",
    "Statistics",
    "Store",
    "Str",
    "TableInstance",
    "TableType",
    "Tier",
    "Trap",
    "ValType",
    "Validation",
    "ValidationError",
    "Validator",
    "WasmError",
    "WatError",
    "WorkflowError",
    "__version__",
    "externref",
    "f32",
    "f64",
    "funcref",
    "i32",
    "i64",
    "v128",
]

_HOMES = {
    "base.config": "Configure HostRegistration OptimizationLevel OutputFormat Proposal Tier"
    " Validation",
    "base.errors": "ArgumentError ErrCode Exit LinkError LoadError Trap ValidationError WasmError"
    " WatError WorkflowError",
    "base.types": "ExternKind FunctionType GlobalType Limits MemoryType TableType ValType",
    "prepare.ahead": "Compiler",
    "host.annotations": "externref f32 f64 funcref i32 i64 v128",
    "runtime.core": "Caller",
    "runtime.executor": "Executor",
    "runtime.function": "FunctionInstance",
    "runtime.global_": "GlobalInstance",
    "host.modules": "HostError HostModule",
    "runtime.instance": "Exports ModuleInstance",
    "runtime.interrupt": "Async",
    "runtime.memory": "MemoryInstance",
    "prepare.loader": "Loader Validator",
    "prepare.module": "ExportType ImportType Module",
    "host.slices": "Buffer Bytes Out Str",
    "runtime.statistics": "Statistics",
    "runtime.store": "Store",
    "runtime.table": "TableInstance",
    "vm": "VM Stage",
    "wasi": "WASI",
}
"""Where each public name lives; imported when first used, so that importing the package is free."""

_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f".{home}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
