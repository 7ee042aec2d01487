"""Short programs run without LLVM being loaded, in tier QUICK all programs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from testdata import GUESTS

ROOT = Path(__file__).parents[2]

SCRIPT = """
import sys
before = {*sys.modules}
import pywasmedge
from pywasmedge.base.config import Configure, HostRegistration, Tier
configure = Configure()
configure.host_registrations.add(HostRegistration.WASI)
configure.tier = Tier[sys.argv[1]]
configure.cache = "off"
configure.cost_measuring = sys.argv[2] == "metered"
vm = pywasmedge.VM(configure)
vm.import_module(HostRegistration.WASI).init(sys.argv[3:], [], [".:."])
try:
    vm.run_wasm_from_file(sys.argv[3], "_start")
except pywasmedge.Exit as exit:
    assert exit.code == 0
sys.stdout.flush()
slow = {"llvmlite", "typing", "ctypes"} & {*sys.modules} - before
maps = open("/proc/self/maps").read()
print("loaded:", *sorted(slow), *(["LLVM's library"] if "libllvm" in maps else []))
"""


def run(tier: str, metered: bool, guest: str, *args: str) -> str:
    """What a guest and the script above print."""
    words = [tier, "metered" if metered else "", str(GUESTS / f"{guest}.wasm"), *args]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=GUESTS,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("metered", [False, True])
@pytest.mark.parametrize("guest", ["hello", "wordcount", "args", "clock", "indirect"])
def test_the_quick_tier_does_without(guest: str, metered: bool) -> None:
    args = ("hello.c",) if guest == "wordcount" else ()
    output = run("QUICK", metered, guest, *args)
    assert output.endswith("loaded:\n")
    assert len(output) > len("loaded:\n")


@pytest.mark.parametrize("guest", ["hello", "args", "clock"])
def test_short_programs_do_without(guest: str) -> None:
    assert run("AUTO", False, guest).endswith("loaded:\n")


def test_the_optimised_tier_does_not() -> None:
    """The check of the tests above finds what it looks for."""
    assert "LLVM's library" in run("OPTIMISED", False, "hello")
