"""What a host can switch: proposals, host modules, limits, code generation."""

from __future__ import annotations

import os
from enum import IntEnum

from .arguments import count, items, path
from .record import dataclass, field
from .types import MAX_PAGES


class Proposal(IntEnum):
    """A WebAssembly proposal; values of ``enum WasmEdge_Proposal``."""

    IMPORT_EXPORT_MUT_GLOBALS = 0
    NON_TRAP_FLOAT_TO_INT_CONVERSIONS = 1
    SIGN_EXTENSION_OPERATORS = 2
    MULTI_VALUE = 3
    BULK_MEMORY_OPERATIONS = 4
    REFERENCE_TYPES = 5
    SIMD = 6
    TAIL_CALL = 7
    MULTI_MEMORIES = 8
    ANNOTATIONS = 9
    MEMORY64 = 10
    EXCEPTION_HANDLING = 11
    EXTENDED_CONST = 12
    THREADS = 13
    FUNCTION_REFERENCES = 14
    # not in 0.10.0
    LEGACY_EXCEPTIONS = 15
    GC = 16
    RELAXED_SIMD = 17
    WIDE_ARITHMETIC = 18
    CUSTOM_PAGE_SIZES = 19


DEFAULT_PROPOSALS = frozenset(p for p in Proposal if p <= Proposal.SIMD)
"""The proposals that are on unless a configuration says otherwise."""


class HostRegistration(IntEnum):
    """A host module a VM registers by itself; values of ``enum WasmEdge_HostRegistration``."""

    WASI = 0
    WASMEDGE_PROCESS = 1


class Validation(IntEnum):
    """When function bodies are validated if loading, validating and running is one step.

    That is so in the command, and in what runs or registers a file or bytes
    (``VM.run_wasm_from_*``, ``VM.register_module_from_*``). What a module declares is always
    validated first. ``Loader`` and ``Validator`` always look at everything.
    """

    AUTO = 0
    """``EAGER`` for small binaries, otherwise ``LAZY``."""
    EAGER = 1
    """All of them, before anything runs."""
    LAZY = 2
    """Each one when it is called first; an invalid one makes this call fail with its error."""


class Tier(IntEnum):
    """Which code generator serves a function."""

    AUTO = 0
    """Quick code at the first call, optimised code from a background thread."""
    QUICK = 1
    """Quick code only: least waiting, slowest code."""
    OPTIMISED = 2
    """Optimised code only."""


class OptimizationLevel(IntEnum):
    """Effort of the ahead-of-time compiler; ``enum WasmEdge_CompilerOptimizationLevel``."""

    O0 = 0
    O1 = 1
    O2 = 2
    O3 = 3
    OS = 4
    """Like ``O2``, but not at the price of larger code."""
    OZ = 5
    """As small as possible."""


class OutputFormat(IntEnum):
    """What the ahead-of-time compiler writes; ``enum WasmEdge_CompilerOutputFormat``."""

    NATIVE = 0
    """A shared library."""
    WASM = 1
    """The module with its code in a custom section."""


def exact_traps_are_wanted() -> bool:
    """Whether the environment asks for ``Configure.exact_traps``."""
    return os.environ.get("PYWASMEDGE_EXACT_TRAPS", "") not in ("", "0", "off")


@dataclass(slots=True)
class Configure:
    """Configuration of a VM and of the stages it is made of.

    Every context that takes a configuration checks and copies it (raising ``TypeError`` or
    ``ValueError``), so later changes have no effect on it.

    Attributes:
        proposals: the enabled proposals.
        host_registrations: host modules a VM registers by itself.
        forbidden_plugins: names of plugins whose modules a VM does not register.
        max_memory_page: most pages an instantiated memory may have, 0 to 65536.
        max_table_elements: most elements the tables that a module defines may have together, in
            each of its instances, 0 to 2**32 - 1; 8 bytes each. An instance beyond does not come
            to be (Trap 0x87), growing beyond gives -1.
        tier: which code generator serves functions.
        validation: when the one-step functions validate function bodies.
        lazy: compile functions at their first call (``None``: decided by the module's size).
        instruction_counting: count the instructions that are executed (see ``Statistics``).
        cost_measuring: add up their cost and respect its limit.
        time_measuring: measure the time guests run.
        exact_traps: optimised code always ends with the trap that quick code ends with, and leaves
            the same memory, globals and tables; without, accesses of memory in innermost loops
            may differ (``docs/RATIONALE.md``). Default: whether the environment variable
            ``PYWASMEDGE_EXACT_TRAPS`` is set, to anything but ``0`` and ``off``.
        cache: directory where code is kept for later runs, or ``"off"``; ``None`` for what the
            environment says, see ``docs/CACHE.md``.
        precompiled: use code that was compiled ahead of time and comes with a module, which has
            to be trusted like a program; ``None``: unless the environment variable
            ``PYWASMEDGE_PRECOMPILED`` is ``off``.
        text: accept modules in the text format wherever binaries are; ``None``: unless the
            environment variable ``PYWASMEDGE_TEXT`` is ``off``.
        optimization_level, output_format: of the ahead-of-time compiler.
        dump_ir: it writes ``wasm.ll`` and ``wasm-opt.ll`` to the current directory.
        generic_binary: its code is not only for processors that can do what this one can.
        interruptible: its code can be interrupted; all code can.
    """

    proposals: set[Proposal] = field(default_factory=lambda: set(DEFAULT_PROPOSALS))
    host_registrations: set[HostRegistration] = field(default_factory=set)
    forbidden_plugins: frozenset[str] = frozenset()
    max_memory_page: int = MAX_PAGES
    max_table_elements: int = 10_000_000
    tier: Tier = Tier.AUTO
    validation: Validation = Validation.AUTO
    lazy: bool | None = None
    instruction_counting: bool = False
    cost_measuring: bool = False
    time_measuring: bool = False
    exact_traps: bool = field(default_factory=exact_traps_are_wanted)
    cache: str | None = None
    precompiled: bool | None = None
    text: bool | None = None
    optimization_level: OptimizationLevel = OptimizationLevel.O3
    output_format: OutputFormat = OutputFormat.WASM
    dump_ir: bool = False
    generic_binary: bool = False
    interruptible: bool = False

    def add_proposal(self, proposal: Proposal) -> None:
        """Enable ``proposal``; no effect if it is enabled already."""
        self.proposals.add(Proposal(proposal))

    def remove_proposal(self, proposal: Proposal) -> None:
        """Disable ``proposal``; no effect if it is disabled already."""
        self.proposals.discard(Proposal(proposal))

    def has_proposal(self, proposal: Proposal) -> bool:
        """Whether ``proposal`` is enabled."""
        return proposal in self.proposals

    def copy(self) -> Configure:
        """An independent copy, checked.

        Raises:
            TypeError, ValueError: an attribute is none of its values.
        """
        Tier(self.tier), Validation(self.validation)
        count(self.max_memory_page, "max_memory_page", MAX_PAGES)
        count(self.max_table_elements, "max_table_elements", 0xFFFF_FFFF)
        forbidden = frozenset(items(self.forbidden_plugins, "forbidden_plugins"))
        made = Configure(set(self.proposals), set(self.host_registrations))
        for name in _PLAIN:
            setattr(made, name, getattr(self, name))
        made.forbidden_plugins = forbidden
        if made.cache is not None:
            made.cache = path(made.cache, "cache")
        return made


_PLAIN = tuple(n for n in Configure.__annotations__ if n not in ("proposals", "host_registrations"))
"""Attributes whose values are shared by copies."""
