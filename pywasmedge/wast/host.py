"""The host module ``spectest`` that the scripts import from (appendix of the interpreter)."""

from __future__ import annotations

from ..base.config import Proposal
from ..base.types import (
    FunctionType,
    GlobalType,
    Limits,
    MemoryType,
    TableType,
    ValType,
)
from ..runtime.function import FunctionInstance
from ..runtime.global_ import GlobalInstance
from ..runtime.instance import ModuleInstance
from ..runtime.memory import MemoryInstance
from ..runtime.table import TableInstance

I32, I64, F32, F64 = ValType.I32, ValType.I64, ValType.F32, ValType.F64

PRINTERS = {
    "print": (),
    "print_i32": (I32,),
    "print_i64": (I64,),
    "print_f32": (F32,),
    "print_f64": (F64,),
    "print_i32_f32": (I32, F32),
    "print_f64_f64": (F64, F64),
}

GLOBALS = {
    "global_i32": (I32, 666),
    "global_i64": (I64, 666),
    "global_f32": (F32, 666.6),
    "global_f64": (F64, 666.6),
}

TABLE = TableType(ValType.FUNCREF, Limits(10, 20))
MEMORY = MemoryType(Limits(1, 2))


def spectest(proposals: set[Proposal]) -> ModuleInstance:
    """A new instance; with threads it has a shared memory, too."""
    module = ModuleInstance("spectest")
    for name, params in PRINTERS.items():
        module.add_function(name, FunctionInstance.from_callable(_ignore, FunctionType(params)))
    for name, (type_, value) in GLOBALS.items():
        module.add_global(name, GlobalInstance(GlobalType(type_), value))
    module.add_table("table", TableInstance(TABLE))
    module.add_memory("memory", MemoryInstance(MEMORY))
    if Proposal.THREADS in proposals:
        module.add_memory("shared_memory", MemoryInstance(MemoryType(Limits(1, 2), shared=True)))
    return module


def _ignore(*_values: object) -> None:
    """Print nothing: the scripts cannot see it."""
