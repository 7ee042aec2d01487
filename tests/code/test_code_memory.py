"""Executable memory: small pieces in pools, reuse, fork, and systems that do not allow pools."""

from __future__ import annotations

import ctypes
import os
import re
import struct
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from pywasmedge.code.pieces import find, load, unregister
from pywasmedge.compiler.code import Code
from pywasmedge.kernel.native import lib, pointer

POOL = "memfd:pywasmedge-code"
SIZE = 100


def returns(value: int, size: int = SIZE, alignment: int = 16) -> Code:
    """A C function that returns a number, and bytes that are different for each number."""
    head = b"\xb8" + struct.pack("<i", value) + b"\xc3"  # mov eax, value; ret
    rest = struct.pack("<i", value) * (size // 4)
    return Code((head + rest)[:size], {"f0": 0}, (0, 0), alignment=alignment)


def put(value: int, size: int = SIZE) -> int:
    """Load such a function."""
    return load(returns(value, size)).start


def call(start: int) -> int:
    """Call the function at an address."""
    return int(ctypes.CFUNCTYPE(ctypes.c_int)(start)())


def remove(start: int, size: int = SIZE) -> None:
    """Free it."""
    unregister([start])
    lib.we_code_free(pointer(start), size)


def content(start: int, size: int = SIZE) -> bytes:
    """Its bytes."""
    return ctypes.string_at(start, size)


def pools() -> list[tuple[int, int, str]]:
    """Mappings of pools: start, end, permissions."""
    found = []
    for line in Path("/proc/self/maps").read_text().splitlines():
        if POOL in line:
            place, rights = line.split()[:2]
            start, end = place.split("-")
            found.append((int(start, 16), int(end, 16), rights))
    return found


def run(script: str, *, limit: str = "") -> str:
    """The output of a Python script in which this module is ``t``."""
    lines = ["import sys, os", f"sys.path[:0] = {[os.path.dirname(__file__), *sys.path]!r}", limit]
    lines += ["import test_code_memory as t", script]
    result = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_small_pieces_lie_close_together() -> None:
    starts = sorted(put(i) for i in range(2000))
    near = [b - a for a, b in pairwise(starts) if b - a <= 128]
    assert len(near) > 1980
    assert sorted(map(call, starts)) == list(range(2000))
    assert all(find(start + SIZE - 1).start == start for start in starts)  # type: ignore[union-attr]
    for start in starts:
        remove(start)
    assert all(find(start) is None for start in starts)


WRITABLE_CODE = """
import sys
def both():
    with open("/proc/self/maps") as maps:
        return {line for line in maps if line.split()[1][1:3] == "wx"}
before = both()  # the interpreter's own business
import pywasmedge
for tier in pywasmedge.Tier:
    with pywasmedge.VM(pywasmedge.Configure(tier=tier, cache="off")) as vm:
        assert vm.run_wasm_from_file(sys.argv[1], "fib", 30) == 832040
print(both() - before)
"""


def test_running_guests_leaves_nothing_writable_and_executable() -> None:
    """Neither in pools nor anywhere else in the process."""
    guest = Path(__file__).parents[2] / "c_examples" / "quick_start.wasm"
    command = [sys.executable, "-c", WRITABLE_CODE, str(guest)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_no_address_is_writable_and_executable() -> None:
    start = put(3)
    views = pools()
    assert {rights for _, _, rights in views} == {"r-xs", "rw-s"}
    both = re.findall(r"^(\w+)-\w+ .wx", Path("/proc/self/maps").read_text(), re.MULTILINE)
    assert not any(lib.we_code_contains(int(address, 16)) for address in both)
    assert any(a <= start < b and rights == "r-xs" for a, b, rights in views)
    libc = ctypes.CDLL(None, use_errno=True)
    page = ctypes.c_void_p(start & -4096)
    assert libc.mprotect(page, ctypes.c_size_t(4096), 3) == -1, "it can be made writable"
    assert call(start) == 3
    remove(start)


@pytest.mark.parametrize("alignment", [16, 64, 4096])
@pytest.mark.parametrize("size", [6, 64, 4096, 1 << 15, (1 << 15) + 1, 1 << 20])
def test_pieces_of_any_size_and_alignment(size: int, alignment: int) -> None:
    code = returns(77, size, alignment)
    loaded = [load(code) for _ in range(3)]
    for piece in loaded:
        assert piece.start % alignment == 0
        assert content(piece.start, size) == code.blob
        assert call(piece.start) == 77
        remove(piece.start, size)


def test_freed_places_are_used_again_and_neighbours_stay_as_they_are() -> None:
    random = Random(1)
    live: dict[int, tuple[int, int]] = {}
    before = pools()
    for step in range(6000):
        if (random.random() < 0.5 and len(live) < 400) or not live:
            size = random.choice((6, 40, 100, 300, 2000))
            live[put(step, size)] = (step, size)
        else:
            start = random.choice(list(live))
            value, size = live.pop(start)
            assert content(start, size) == returns(value, size).blob
            assert call(start) == value
            remove(start, size)
    assert sum(b - a for a, b, _ in pools()) - sum(b - a for a, b, _ in before) < 4 << 20
    for start, (value, size) in live.items():
        assert content(start, size) == returns(value, size).blob
        remove(start, size)


def test_memory_is_given_back() -> None:
    script = """
before = len(t.pools())
starts = [t.put(i) for i in range(60000)]
assert len(t.pools()) > before
for start in starts: t.remove(start)
print(len(t.pools()) - before, sum(b - a for a, b, _ in t.pools()))
"""
    pools_left, size = run(script).split()
    assert int(pools_left) <= 2
    assert int(size) <= 2 * (4 << 20)


def test_threads_load_and_free_at_once() -> None:
    errors: list[str] = []

    def work(seed: int) -> None:
        random = Random(seed)
        live: dict[int, int] = {}
        for step in range(1500):
            if random.random() < 0.6:
                value = seed << 20 | step
                live[put(value)] = value
            elif live:
                start, value = live.popitem()
                if content(start) != returns(value).blob or call(start) != value:
                    errors.append(f"{start:#x}: {value}")
                remove(start)
        for start, value in live.items():
            if call(start) != value:
                errors.append(f"{start:#x}: {value}")
            remove(start)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


FORK = """
kept = [t.put(i) for i in range(500)]
gone = [t.put(-i) for i in range(500)]
ask, asked = os.pipe()
tell, told = os.pipe()
child = os.fork()
if child == 0:
    os.close(asked)
    os.close(tell)
    for start in kept[:250] + gone: t.remove(start)     # the parent still needs the first
    new = [t.put(1000 + i) for i in range(700)]
    os.write(told, b"x")
    os.read(ask, 1)                                     # now the parent has done the same
    assert list(map(t.call, kept[250:])) == list(range(250, 500))
    assert list(map(t.call, new)) == list(range(1000, 1700))
    assert not any(a <= s < b for s in kept for a, b, r in t.pools() if r == "rw-s")
    os._exit(0)
for start in kept[250:] + gone: t.remove(start)         # the child still needs the first
os.read(tell, 1)
new = [t.put(2000 + i) for i in range(700)]
os.write(asked, b"x")
assert os.waitpid(child, 0)[1] == 0
assert list(map(t.call, kept[:250])) == list(range(250))
assert list(map(t.call, new)) == list(range(2000, 2700))
print("done")
"""


def test_parent_and_child_of_a_fork_do_not_disturb_each_other() -> None:
    assert run(FORK) == "done\n"


def test_many_forks_do_not_use_up_the_range() -> None:
    script = """
starts = []
for i in range(900):
    starts.append(t.put(i))
    if i % 3 == 0:
        child = os.fork()
        if child == 0: os._exit(t.call(t.put(3)) - 3)
        assert os.waitpid(child, 0)[1] == 0
assert list(map(t.call, starts)) == list(range(900))
print(sum(b - a for a, b, _ in t.pools()) < 8 << 20)
"""
    assert run(script) == "True\n"


def test_without_pools_every_piece_has_pages_of_its_own() -> None:
    script = """
starts = [t.put(i) for i in range(50)]
assert list(map(t.call, starts)) == list(range(50))
print(t.pools(), {start % 4096 for start in starts})
for start in starts: t.remove(start)
"""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))"
    assert run(script, limit=limit) == "[] {0}\n"


def test_pools_come_when_descriptors_are_to_be_had_again() -> None:
    script = """
import resource
t.pools()
high = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (3, high))
early = t.put(4)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, high))
late = t.put(5)
inside = [any(a <= s < b for a, b, _ in t.pools()) for s in (early, late)]
print(t.call(early), t.call(late), inside)
"""
    assert run(script) == "4 5 [False, True]\n"
