"""The price of everything around execution: calls, instantiation, threads, compilation."""

from __future__ import annotations

import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engines import Pywasmedge, Wasmtime
from instructions import count as count_instructions
from instructions import repeated
from kernels import KERNELS
from report import duration, table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engines import Engine

GUEST = Path(__file__).parent / "guests" / "calls.wasm"


def best(
    action: Callable[[], object],
    count: int,
    rounds: int,
    clock: Callable[[], float] = time.thread_time,
) -> float:
    """Least seconds per operation of ``rounds`` runs of an ``action`` that does ``count``.

    The default clock counts processor time of this thread.
    """
    least = float("inf")
    for _ in range(rounds):
        start = clock()
        action()
        least = min(least, clock() - start)
    return least / count


# --- border crossings ------------------------------------------------------------------------


def tick(value: int) -> int:
    """The host function that the guest calls."""
    return value + 1


def pywasmedge_exports(engine: Pywasmedge) -> tuple[Callable[..., int], Callable[..., int]]:
    """``add`` and ``ticks`` of the guest."""
    exports = instantiate(engine, load(engine, GUEST)).exports
    return exports.add, exports.ticks


def wasmtime_exports(engine: Wasmtime) -> tuple[Callable[..., int], Callable[..., int]]:
    """``add`` and ``ticks`` of the guest."""
    import wasmtime

    store = wasmtime.Store(engine.engine)
    module = wasmtime.Module.from_file(engine.engine, str(GUEST))
    i32 = wasmtime.ValType.i32()
    host = wasmtime.Func(store, wasmtime.FuncType([i32], [i32]), tick)
    exports = wasmtime.Instance(store, module, [host]).exports(store)
    add, ticks = exports["add"], exports["ticks"]
    return partial(add, store), partial(ticks, store)


CALLS = 20_000


def call(add: Callable[..., int]) -> None:
    """Many calls of ``add``."""
    for _ in range(CALLS):
        add(1, 2)


def loop() -> None:
    """What ``call`` does besides calling."""
    for _ in range(CALLS):
        pass


def crossings(engines: Sequence[Engine], rounds: int) -> dict[str, dict[str, float]]:
    """Seconds of one call from Python, and of one call of Python from the guest."""
    results = {}
    for engine in engines:
        if isinstance(engine, Pywasmedge):
            add, ticks = pywasmedge_exports(engine)
        elif isinstance(engine, Wasmtime):
            add, ticks = wasmtime_exports(engine)
        else:
            continue
        if (add(2, 40), ticks(7)) != (42, 7):
            raise ValueError(f"{engine.name}: wrong result")
        results[engine.name] = {
            "call": best(partial(call, add), CALLS, rounds) - best(loop, CALLS, rounds),
            "host call": best(partial(ticks, CALLS), CALLS, rounds),
        }
    table(
        "Border crossings (one call)",
        ["engine", "Python calls add(i32, i32)", "guest calls a Python function"],
        [[name, *map(duration, r.values())] for name, r in results.items()],
    )
    return results


# --- instantiation ---------------------------------------------------------------------------


def load(engine: Pywasmedge, source: Path | bytes) -> Any:
    """A loaded and validated module."""
    from pywasmedge import Loader, Validator

    loader = Loader(engine.configure())
    module = loader.parse_bytes(source) if isinstance(source, bytes) else loader.parse_file(source)
    Validator(engine.configure()).validate(module)
    return module


def instantiate(engine: Pywasmedge, module: Any) -> Any:
    """A fresh instance of the call guest, its host function in a fresh store."""
    from pywasmedge import Executor, Store

    store = Store()
    executor = Executor(engine.configure())
    executor.register_import(store, host_module())
    return executor.instantiate(store, module)


def host_module() -> Any:
    """The host module of the call guest."""
    from pywasmedge import ModuleInstance

    host = ModuleInstance("host")
    host.add_function("tick", tick)
    return host


def instantiation(engines: Sequence[Engine], rounds: int) -> dict[str, dict[str, float]]:
    """Seconds to make (and drop) an instance of a compiled small module with a memory."""
    results = {}
    count = 1000
    for engine in engines:
        if isinstance(engine, Pywasmedge):
            from pywasmedge import Executor, Store

            module = load(engine, GUEST)
            executor, store = Executor(engine.configure()), Store()
            executor.register_import(store, host_module())

            def make(executor: Any = executor, store: Any = store, module: Any = module) -> None:
                for _ in range(count):
                    executor.instantiate(store, module)

            make()
        elif isinstance(engine, Wasmtime):
            import wasmtime

            compiled = wasmtime.Module.from_file(engine.engine, str(GUEST))
            i32 = wasmtime.ValType.i32()
            kind = wasmtime.FuncType([i32], [i32])

            def make(wasm: Any = engine.engine, compiled: Any = compiled, kind: Any = kind) -> None:
                for _ in range(count):
                    owner = wasmtime.Store(wasm)
                    wasmtime.Instance(owner, compiled, [wasmtime.Func(owner, kind, tick)])

        else:
            continue
        results[engine.name] = {"instantiate": best(make, count, rounds)}
    table(
        "Instantiation of a compiled small module",
        ["engine", "one instance"],
        [[name, duration(r["instantiate"])] for name, r in results.items()],
    )
    return results


# --- threads ---------------------------------------------------------------------------------


def scaling(engines: Sequence[Engine], rounds: int) -> dict[str, dict[str, float]]:
    """Throughput of two threads with a guest each, relative to one thread."""
    kernel = next(k for k in KERNELS if k.name == "collatz")
    results = {}
    for engine in engines:
        runs = [engine.load(kernel) for _ in range(2)]
        for run in runs:
            run(kernel.n)

        def both(runs: Sequence[Callable[[int], int]] = runs) -> None:
            threads = [threading.Thread(target=run, args=(2 * kernel.n,)) for run in runs]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        one = two = float("inf")
        for _ in range(rounds):
            one = min(one, best(partial(runs[0], 2 * kernel.n), 1, 1, time.perf_counter))
            two = min(two, best(both, 2, 1, time.perf_counter))
        results[engine.name] = {"one": one, "two": two, "throughput": one / two}
    table(
        f"Two threads, two guests ({kernel.name})",
        ["engine", "one thread", "two threads, per guest", "throughput"],
        [
            [name, duration(r["one"]), duration(r["two"]), f"{r['throughput']:.2f}x"]
            for name, r in results.items()
        ],
    )
    return results


# --- compilation -----------------------------------------------------------------------------


SAMPLE = 100_000
"""Bytes of code that are compiled for a measurement; big functions come as they come."""


def compilation(engine: Pywasmedge, big: Path | None, rounds: int) -> dict[str, dict[str, float]]:
    """Nanoseconds per instruction of each stage before execution.

    Measured with the functions of a kernel repeated until there is a megabyte of code, and with
    ``big``, a real program, if there is one.
    """
    json = next(kernel for kernel in KERNELS if kernel.name == "json")
    sources = {"json, repeated": repeated(json.wasm, 1_000_000)}
    if big:
        sources[big.name] = big.read_bytes()
    results = {}
    for name, data in sources.items():
        module = load(engine, data).ast
        total = count_instructions(module)

        def check(data: bytes = data) -> None:
            load(engine, data)

        results[name] = {
            "instructions": total,
            "load and validate": best(check, total, min(rounds, 5)) * 1e9,
            **compile_stages(engine, module),
        }
    columns = list(next(iter(results.values())))
    table(
        "Before execution (ns per wasm instruction, one thread)",
        ["module", *columns],
        [[name, *(f"{value:,.0f}" for value in r.values())] for name, r in results.items()],
    )
    return results


def compile_stages(engine: Pywasmedge, module: Any) -> dict[str, float]:
    """Nanoseconds per instruction of making LLVM text, and of LLVM's work at both levels."""
    from pywasmedge.compiler.codegen import Level, compile_ir
    from pywasmedge.compiler.unit import UnitWriter

    indices, size = [], 0
    for index, (first, end) in enumerate(module.bodies):
        if size > SAMPLE:
            break
        indices.append(index)
        size += end - first
    instructions = count_instructions(module, module.bodies[: len(indices)])
    writer = UnitWriter(module, engine.configure().proposals, guarded=True)
    units = [indices[at : at + 10] for at in range(0, len(indices), 10)]
    clock = time.process_time  # LLVM works on a thread of its own
    start = clock()
    texts = [writer.write(unit) for unit in units]
    stages = {"LLVM text": clock() - start}
    for level in Level:
        start = clock()
        for text in texts:
            compile_ir(text, level)
        stages[f"LLVM, {level.name.lower()}"] = clock() - start
    return {name: seconds / instructions * 1e9 for name, seconds in stages.items()}
