"""How late limits are kept, how long a fork takes, and how code generation grows with a body."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report import duration, table

if TYPE_CHECKING:
    from collections.abc import Callable

TESTS = Path(__file__).resolve().parents[1] / "tests"
LIMIT = 0.2
"""Seconds after which guests are stopped."""
CPU_SECONDS = 120
"""Of one compilation; it is stopped then."""


def section(rounds: int) -> dict[str, Any]:
    """Run and print all of it."""
    sys.path[:0] = [str(TESTS / "support"), str(TESTS)]
    return {"late": _late(rounds), "fork": _fork(rounds), "growth": _growth()}


# ---- Lateness ------------------------------------------------------------------------------------


def _late(rounds: int) -> dict[str, dict[str, float]]:
    from waits import GUESTS, Setting

    found: dict[str, dict[str, float]] = {}
    for name in GUESTS:
        setting = Setting(name)
        found[name] = {
            "limit": _worst(rounds, lambda vm=setting.vm: _timed_out(vm, "wait")),
            "cancel": _worst(rounds, lambda vm=setting.vm: _cancelled(vm, "wait")),
        }
        setting.close()
    for name, tier, shape, size in (
        ("first call, quick code of 3 MB", "AUTO", "multiplications", 400_000),
        ("first call, LLVM with 48 KB", "OPTIMISED", "conditionals", 6000),
        ("first call, LLVM with 60 KB of loops", "OPTIMISED", "loops that count", 1500),
    ):
        make = lambda t=tier, s=shape, n=size: _compiling(t, s, n)  # noqa: E731
        found[name] = {
            "limit": _worst(min(rounds, 3), lambda m=make: _timed_out(m(), "f", 5)),
            "cancel": _worst(min(rounds, 3), lambda m=make: _cancelled(m(), "f", 5)),
        }
    rows = [(n, duration(f["limit"]), duration(f["cancel"])) for n, f in found.items()]
    table(f"limits: how late at worst, of {rounds}", ("guest is", "time limit", "cancelled"), rows)
    return found


def _worst(rounds: int, measure: Callable[[], float]) -> float:
    return max(measure() for _ in range(rounds))


def _compiling(tier: str, shape: str, size: int) -> Any:
    import shapes

    from pywasmedge import VM, Configure, Tier

    vm = VM(Configure(tier=Tier[tier], cache="off"))
    vm.start(shapes.module(shape, size))
    return vm


def _timed_out(vm: Any, name: str, *args: int) -> float:
    from pywasmedge import Trap

    limit = LIMIT if name == "wait" else LIMIT / 10
    begin = time.perf_counter()
    try:
        vm.execute(name, *args, timeout=limit)
    except Trap:
        return max(time.perf_counter() - begin - limit, 1e-9)
    return float("nan")  # it was done before


def _cancelled(vm: Any, name: str, *args: int) -> float:
    from pywasmedge import Trap

    run = vm.execute_async(name, *args)
    time.sleep(LIMIT if name == "wait" else LIMIT / 10)
    begin = time.perf_counter()
    run.cancel()
    try:
        run.result()
    except Trap:
        return time.perf_counter() - begin
    return float("nan")


# ---- Forks ---------------------------------------------------------------------------------------


def _fork(rounds: int) -> dict[str, float]:
    from pywasmedge.compiler.codegen import Level, compile_ir

    idle = _forked(rounds)
    text = "define i32 @f(i32 %a) {\n" + "".join(
        f"  %x{i} = mul i32 %{f'y{i - 1}' if i else 'a'}, %a\n  %y{i} = xor i32 %x{i}, {i}\n"
        for i in range(8000)
    )
    text += "  ret i32 %y7999\n}\n"
    busy = threading.Thread(target=compile_ir, args=(text, Level.OPTIMISED), daemon=True)
    busy.start()
    time.sleep(1)
    while_busy = _forked(1)
    still = busy.is_alive()
    found = {"idle": idle, "busy": while_busy if still else float("nan")}
    rows = [(name, duration(seconds)) for name, seconds in found.items()]
    table("limits: fork() at worst", ("LLVM is", "time"), rows)
    return found


def _forked(rounds: int) -> float:
    worst = 0.0
    for _ in range(rounds):
        begin = time.perf_counter()
        child = os.fork()
        if child == 0:
            os._exit(0)
        worst = max(worst, time.perf_counter() - begin)
        os.waitpid(child, 0)
    return worst


# ---- Growth --------------------------------------------------------------------------------------

KINDS = {"quick": 10_000, "optimised": 1000}
"""How much of everything the smallest bodies have."""

ONE = """
import resource, sys
sys.path[:0] = {path}
import shapes
from pywasmedge import VM, Configure, Tier
from pywasmedge.code.compiled import CompiledModule
from pywasmedge.module.loader import load
resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
def made(binary):
    configure = Configure(tier=Tier[{tier!r}], cache="off", lazy=True)
    compiled = CompiledModule(load(binary, configure), configure)
    begin = cpu()
    compiled.ensure(0)
    return cpu() - begin, compiled.level(0).name
made(shapes.module({shape!r}, 10))
binary = shapes.module({shape!r}, {count})
print(*made(binary), len(binary))
"""


def _growth() -> dict[str, dict[str, list[float]]]:
    import shapes

    found: dict[str, dict[str, list[float]]] = {}
    for kind, least in KINDS.items():
        rows = []
        for shape in shapes.BODIES:
            times = [_one(kind, shape, least << i) for i in range(4)]
            found.setdefault(kind, {})[shape] = [seconds for seconds, _, _ in times]
            rows.append((shape, *map(_cell, times), f"{_per_byte(times):.1f}"))
        table(
            f"limits: processor time of code in tier {kind.upper()}, for n to 8 n (q: quick code)",
            ("body", "n", "2 n", "4 n", "8 n", "most us/byte"),
            rows,
        )
        worst = [_per_byte([(s, "", b)]) for s, b in _SIZES.get(kind, [])]
        if worst:
            print(f"  median {statistics.median(worst):.2f} us/byte")
    return found


_SIZES: dict[str, list[tuple[float, int]]] = {}


def _one(kind: str, shape: str, count: int) -> tuple[float, str, int]:
    script = ONE.format(
        path=sys.path[:2], seconds=CPU_SECONDS, tier=kind.upper(), shape=shape, count=count
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return float("nan"), "", 1
    seconds, level, size = done.stdout.split()
    _SIZES.setdefault(kind, []).append((float(seconds), int(size)))
    return float(seconds), level, int(size)


def _cell(time_: tuple[float, str, int]) -> str:
    return duration(time_[0]) + (" q" if time_[1] == "QUICK" else "")


def _per_byte(times: list[tuple[float, str, int]]) -> float:
    return max(1e6 * seconds / size for seconds, _, size in times)
