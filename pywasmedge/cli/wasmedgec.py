"""The ``wasmedgec`` command: compile a module ahead of time."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # the part of `signal` that costs nothing
import os
import sys
import time

from ..base import log
from ..base.config import Configure, OptimizationLevel, OutputFormat
from ..base.errors import WasmError
from .options import TOGGLE, VALUE, Option, Options, UsageError, help_text
from .switches import GENERAL, SWITCHES, configure_switches, put, version_text

_NAME = "wasmedgec"
_USAGE = f"{_NAME} [OPTIONS] [--] IN OUT"
_LIBRARY = ".so"
"""Ends the names of shared libraries; any other file becomes universal wasm."""
_LEVELS = {level.name.lower(): level for level in OptimizationLevel}

OPTIONS = (
    *GENERAL,
    Option("dump", TOGGLE, "", "Write the intermediate code to wasm.ll and wasm-opt.ll."),
    Option("interruptible", TOGGLE, "", "Generate code that can be interrupted (all code can)."),
    Option("generic-binary", TOGGLE, "", "Generate code not only for the processor of this host."),
    Option("optimize", VALUE, "LEVEL", f"One of {', '.join(_LEVELS)}; default o3."),
    *SWITCHES,
)

_INTERVAL = 0.1
"""Seconds between two lines of progress on a terminal."""


def main() -> None:
    """Entry point: run the command line of this process, end it with the exit code."""
    # An interrupt from the terminal ends the process at once: no output is half written.
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    sys.exit(run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """Run a command line.

    Args:
        words: the command line after the command's name.

    Returns:
        The exit code: 0, or 1 for any error.
    """
    try:
        options = Options(OPTIONS, words)
        if options.on("version"):
            put(version_text(_NAME))
            return 0
        if options.on("help") or not options.rest:
            put(help_text(_USAGE, OPTIONS, colour=os.isatty(1)))
            return 1
        if len(options.rest) != 2:
            raise UsageError(f"two files are wanted, {len(options.rest)} given")
        source, output = options.rest
        return _compile(source, output, _configure(options, output))
    except UsageError as error:
        put(f"{_NAME}: {error}\n", to=2)
    except MemoryError:
        log.error("out of memory")
    return 1


def _configure(options: Options, output: str) -> Configure:
    configure = Configure()
    configure_switches(configure, options)
    configure.dump_ir = options.on("dump")
    configure.interruptible = options.on("interruptible")
    configure.generic_binary = options.on("generic-binary")
    level = options.last("optimize")
    if level is not None:
        if level.lower() not in _LEVELS:
            raise UsageError(f"option --optimize: one of {', '.join(_LEVELS)}, not {level}")
        configure.optimization_level = _LEVELS[level.lower()]
    library = output.endswith(_LIBRARY)
    configure.output_format = OutputFormat.NATIVE if library else OutputFormat.WASM
    return configure


_STEPS = {"loading": "load", "validation": "validate"}


def _compile(source: str, output: str, configure: Configure) -> int:
    from ..prepare.ahead import Compiler

    progress = _Progress(source)
    try:
        log.write(log.INFO, f"compiling {source} to {output}", to=1)
        Compiler(configure).compile(source, output, progress)
    except WasmError as error:
        progress.end()
        log.error(str(error))
        step = "compile" if progress.begun else _STEPS.get(error.code.phase, "compile")
        log.error(f"{step} failed. Error code: {int(error.code)}")
        return 1
    progress.end()
    log.write(log.INFO, f"done: {os.path.getsize(output)} bytes", to=1)
    return 0


class _Progress:
    """A line that tells how far the compilation is, if there is a terminal.

    Attributes:
        begun: something has been compiled.
    """

    def __init__(self, name: str) -> None:
        self._name = os.path.basename(name)
        self._shown = 0.0
        self._started = time.monotonic()
        self._wanted = os.isatty(2)
        self.begun = False

    def __call__(self, done: int, total: int) -> None:
        self.begun = True
        now = time.monotonic()
        if not self._wanted or now - self._shown < _INTERVAL:
            return
        self._shown = now
        left = (now - self._started) * (total - done) / max(done, 1)
        put(f"\r{self._name}: {100 * done // max(total, 1)} %, {left:.0f} s left \x1b[K", to=2)

    def end(self) -> None:
        """Remove the line."""
        if self._shown:
            put("\r\x1b[K", to=2)
