"""The text format: printing a program, assembling what was printed; scripts of the suite."""

from __future__ import annotations

import tarfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report import duration, table

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "tests" / "guests" / "rust" / "hyper_server.wasm"
SUITE = ROOT.parent / "shared" / "spec" / "spec-3.0-wast.tar.xz"


def section(rounds: int) -> dict[str, Any]:
    """Processor time of each, least of ``rounds``, and the ratio to the ``wasmtime`` package."""
    from pywasmedge.text import assemble, print_module

    binary = PROGRAM.read_bytes()
    texts = {"flat": print_module(binary), "folded": print_module(binary, folded=True)}
    actions: dict[str, tuple[int, Callable[[], object]]] = {}
    peers: dict[str, Callable[[], object]] = {}
    for name, text in texts.items():
        folded = name == "folded"
        actions[f"assemble {name}"] = len(text), lambda text=text: assemble(text)
        actions[f"print {name}"] = (
            len(text),
            lambda folded=folded: print_module(binary, folded=folded),
        )
    if SUITE.exists():
        scripts = _scripts()
        actions["scripts of 3.0"] = sum(map(len, scripts)), lambda: _assemble_all(scripts)
    try:
        import wasmtime
    except ImportError:
        pass
    else:
        for name, text in texts.items():
            peers[f"assemble {name}"] = lambda text=text: wasmtime.wat2wasm(text)
    least = dict.fromkeys([*actions, *(f"{name} (wasmtime)" for name in peers)], float("inf"))
    for _ in range(min(rounds, 3)):
        for name, (_, action) in actions.items():
            least[name] = min(least[name], _time(action))
            if name in peers:
                other = f"{name} (wasmtime)"
                least[other] = min(least[other], _time(peers[name]))
    rows = []
    for name, (size, _) in actions.items():
        other = least.get(f"{name} (wasmtime)")
        ratio = f"{least[name] / other:.1f}" if other else ""
        rate = f"{size / least[name] / 1e6:.2f} MB/s"
        rows.append((name, f"{size / 1e6:.1f} MB", duration(least[name]), rate, ratio))
    table("text format", ("", "text", "time", "rate", "/ wasmtime"), rows)
    return least


def _time(action: Callable[[], object]) -> float:
    start = time.process_time()
    action()
    return time.process_time() - start


def _scripts() -> list[bytes]:
    with tarfile.open(SUITE) as archive:
        return [
            opened.read()
            for member in archive
            if member.name.endswith(".wast") and "custom-descriptors" not in member.name
            if (opened := archive.extractfile(member)) is not None
        ]


def _assemble_all(scripts: list[bytes]) -> None:
    from pywasmedge.base.errors import WatError
    from pywasmedge.text import script

    for text in scripts:
        for module in script.read(text).modules.values():
            with suppress(WatError):  # many are malformed on purpose
                module.binary()
