"""A server with a poll loop under load: as a guest, and the same C program built natively."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from report import table

ROOT = Path(__file__).parents[1]
SERVER = ROOT / "tests" / "guests" / "net" / "poll_echo"
LOAD = Path(__file__).parent / "guests" / "net_load.c"
CASES = ((1, 64, 2000), (200, 64, 20), (200, 4096, 20), (8, 16384, 400))
"""Connections, bytes of a message, messages per connection."""


def build(source: Path, target: Path) -> Path:
    """Compile a program for this machine."""
    command = ["gcc", "-O2", "-std=gnu11", str(source), "-o", str(target)]
    subprocess.run(command, check=True)
    return target


def measure(server: list[str], load: Path, case: tuple[int, int, int]) -> tuple[float, ...]:
    """Seconds for all messages; median and 99th percentile of the microseconds for one."""
    connections, size, rounds = case
    with subprocess.Popen(
        [*server, "0", str(connections)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout is not None
        port = process.stdout.readline().split()[1]
        words = [str(load), port, str(connections), str(size), str(rounds)]
        done = subprocess.run(words, check=True, capture_output=True, text=True, timeout=120)
    return tuple(map(float, done.stdout.split()))


def section(rounds: int) -> dict[str, Any]:
    """Measure, print and return the least times of each case, the guest's and the native one's."""
    guest = [sys.executable, "-m", "pywasmedge", "--allow-net=tcp:127.0.0.1:*", f"{SERVER}.wasm"]
    figures: dict[str, Any] = {}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        load = build(LOAD, Path(folder) / "load")
        servers = {"guest": guest, "native": [str(build(Path(f"{SERVER}.c"), Path(folder) / "s"))]}
        for case in CASES:
            least: dict[str, tuple[float, ...]] = {}
            for _ in range(rounds):
                for name, server in servers.items():
                    times = measure(server, load, case)
                    least[name] = min(times, least.get(name, times))
            connections, size, messages = case
            label = f"{connections} connections, {size} bytes"
            count = connections * messages
            rates = [f"{count / least[name][0]:,.0f}/s" for name in servers]
            waits = [f"{least[name][1]:.0f}, {least[name][2]:.0f} µs" for name in servers]
            ratio = f"{least['guest'][0] / least['native'][0]:.2f}"
            rows.append([label, *rates, *waits, ratio])
            figures[label] = least
    heads = ["", "guest", "native", "median, 99 % of guest", "of native", "ratio of times"]
    table("Echo server with a poll loop: messages per second", heads, rows)
    return figures
