"""The ``wasmedge`` command: run a WebAssembly program, or one function of a library."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # the part of `signal` that costs nothing
import gc
import os
import sys
import time

from ..base import log
from ..base.arguments import seconds
from ..base.config import Configure, HostRegistration, Tier, Validation
from ..base.errors import ErrCode, Exit, LoadError, Trap, ValidationError, WasmError
from ..base.types import MAX_PAGES, ValType
from ..cache import flush
from .options import (
    LIST,
    OPTIONAL,
    TOGGLE,
    VALUE,
    Option,
    Options,
    UnknownOptionError,
    UsageError,
    help_text,
)
from .switches import GENERAL, SWITCHES, configure_switches, put, version_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..base.types import FunctionType
    from ..vm import VM

_NAME = "wasmedge"

OPTIONS = (
    *GENERAL,
    Option("reactor", TOGGLE, "", "Call the function that is named by the first ARG."),
    Option("dir", LIST, "GUEST:HOST[:readonly]", "Give the program a directory. Repeatable."),
    Option("env", LIST, "NAME=VALUE", "Set an environment variable. Repeatable."),
    Option(
        "allow-net net",
        OPTIONAL,
        "PATTERN",
        "Let the program use the network, or what a pattern like tcp:127.0.0.1:8080, udp:*:53,"
        " tcp:[::1]:* or dns means. Repeatable.",
    ),
    Option("max-files", VALUE, "N", "Most files, directories and sockets open at a time."),
    *SWITCHES,
    Option(
        "validate-all", TOGGLE, "", "Validate functions before any runs, not when first called."
    ),
    Option("tier", VALUE, "NAME", "Code: quick, optimised, or auto: what is hot is optimised."),
    Option("time-limit", VALUE, "MS", "End the program after so many milliseconds; 0: never."),
    Option("gas-limit", VALUE, "N", "End the program when its cost would exceed N."),
    Option("memory-page-limit", VALUE, "N", "Most pages of 64 KiB a memory may have."),
    Option("table-limit", VALUE, "N", "Most elements the tables of a module may have together."),
    Option("cache-dir", VALUE, "DIR", "Keep compiled code there for later runs."),
    Option("no-cache", TOGGLE, "", "Neither use nor keep compiled code."),
    Option("no-precompiled", TOGGLE, "", "Ignore code that comes with a module."),
    Option("no-text", TOGGLE, "", "Refuse modules in the text format."),
    Option("dump-ir", VALUE, "DIR", "Write LLVM's code of each function compiled there."),
    Option("dump-asm", VALUE, "DIR", "Write the assembly of each function compiled there."),
    Option("perf-map", TOGGLE, "", "Write the names of functions to /tmp/perf-PID.map."),
    Option("jitdump", TOGGLE, "", "Write functions to jit-PID.dump, for perf inject --jit."),
    Option("gdb", TOGGLE, "", "Let GDB print frames of functions."),
    Option("forbidden-plugin", LIST, "NAME", "Do not register a plugin's modules. Repeatable."),
    Option("no-plugins", TOGGLE, "", "Load no plugins. Comes before the options of plugins."),
)

_USAGE = "\n  ".join(
    [
        f"{_NAME} [OPTIONS] [--] FILE [ARG ...]",
        f"{_NAME} [--cache-dir DIR] cache info|clear",
        f"{_NAME} plugin list",
        f"{_NAME} [OPTIONS] wast FILE ...",
        f"{_NAME} print [--folded] FILE",
    ]
)


_MAX_LINES = 24
"""Longest report of an error; what is cut off are functions far out in a backtrace."""

_GRACE = 0.09
"""Seconds a program that has reached its time limit gets for ending in an orderly way."""


_TIERS = {tier.name.lower(): tier for tier in Tier}


def main() -> None:
    """Entry point: run the command line of this process, end it with the exit code."""
    started = time.monotonic()
    # An interrupt from the terminal ends the process at once: Python could handle it only after
    # the program has returned.
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    gc.set_threshold(100_000)  # starting up and compiling make many objects, hardly any garbage
    closed = _reserve_streams()
    try:
        code = run(sys.argv[1:], started, closed)
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 1
    # No interpreter shutdown: nothing of it matters to anyone but this process.
    flush()
    os._exit(code & 0xFF)


def run(words: list[str], started: float, closed: tuple[int, ...] = ()) -> int:
    """Run a command line.

    Args:
        words: the command line after the command's name.
        started: when the command started, in seconds of ``time.monotonic()``.
        closed: those of the descriptors 0 to 2 that the program must not get.

    Returns:
        The exit code: the program's own (0 to 2^32-1), or 1 for any error.
    """
    try:
        options, table = _read(words)
        if options.on("version"):
            put(version_text(_NAME))
            return 0
        if options.on("help") or not options.rest:
            put(help_text(_USAGE, table, colour=os.isatty(1)))
            return 1
        if options.rest[0] == "cache" and not os.path.exists("cache"):
            from .cache import run as run_cache

            put(run_cache(options.rest[1:], _cache(options)))
            return 0
        if options.rest[0] == "plugin" and not os.path.exists("plugin"):
            from .plugins import run as run_plugin

            put(run_plugin(options.rest[1:]))
            return 0
        if options.rest[0] == "wast" and not os.path.exists("wast"):
            from .wast import run as run_scripts

            return run_scripts(options.rest[1:], _configure(options))
        if options.rest[0] == "print" and not os.path.exists("print"):
            from .print_text import run as run_print

            run_print(options.rest[1:], _configure(options))
            return 0
        if options.on("reactor") and len(options.rest) < 2:
            raise UsageError("--reactor needs the name of a function after the file")
        return _run(options, started, closed)
    except UsageError as error:
        put(f"{_NAME}: {error}\n", to=2)
    except WasmError as error:
        lines = str(error).splitlines()
        if len(lines) > _MAX_LINES:
            lines[_MAX_LINES:] = [f"  and {len(lines) - _MAX_LINES} more"]
        log.error("\n".join(lines))
    except MemoryError:
        log.error("out of memory")
    return 1


def _read(words: list[str]) -> tuple[Options, tuple[Option, ...]]:
    """The command line and the table of options, with those of plugins if they matter.

    Plugins are loaded here, which changes nothing if the command only prints its version.
    """
    try:
        options, unknown = Options(OPTIONS, words), None
    except UnknownOptionError as error:
        options, unknown = error.options, error
    if options.on("no-plugins") or (options.on("version") and unknown is None):
        if unknown is not None:
            raise unknown
        return options, OPTIONS
    from .plugins import apply, load

    table = load(OPTIONS)
    if unknown is not None:
        options = Options(table, words)
        if options.on("no-plugins"):
            raise UsageError("option --no-plugins has to come before options of plugins")
        apply(OPTIONS, options)
    return options, table


def _run(options: Options, started: float, closed: tuple[int, ...]) -> int:
    milliseconds = options.number("time-limit") or None
    limit = seconds(milliseconds and milliseconds / 1000, "time-limit")
    deadline = None if limit is None else started + limit
    configure = _configure(options)
    if deadline is not None:
        _end_process_at(deadline + _GRACE)
    _watch(options)
    from ..runtime.statistics import NO_LIMIT
    from ..vm import VM

    file, *args = options.rest
    vm = VM(configure)
    cost = options.number("gas-limit")
    if cost is not None:
        vm.statistics.cost_limit = min(cost, NO_LIMIT)
    wasi: Any = vm.import_module(HostRegistration.WASI)
    program = os.path.basename(file)
    if program.endswith(".so"):
        program = program.removesuffix(".so") + ".wasm"
    try:
        wasi.init([program, *args], options.all("env"), options.all("dir"))
        wasi.env.set_network([pattern or "*" for pattern in options.all("allow-net")])
        wasi.env.max_files = options.number("max-files")
    except ValueError as error:
        raise UsageError(str(error)) from None
    for fd in closed:
        wasi.env.remove(fd)
    try:
        _instantiate(vm, file, deadline)
        if options.on("reactor"):
            _call_library(vm, args[0], args[1:], deadline)
            return 0
        _call(vm, "_start", [], deadline)
    except Exit as end:
        return 0 if options.on("reactor") else end.exit_code
    except (LoadError, ValidationError) as error:  # in a function that was called first now
        _name_file(error, file)
        raise
    return int(wasi.exit_code)


def _instantiate(vm: VM, file: str, deadline: float | None) -> None:
    """Make the program in ``file`` the active instance; errors name the file."""
    try:
        if deadline is None:
            vm.start(file)
        else:
            from ..runtime.interrupt import with_timeout

            with_timeout(deadline - time.monotonic(), vm.start, file)
    except WasmError as error:
        _name_file(error, file)
        raise


def _name_file(error: WasmError, file: str) -> None:
    if repr(file) not in error.detail:
        error.detail = f"{file!r}: {error.detail}" if error.detail else repr(file)


def _configure(options: Options) -> Configure:
    configure = Configure()
    configure.host_registrations |= {HostRegistration.WASI, HostRegistration.WASMEDGE_PROCESS}
    configure.forbidden_plugins = frozenset(options.all("forbidden-plugin"))
    configure_switches(configure, options)
    if options.on("gas-limit"):
        configure.cost_measuring = True
    if options.on("validate-all"):
        configure.validation = Validation.EAGER
    tier = options.last("tier")
    if tier is not None:
        if tier not in _TIERS:
            raise UsageError(f"option --tier: not one of {', '.join(_TIERS)}: {tier}")
        configure.tier = _TIERS[tier]
    pages = options.number("memory-page-limit")
    if pages is not None:
        configure.max_memory_page = min(pages, MAX_PAGES)
    elements = options.number("table-limit")
    if elements is not None:
        configure.max_table_elements = min(elements, 0xFFFF_FFFF)
    configure.cache = _cache(options)
    if options.on("no-precompiled"):
        configure.precompiled = False
    if options.on("no-text"):
        configure.text = False
    return configure


def _watch(options: Options) -> None:
    """Switch on what helps to look into the program."""
    folders = [options.last(name) for name in ("dump-ir", "dump-asm")]
    if folders != [None, None]:
        from ..compiler import dump

        try:
            dump.use(dump.Dump(*[folder and os.path.abspath(folder) for folder in folders]))
        except OSError as error:
            raise UsageError(f"{error.filename}: {error.strerror}") from None
    if options.on("perf-map") or options.on("jitdump") or options.on("gdb"):
        from ..code.watch import switch

        for name, kind in (("perf-map", "map"), ("jitdump", "jitdump")):
            if options.on(name):
                switch.watch_for_perf(kind)
        if options.on("gdb"):
            switch.watch_for_gdb()


def _cache(options: Options) -> str | None:
    """Where compiled code is kept, as in ``Configure.cache``."""
    if options.on("no-cache"):
        return "off"
    given = options.all("cache-dir")
    return os.path.abspath(given[-1]) if given else None


def _call_library(vm: VM, name: str, words: list[str], deadline: float | None) -> None:
    """Reactor mode: initialise, call function ``name`` with ``words``, print its results."""
    types = dict(vm.function_list())
    if "_initialize" in types:
        _call(vm, "_initialize", [], deadline)
    type_ = types.get(name)
    args = _arguments(name, type_, words) if type_ else []
    results = _call(vm, name, args, deadline)  # reports a function that is not there
    if type_ and type_.results:
        values = results if len(type_.results) > 1 else (results,)
        lines = map(_format, type_.results, values)
        put("".join(f"{line}\n" for line in lines if line))


def _call(vm: VM, name: str, args: list[int | float], deadline: float | None) -> Any:
    left = None if deadline is None else deadline - time.monotonic()
    if left is not None and left <= 0:
        raise Trap(ErrCode.INTERRUPTED)
    try:
        return vm.execute(name, *args, timeout=left)
    finally:
        if report := vm.report():
            log.write(log.INFO, report, to=1)


_BITS = {ValType.I32: 32, ValType.I64: 64}


def _arguments(name: str, type_: FunctionType, words: list[str]) -> list[int | float]:
    """The arguments for a function from their texts; integers wrap around.

    Raises:
        Trap: 0x83, too few or too many.
        UsageError: a text is no number of its type, or the type cannot be given as text.
    """
    if len(words) != len(type_.params):
        raise Trap(ErrCode.FUNC_SIG_MISMATCH, f"{name}{type_}: {len(words)} arguments given")
    values: list[int | float] = []
    for param, word in zip(type_.params, words, strict=True):
        try:
            if param in _BITS:
                values.append(int(word) & (1 << _BITS[param]) - 1)
            elif param in (ValType.F32, ValType.F64):
                values.append(float(word))
            else:
                raise UsageError(f"an argument of type {param} cannot be given here")
        except ValueError:
            raise UsageError(f"not a number of type {param}: {word}") from None
    return values


def _format(type_: ValType, value: Any) -> str:
    """A result as text: integers unsigned, floats with six digits; ``""`` for other types."""
    if type_ in _BITS:
        return str(value & (1 << _BITS[type_]) - 1)
    return f"{value:g}" if type_ in (ValType.F32, ValType.F64) else ""


def _end_process_at(deadline: float) -> None:
    """Whatever the process is doing then, even if it waits for something that never comes."""
    import threading

    def watch() -> None:
        time.sleep(max(deadline - time.monotonic(), 0))
        log.error(str(Trap(ErrCode.INTERRUPTED)))
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _reserve_streams() -> tuple[int, ...]:
    """Make sure that no file gets the number of a standard stream; those that were closed."""
    closed = []
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            closed.append(fd)
            os.open(os.devnull, os.O_RDWR)  # the lowest free number: this one
    return tuple(closed)
