"""What the commands have in common: options for proposals and statistics, printing."""

from __future__ import annotations

import os

from ..base.config import Proposal
from .options import TOGGLE, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..base.config import Configure
    from .options import Options

VERSION = "0.10.0"
"""The release of the command line interface this one follows."""

_PROPOSALS = {
    "disable-import-export-mut-globals": Proposal.IMPORT_EXPORT_MUT_GLOBALS,
    "disable-non-trap-float-to-int": Proposal.NON_TRAP_FLOAT_TO_INT_CONVERSIONS,
    "disable-sign-extension-operators": Proposal.SIGN_EXTENSION_OPERATORS,
    "disable-multi-value": Proposal.MULTI_VALUE,
    "disable-bulk-memory": Proposal.BULK_MEMORY_OPERATIONS,
    "disable-reference-types": Proposal.REFERENCE_TYPES,
    "disable-simd": Proposal.SIMD,
    "enable-multi-memory": Proposal.MULTI_MEMORIES,
    "enable-tail-call": Proposal.TAIL_CALL,
    "enable-extended-const": Proposal.EXTENDED_CONST,
    "enable-threads": Proposal.THREADS,
}
_STATISTICS = {
    "enable-instruction-count": "instruction_counting",
    "enable-gas-measuring": "cost_measuring",
    "enable-time-measuring": "time_measuring",
}
_ALL = ("enable-multi-memory", "enable-tail-call", "enable-extended-const")

GENERAL = (
    Option("version v", TOGGLE, "", "Print the version and exit."),
    Option("help h", TOGGLE, "", "Print this page and exit."),
)
SWITCHES = (
    Option("enable-instruction-count", TOGGLE, "", "Count executed instructions."),
    Option("enable-gas-measuring", TOGGLE, "", "Add up the cost of executed instructions."),
    Option("enable-time-measuring", TOGGLE, "", "Measure execution time."),
    Option("enable-all-statistics", TOGGLE, "", "The three above."),
    Option(
        "exact-traps", TOGGLE, "", "Traps and the state behind them never depend on optimising."
    ),
    *(
        Option(
            name,
            TOGGLE,
            "",
            f"Switch {'off' if name[0] == 'd' else 'on'} the proposal"
            f" {proposal.name.lower().replace('_', ' ')}.",
        )
        for name, proposal in _PROPOSALS.items()
    ),
    Option("enable-all", TOGGLE, "", f"Same as {' '.join(f'--{name}' for name in _ALL)}."),
)


def configure_switches(configure: Configure, options: Options) -> None:
    """Set what ``SWITCHES`` say."""
    for name, proposal in _PROPOSALS.items():
        if options.on(name) or (name in _ALL and options.on("enable-all")):
            if name.startswith("disable"):
                configure.remove_proposal(proposal)
            else:
                configure.add_proposal(proposal)
    for name, switch in _STATISTICS.items():
        setattr(configure, switch, options.on(name) or options.on("enable-all-statistics"))
    if options.on("exact-traps"):
        configure.exact_traps = True


def version_text(name: str) -> str:
    """What ``--version`` prints: the release on a line of its own, then what it is made of."""
    import platform

    from ..compiler.baseline.stencil import available
    from ..kernel.native import ffi, lib

    try:
        from ..compiler.codegen import llvm_version

        llvm = "LLVM {} (llvmlite {})".format(*llvm_version())
    except (ImportError, OSError) as error:
        llvm = f"no LLVM ({error})"
    import _cffi_backend  # type: ignore[import-untyped]

    quick = "with" if available() else "without"
    return (
        f"{name} version {VERSION}\n"
        f"{llvm}, cffi {_cffi_backend.__version__},"
        f" {platform.python_implementation()} {platform.python_version()}\n"
        f"built for {platform.machine()} by {ffi.string(lib.we_build()).decode()},"
        f" {quick} quick code\n"
    )


def put(text: str, to: int = 1) -> None:
    """Write to a standard stream of the host; that it is closed is no reason to fail."""
    try:  # noqa: SIM105  (contextlib is not worth its import)
        os.write(to, text.encode("utf-8", "backslashreplace"))
    except OSError:
        pass
