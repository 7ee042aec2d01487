"""C hosts that touch most functions, under valgrind and with the sanitizers: no error of memory.

One short host always runs under valgrind, the others take minutes: ``PYWASMEDGE_SLOW_TESTS=1``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import capi_host
import pytest
import shared
import testdata
from memcheck import FAILED, SECONDS, Host, slow, under_valgrind

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = capi_host.SOURCES
GUEST = SOURCES / "guest.wasm"
LIBRARY = testdata.GUESTS / "library.wasm"


def cases(source: str) -> list[str]:
    """The names of what a host can do, from its table or comparisons."""
    text = (SOURCES / f"{source}.c").read_text("utf-8")
    found = re.findall(r"\{\"(\w+)\", \w+\}|argv\[2\], \"(\w+)\"\)", text)
    return ["".join(groups) for groups in found]


def hosts() -> list[Host]:
    """All hosts and what they can do; endings of processes have tests of their own."""
    found: list[Host] = []
    found += [(path.stem, (SOURCES,)) for path in sorted(SOURCES.glob("behaviour_*.c"))]
    found += [(path.stem, ()) for path in sorted(SOURCES.glob("pure_*.c"))]
    found += [("statistics", ()), ("shared_instances", (GUEST,))]
    found += [("start", (mode, LIBRARY)) for mode in ("run", "try", "pure", "process", "thread")]
    found += [("null_misuse", (GUEST, case)) for case in cases("null_misuse")]
    importer, waiting = SOURCES / "own_importer.wasm", SOURCES / "waiting_guest.wasm"
    found += [("own_orders", (GUEST, importer, case)) for case in cases("own_orders")]
    found += [("own_cycles", (GUEST, case, 1, 3)) for case in cases("own_cycles")]
    found += [("async", (GUEST, waiting, case)) for case in cases("async")]
    found += [("thread_hammer", (GUEST, SOURCES / "starts.wasm", 4, 5000, 1))]
    return found


def name(host: Host) -> str:
    """For the test's name: what is done, and with how many cycles and threads."""
    return "-".join([host[0], *[str(a) for a in host[1] if not str(a).startswith("/")]])


SHORT: Host = ("behaviour_modules", (SOURCES,))


def test_every_host_has_cases() -> None:
    for source in ("null_misuse", "own_orders", "own_cycles", "async"):
        assert len(cases(source)) >= 5, source


@pytest.mark.long
def test_valgrind(tmp_path: Path) -> None:
    under_valgrind(SHORT, tmp_path)


@slow
@pytest.mark.parametrize("host", hosts(), ids=name)
def test_valgrind_for_long(host: Host, tmp_path: Path) -> None:
    under_valgrind(host, tmp_path)


def build_sanitized(tree: Path) -> None:
    """Build the library with the sanitizers in a copy of the tree."""
    for folder in ("src", "include", "pywasmedge"):
        ignored = shutil.ignore_patterns("*.so", "__pycache__")
        shutil.copytree(capi_host.ROOT / folder, tree / folder, ignore=ignored)
    for file in ("setup.py", "pyproject.toml", "README.md"):
        shutil.copy(capi_host.ROOT / file, tree)
    done = subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace"],
        cwd=tree,
        env=os.environ | {"PYWASMEDGE_SANITIZE": "address,undefined"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def sanitized() -> Path:
    """The library, built with the sanitizers."""
    tree = shared.once("sanitized", None, build_sanitized)
    return tree / "pywasmedge" / capi_host.LIBRARY.name


@slow
@pytest.mark.parametrize("host", hosts(), ids=name)
def test_sanitizers(host: Host, sanitized: Path, tmp_path: Path) -> None:
    """Guests' faults are left to the library; the interpreter is never finalised, so it leaks."""
    source, arguments = host
    program = capi_host.build(
        f"{source}.c", "-fsanitize=address,undefined", "-fno-sanitize-recover", library=sanitized
    )
    options = {
        "ASAN_OPTIONS": "handle_segv=0:handle_sigbus=0:handle_sigill=0:detect_leaks=0"
        f":allocator_may_return_null=1:exitcode={FAILED}",
        "UBSAN_OPTIONS": f"print_stacktrace=1:exitcode={FAILED}",
        "PYTHONMALLOC": "malloc",
    }
    environment = os.environ | options
    done = capi_host.run(program, *arguments, env=environment, cwd=tmp_path, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
