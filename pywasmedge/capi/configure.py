"""Configurations of C hosts as :class:`Configure` objects."""

from __future__ import annotations

from ..base.config import (
    Configure,
    HostRegistration,
    OptimizationLevel,
    OutputFormat,
    Proposal,
)
from ..base.types import MAX_PAGES
from ..kernel.native import ffi, lib
from ..runtime.statistics import switches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..kernel.native import CData


def configuration(context: CData) -> Configure:
    """A copy of a ``WasmEdge_ConfigureContext``; the default configuration for NULL."""
    return _translate(_read(context))


def configuration_and_switches(context: CData) -> tuple[Configure, int]:
    """The same with what is to be measured, in the kernel's bits."""
    configure = configuration(context)
    return configure, switches(configure)


def _read(context: CData) -> CData:
    copy = ffi.new("we_configuration *")
    lib.capi_configuration(context, copy)
    return copy


def _translate(c: CData) -> Configure:
    configure = Configure(
        {p for p in Proposal if c.proposals >> p & 1},
        {h for h in HostRegistration if c.hosts >> h & 1},
        max_memory_page=min(c.max_memory_page, MAX_PAGES),
    )
    configure.time_measuring = bool(c.time_measuring)
    configure.instruction_counting = bool(c.instruction_counting)
    configure.cost_measuring = bool(c.cost_measuring)
    configure.optimization_level = OptimizationLevel(c.optimization_level)
    configure.output_format = OutputFormat(c.output_format)
    configure.dump_ir = bool(c.dump_ir)
    configure.generic_binary = bool(c.generic_binary)
    configure.interruptible = bool(c.interruptible)
    configure.text = None if c.text else False
    return configure
