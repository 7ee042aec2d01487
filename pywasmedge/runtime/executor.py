"""Instantiating modules and calling functions."""

from __future__ import annotations

from ..base.closing import Closing
from ..base.config import Configure, Proposal
from ..base.errors import ErrCode, Exit, WorkflowError
from ..prepare.supply import supply
from .instance import ModuleInstance
from .instantiate import (
    Imports,
    allocate,
    initialise,
    make_memories,
    require_fitting_segments,
)
from .plan import Plan
from .statistics import NO_LIMIT, switches
from .table import new_tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..base.types import ExternKind, ExternType
    from ..code.compiled import CompiledModule
    from ..prepare.module import Module
    from .core import Core, Extern
    from .function import FunctionInstance
    from .statistics import Statistics
    from .store import Store

_SEGMENTS_ONE_BY_ONE = frozenset((Proposal.BULK_MEMORY_OPERATIONS, Proposal.REFERENCE_TYPES))
"""With any of these, segments before one that does not fit are written."""


class Executor(Closing):
    """Makes instances of validated modules and calls functions.

    Instances do not depend on the executor that made them. Safe from several threads: it has no
    state of its own.
    """

    __slots__ = ("_configure", "_key", "_statistics", "_switches")

    def __init__(
        self, configure: Configure | None = None, statistics: Statistics | None = None
    ) -> None:
        """Make an executor with a copy of ``configure`` (default configuration if ``None``).

        Args:
            configure: page limit, code generation and measuring.
            statistics: where calls and start functions add what the configuration measures, if
                anything; its cost limit is taken back then. Without, nothing is measured.
        """
        c = self._configure = configure.copy() if configure else Configure()
        self._switches = switches(c)
        self._statistics = statistics if self._switches else None
        if self._statistics is not None:
            self._statistics.cost_limit = NO_LIMIT
        means = (c.instruction_counting, c.cost_measuring, c.exact_traps)
        self._key = (frozenset(c.proposals), c.tier, c.lazy, means)

    def instantiate(self, store: Store, module: Module) -> ModuleInstance:
        """Make an anonymous instance; imports come from ``store``.

        Raises:
            WorkflowError: 0x08, the module is not validated.
            LinkError: 0x62 or 0x61, an import is unknown or does not fit; 0x64 or 0x63, an active
                segment does not fit, and neither bulk memory operations nor reference types are
                enabled (nothing has been written).
            Trap: 0x87 or 0x88, an active segment does not fit (what was written before stays);
                or what the start function traps with.
        """
        return ModuleInstance.of_core(self._instantiate(store, module), "")

    def register(self, store: Store, module: Module, name: str) -> ModuleInstance:
        """Make an instance and register it in ``store`` under ``name``.

        Raises:
            LinkError: 0x60, the name is taken; nothing is registered.
            WasmError: as for :meth:`instantiate`.
        """
        self._require_validated(module)
        store.require_free(name)
        instance = ModuleInstance.of_core(self._instantiate(store, module), name)
        store.add(instance)
        return instance

    def register_import(
        self, store: Store, instance: ModuleInstance, name: str | None = None
    ) -> None:
        """Register an existing instance, such as a host module, under its own or another name.

        Raises:
            LinkError: 0x60, the name is taken (by this very instance as well).
        """
        store.add(instance, name)

    def invoke(self, function: FunctionInstance, *args: Any) -> Any:
        """Call a function, with the arguments and errors of :class:`FunctionInstance`."""
        if self._statistics is not None:
            return self._statistics.measure(self._switches, function, *args)
        return function(*args)

    def _instantiate(self, store: Store, module: Module) -> Core:
        self._require_validated(module)
        plan = module._plan or _plan(module)

        def find(
            module_name: str, name: str, kind: ExternKind, wanted: ExternType
        ) -> Extern | None:
            instance = store.find(module_name) or store.companion(module_name)
            return None if instance is None else instance.find_import(name, kind, wanted)

        imports = Imports(plan, find)
        memories = make_memories(plan, imports, self._configure.max_memory_page)
        tables = new_tables(plan.tree.tables, self._configure.max_table_elements)
        guarded = all(memory.c.guarded for memory in memories)
        compiled = module._code.get((self._key, guarded)) or self._compile(module, guarded)
        core = allocate(plan, compiled, imports, memories, tables)
        if self._configure.proposals.isdisjoint(_SEGMENTS_ONE_BY_ONE):
            require_fitting_segments(core)
        try:
            if self._statistics is not None and plan.tree.start is not None:
                self._statistics.measure(self._switches, initialise, core)
            else:
                initialise(core)
        except Exit as end:
            self._ended(end)
        return core

    def _ended(self, end: Exit) -> None:
        """The guest has ended itself in its start function: an error unless with code 0."""
        if end.exit_code:
            raise end

    @staticmethod
    def _require_validated(module: Module) -> None:
        if not module.ast.validated:
            raise WorkflowError(ErrCode.NOT_VALIDATED)

    def _compile(self, module: Module, guarded: bool) -> CompiledModule:
        key = (self._key, guarded)
        with module._lock:
            found = module._code.get(key)
            if found is None:
                found = supply(
                    module.ast, self._configure, guarded=guarded, precompiled=module._precompiled
                )
                module._code[key] = found
        return found


def _plan(module: Module) -> Plan:
    with module._lock:
        if module._plan is None:
            module._plan = Plan(module.ast)
        plan: Plan = module._plan
        return plan
