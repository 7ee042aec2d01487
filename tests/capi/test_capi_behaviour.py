"""The behaviour of the C API, section by section of its description: hosts in ``tests/c``.

=====================================  ===================================================
what                                   where
=====================================  ===================================================
version, log, values, strings,         ``pure_values.c``, ``pure_log.c``, ``pure_types.c``
results, types, configurations
proposals and codes of failures        ``test_capi_codes.py``
AST modules, loader, validator         ``behaviour_loading.c``
executor                               ``behaviour_instances.c``
stores, module instances               ``behaviour_modules.c``, ``behaviour_same.c``
host functions                         ``behaviour_host.c``
tables, memories, globals              ``pure_instances.c``, ``shared_instances.c``
VMs, what hosts do with them           ``behaviour_vm.c``, ``behaviour_vm_hosts.c``
asynchronous runs                      ``async.c``
WASI, what is not there                ``behaviour_wasi.c``
statistics                             ``statistics.c``, ``test_statistics_hosts.py``
orders of deletion                     ``own_orders.c``
hosts like WasmEdge's own tests        ``behaviour_unit.c``, ``test_capi_spec.py``
=====================================  ===================================================
"""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import capi_host
import pytest

if TYPE_CHECKING:
    from pathlib import Path

HOSTS = sorted(path.stem for path in capi_host.SOURCES.glob("behaviour_*.c"))
LOG_LINE = re.compile(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] \[(error|info)\] .*|call \d")


def run(host: str, folder: Path, *parts: str) -> str:
    """What a host writes to standard error; it has to succeed and print nothing."""
    program = capi_host.build(f"{host}.c")
    done = capi_host.run(program, capi_host.SOURCES, *parts, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize("host", [host for host in HOSTS if host != "behaviour_codes"])
def test_behaviour(host: str, tmp_path: Path) -> None:
    """Standard error has the log and nothing else."""
    lines = run(host, tmp_path).splitlines()
    assert not [line for line in lines if not LOG_LINE.fullmatch(line)]


@pytest.mark.parametrize(
    ("host", "part"),
    [
        ("behaviour_loading", "imports"),
        ("behaviour_modules", "lists"),
        ("behaviour_host", "values"),
        ("behaviour_vm", "fresh_instances"),
    ],
)
def test_nothing_is_logged_without_a_failure(host: str, part: str, tmp_path: Path) -> None:
    assert run(host, tmp_path, part) == ""


def test_the_log_level_decides_what_is_logged(tmp_path: Path) -> None:
    """Four calls: at first, at error level (twice), at debug level; failures are always seen."""
    parts = re.split(r"^call \d\n", run("behaviour_vm_hosts", tmp_path, "log_levels"), flags=re.M)
    assert ["[info]" in part for part in parts] == [True, False, False, True]
    assert all("Code: 0x05" in part for part in parts)


def test_a_failing_check_is_noticed(tmp_path: Path) -> None:
    """Without its modules a host fails."""
    done = capi_host.run(capi_host.build("behaviour_vm.c"), tmp_path)
    assert done.returncode == 1
    assert "behaviour.h" in done.stderr
    assert "CHECK" in done.stderr


@pytest.mark.parametrize("source", sorted(capi_host.SOURCES.glob("*.wat")), ids=lambda p: p.stem)
def test_modules_are_those_of_the_sources(source: Path, tmp_path: Path) -> None:
    wat2wasm = shutil.which("wat2wasm")
    if wat2wasm is None:
        pytest.skip("wat2wasm (of wabt) is not on the path")
    made = tmp_path / "made.wasm"
    subprocess.run([wat2wasm, "--enable-multi-memory", source, "-o", made], check=True)
    assert made.read_bytes() == source.with_suffix(".wasm").read_bytes()
