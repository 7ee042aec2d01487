"""WASI functions in loops: time per call, and bytes per second where data moves."""

from __future__ import annotations

import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engines import Pywasmedge, Wasmtime
from report import duration, table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engines import Engine

GUEST = Path(__file__).parent / "guests" / "wasi.wasm"
ARGUMENTS = ["program", "first", "second"]
ENVIRONMENT = {"HOME": "/", "LANG": "C"}
CALLS = (
    *("clock_time_get", "args_sizes_get", "args_get", "environ_sizes_get", "environ_get"),
    *("fd_fdstat_get", "fd_prestat_get", "fd_seek", "fd_tell", "sched_yield"),
)
"""Measured in calls."""
TRANSFERS = ("fd_write", "fd_read", "fd_pread", "fd_pwrite", "random_get")
"""Measured in calls with few bytes and in bytes."""
SMALL, LARGE = 16, 1 << 16
NAMES = ("start", *CALLS, *TRANSFERS)
COUNTS = {0: 50_000, SMALL: 50_000, LARGE: 1_000}
"""Calls of one measurement by size."""

Exports = dict[str, "Callable[..., int]"]


def ours(engine: Pywasmedge, directory: str) -> Exports:
    """The guest's exports with output that goes nowhere and a directory to write to."""
    from costs import load

    from pywasmedge import Executor, Store
    from pywasmedge.wasi import WASI

    output = open("/dev/null", "wb")  # noqa: SIM115  (the guest's, for as long as it runs)
    wasi = WASI(ARGUMENTS, ENVIRONMENT, {"/": directory}, stdout=output)
    store = Store()
    executor = Executor(engine.configure())
    executor.register_import(store, wasi)
    exports = executor.instantiate(store, load(engine, GUEST)).exports
    return {name: getattr(exports, name) for name in NAMES}


def peers(engine: Wasmtime, directory: str) -> Exports:
    """The same for the wasmtime package."""
    import wasmtime

    config = wasmtime.WasiConfig()
    config.argv = ARGUMENTS
    config.env = list(ENVIRONMENT.items())
    config.stdout_file = "/dev/null"
    config.preopen_dir(directory, "/")
    store = wasmtime.Store(engine.engine)
    store.set_wasi(config)
    linker = wasmtime.Linker(engine.engine)
    linker.define_wasi()
    module = wasmtime.Module.from_file(engine.engine, str(GUEST))
    exports = linker.instantiate(store, module).exports(store)
    return {name: partial(exports[name], store) for name in NAMES}


def section(engines: Sequence[Engine], rounds: int) -> dict[str, Any]:
    """Measure, print and return seconds per call by function, size and engine."""
    makers = {Pywasmedge: ours, Wasmtime: peers}
    cases = [(name, 0) for name in CALLS]
    cases += [(name, size) for size in (SMALL, LARGE) for name in TRANSFERS]
    with tempfile.TemporaryDirectory() as directory:
        sides: dict[str, Exports] = {}
        for engine in engines:
            if type(engine) in makers:
                sides[engine.name] = makers[type(engine)](engine, directory)  # type: ignore[operator]
        for exports in sides.values():
            check(exports["start"]())
        least = {name: dict.fromkeys(cases, float("inf")) for name in sides}
        for _ in range(rounds):
            for case in cases:
                for name, exports in sides.items():
                    least[name][case] = min(least[name][case], timed(exports, *case))
    rows = []
    for case in cases:
        figures = [least[name][case] for name in sides]
        ratio = f"{figures[0] / figures[-1]:.2f}" if len(figures) > 1 else "-"
        rows.append([label(*case), *(shown(value, case[1]) for value in figures), ratio])
    table("WASI functions, called by a guest", ["", *sides, "ratio"], rows)
    return {name: {label(*case): v for case, v in times.items()} for name, times in least.items()}


def timed(exports: Exports, name: str, size: int) -> float:
    """Seconds per call."""
    count = COUNTS[size]
    start = time.perf_counter()
    check(exports[name](count, size))
    return (time.perf_counter() - start) / count


def check(error: int) -> None:
    """Fail if the guest did."""
    if error:
        raise RuntimeError(f"the guest got errno {error}")


def label(name: str, size: int) -> str:
    """What a line is about."""
    return f"{name}, {size} bytes" if size else name


def shown(seconds: float, size: int) -> str:
    """A time, and bytes per second if there are many of them."""
    if size != LARGE:
        return duration(seconds)
    return f"{duration(seconds)} ({size / seconds / 1e9:.2f} GB/s)"
