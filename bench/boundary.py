"""The price of the C API: calls in both directions, data access, threads, the first call.

``boundary/host.c`` is a C host of ours, ``boundary/peer.c`` the same on the library inside the
wasmtime package. Both are built with ``cc -O2`` and run in turns.
"""

from __future__ import annotations

import ctypes
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from report import duration, table

HERE = Path(__file__).parent / "boundary"
GUEST = HERE / "guest.wasm"
PER_CALL = {"host-call": 5_000_000}
"""Operations behind one measured operation."""
LIMITS = {
    "call-by-name": ("WasmEdge_VMExecute", 100),
    "call": ("WasmEdge_ExecutorInvoke", 60),
    "host-call": ("host function, called by the guest", 20),
    "find": ("WasmEdge_ModuleInstanceFindFunction", 50),
    "memory-get": ("WasmEdge_MemoryInstanceGetData, 8 bytes", 50),
    "memory-set": ("WasmEdge_MemoryInstanceSetData, 8 bytes", 50),
    "global-get": ("WasmEdge_GlobalInstanceGetValue", 50),
    "global-set": ("WasmEdge_GlobalInstanceSetValue", 50),
    "table-get": ("WasmEdge_TableInstanceGetData", 50),
    "table-set": ("WasmEdge_TableInstanceSetData", 50),
}
"""What is measured: the function and the nanoseconds it is meant to stay within."""


def build(name: str, directory: Path, library: Path, *options: str) -> Path:
    """Compile one of the programs."""
    made = directory / name
    command = [
        *("cc", "-O2", "-std=gnu11", *options, str(HERE / f"{name}.c"), "-o", str(made)),
        *(str(library), f"-Wl,-rpath,{library.parent}", "-pthread"),
    ]
    subprocess.run(command, check=True)
    return made


def figures(program: Path) -> dict[str, float]:
    """Run a program and read what it prints."""
    output = subprocess.run([program, GUEST], check=True, stdout=subprocess.PIPE, text=True).stdout
    pairs = (line.split() for line in output.splitlines())
    return {name: float(value) / PER_CALL.get(name, 1) for name, value in pairs}


def peer_library() -> Path | None:
    """The library of the wasmtime package, if its layouts are those of ``peer.c``."""
    if importlib.util.find_spec("wasmtime") is None:
        return None
    from wasmtime import _bindings, _ffi

    known = {"wasmtime_val": 32, "wasmtime_extern": 32, "wasmtime_instance": 16}
    if any(ctypes.sizeof(getattr(_bindings, n)) != size for n, size in known.items()):
        print("boundary: the wasmtime package has other layouts than known", file=sys.stderr)
        return None
    return Path(_ffi.dll._name)


def section(rounds: int) -> dict[str, Any]:
    """Measure, print and return all figures: nanoseconds, and factors for threads."""
    import pywasmedge

    if shutil.which("cc") is None:
        print("boundary: no C compiler (cc)", file=sys.stderr)
        return {}
    package = Path(pywasmedge.__file__).parent
    include = next(p for p in (package / "include", package.parent / "include") if p.exists())
    with tempfile.TemporaryDirectory() as directory:
        where = Path(directory)
        ours = build("host", where, package / "libwasmedge_c.so", f"-I{include}")
        library = peer_library()
        peer = build("peer", where, library) if library else None
        runs: list[dict[str, float]] = []
        others: list[dict[str, float]] = []
        for _ in range(rounds):
            runs.append(figures(ours))
            if peer:
                others.append(figures(peer))
    least = {name: min(run[name] for run in runs) for name in runs[0]}
    theirs = {name: min(run[name] for run in others) for name in others[0]} if others else {}
    rows = []
    for name, (label, limit) in LIMITS.items():
        other = theirs.get(name)
        ratio = f"{least[name] / other:.2f}" if other else "-"
        rows.append(
            (
                label,
                duration(least[name] * 1e-9),
                f"{limit} ns",
                duration(other * 1e-9 if other else None),
                ratio,
            )
        )
    table("C API", ("", "pywasmedge", "limit", "wasmtime", "ratio"), rows)
    print(f"  first call of a process, interpreter included: {duration(least['first'] * 1e-9)}")
    threads = {name: max(run[name] for run in runs) for name in least if "vm" in name}
    shown = ", ".join(f"{name} {value:.2f}x" for name, value in threads.items())
    print(f"  two threads against one: {shown}")
    return {"pywasmedge": {**least, **threads}, "wasmtime": theirs}
