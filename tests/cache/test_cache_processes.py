"""The cache and its processes: killed, many at once, forked, with a full disk or a size limit."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import cached_module
import pytest
from test_cache_files import NAME, ORIGIN, as_root, code, kept
from testdata import IMPORTS

from pywasmedge import VM, Configure, Tier
from pywasmedge.cache import flush
from pywasmedge.cache.directory import LOCK, SUFFIX, Directory, directory
from pywasmedge.cache.entry import Entry, save
from pywasmedge.code.quick import SWITCH

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": f"{IMPORTS}:{Path(__file__).parent}",
}


@pytest.fixture
def place(tmp_path: Path) -> Directory:
    found = directory(str(tmp_path / "cache"))
    assert found is not None
    return found


def start(script: str, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", script, *words]
    environment = {**ENVIRONMENT, SWITCH: "python"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)


WRITER = """
import sys
from test_cache_files import *
place, first, count, size = directory(sys.argv[1]), *map(int, sys.argv[2:])
print("ready", flush=True)
for i in range(count):
    ok = save(place, NAME, ORIGIN, [(code((first + i) % 200, size=size), i // 200)])
    assert ok or first >= 1000
"""


@pytest.mark.long
def test_a_writer_that_is_killed_at_any_moment_leaves_it_whole(place: Directory) -> None:
    """Joining, appending, renaming: whatever it was at, what is there can be read and extended."""
    chance = random.Random(5)
    for turn in range(15):
        writer = start(WRITER, place.path, str(chance.randrange(200)), "1000", "20000")
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(chance.random() * 0.05)
        writer.kill()
        writer.communicate()
        before = kept(place)
        fd = place.open(NAME)
        if fd is not None:  # every part but an incomplete last one is undamaged
            found = Entry(fd, ORIGIN)
            assert len(before) == len(found.levels())
            found.close()
        place.room = -1  # as in a process that starts now
        assert save(place, NAME, ORIGIN, [(code(200 + turn), 9)])
        after = kept(place)
        assert after == {**before, 200 + turn: 9}
        assert sorted(os.listdir(place.path)) == [NAME, LOCK]


def test_writers_at_the_same_time_lose_nothing(place: Directory) -> None:
    writers = [start(WRITER, place.path, str(50 * i), "50", "100") for i in range(4)]
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    assert set(kept(place)) == set(range(200))


def test_readers_see_whole_parts_while_others_write(place: Directory) -> None:
    writer = start(WRITER, place.path, "0", "300", "3000")
    count = 0
    while writer.poll() is None:
        fd = place.open(NAME)
        if fd is None:
            continue
        found = Entry(fd, ORIGIN)
        levels = found.levels()
        assert len(levels) >= count
        count = len(levels)
        pieces = {i for piece, _ in found.codes() for i in map(int, _numbers(piece.entries))}
        assert pieces >= set(levels)
        found.close()
    writer.communicate()
    assert writer.returncode == 0
    assert len(kept(place)) == 200


def _numbers(entries: dict[str, int]) -> Iterator[str]:
    return (name[1:].partition(".")[0] for name in entries)


GUEST = """
import sys
import cached_module
from pywasmedge import VM, Configure, Tier
from pywasmedge.cache import saver
saver._Saver.FIRST = saver._Saver.LONGEST = 0.001
vm = VM(Configure(cache=sys.argv[1], tier=Tier.QUICK))
vm.load_wasm(cached_module.binary()); vm.validate(); vm.instantiate()
print("ready", flush=True)
for i in map(int, sys.argv[2:]):
    assert vm.execute(f"f{i}", 5) == cached_module.result(i, 5), i
"""


def test_a_program_that_is_killed_leaves_code_that_works(place: Directory) -> None:
    chance = random.Random(6)
    for _ in range(6):
        indices = chance.sample(range(cached_module.FUNCTIONS), cached_module.FUNCTIONS)
        guest = start(GUEST, place.path, *map(str, indices))
        assert guest.stdout is not None
        guest.stdout.readline()
        time.sleep(chance.random() * 0.15)
        guest.kill()
        guest.communicate()
    guest = start(GUEST, place.path, *map(str, range(cached_module.FUNCTIONS)))
    guest.communicate()
    assert guest.returncode == 0


def test_programs_at_the_same_time(place: Directory) -> None:
    chance = random.Random(7)
    guests = [
        start(GUEST, place.path, *map(str, chance.sample(range(cached_module.FUNCTIONS), 30)))
        for _ in range(3)
    ]
    for guest in guests:
        guest.communicate()
        assert guest.returncode == 0


def test_a_fork_while_others_write(place: Directory) -> None:
    """The child neither inherits the lock nor waits for ever for one."""
    script = """
import os, sys, threading
from test_cache_files import *
place = directory(sys.argv[1])
stop = False
def write():
    i = 0
    while not stop:
        i += 1
        save(place, NAME, ORIGIN, [(code(i % 100, size=2000), i // 100)])
threads = [threading.Thread(target=write) for _ in range(2)]
for t in threads: t.start()
children = []
for n in range(20):
    child = os.fork()
    if not child:
        ok = save(place, NAME, ORIGIN, [(code(100 + n), 0)])
        os._exit(0 if ok else 1)
    children.append(child)
codes = [os.waitpid(c, 0)[1] for c in children]
stop = True
for t in threads: t.join()
assert codes == [0] * 20, codes
"""
    done = start(script, place.path)
    done.communicate(timeout=60)
    assert done.returncode == 0
    assert set(range(100, 120)) <= set(kept(place))


def run_in(path: str) -> None:
    """Run a program whose cache is there."""
    vm = VM(Configure(cache=path, tier=Tier.QUICK))
    vm.load_wasm(cached_module.binary())
    vm.validate()
    vm.instantiate()
    for index in range(cached_module.FUNCTIONS):
        assert vm.execute(f"f{index}", 5) == cached_module.result(index, 5)
    vm.close()


@as_root
@pytest.mark.parametrize("size", ["4k", "8k", "16k", "40k"])
def test_a_full_disk(tmp_path: Path, size: str) -> None:
    path = tmp_path / "small"
    path.mkdir()
    options = f"size={size},mode=700"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "x", path], check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        for _ in range(2):
            run_in(str(path))
        left = [name for name in os.listdir(path) if name.endswith(SUFFIX)]
        assert left == []
        (path / "filler").write_bytes(b"")
        with pytest.raises(OSError, match="No space"):
            (path / "filler").write_bytes(b"x" * 100_000)
        run_in(str(path))
    finally:
        subprocess.run(["umount", "-l", path], check=True)


@as_root
def test_a_disk_that_is_read_only(tmp_path: Path) -> None:
    path = tmp_path / "fixed"
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "x", path]
    if subprocess.run(command, check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        run_in(str(path))
        assert len(os.listdir(path)) == 2
        subprocess.run(["mount", "-o", "remount,ro", path], check=True)
        run_in(str(path))
        run_in(str(path / "below"))
    finally:
        subprocess.run(["umount", "-l", path], check=True)


@as_root
def test_a_file_system_without_execution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code cannot be mapped from it, so it is read."""
    from pywasmedge.code import image

    monkeypatch.setattr(image, "MAP_FROM", 0)
    path = tmp_path / "data"
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=700,noexec", "x", path]
    if subprocess.run(command, check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        run_in(str(path))

        def fail(*_: object) -> None:
            raise AssertionError("compiled again")

        monkeypatch.setattr("pywasmedge.code.compiled.CompiledModule.install", fail)
        run_in(str(path))
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def test_a_limit_for_file_sizes_does_not_end_the_process(place: Directory) -> None:
    script = """
import resource, signal, sys
from test_cache_processes import *
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
run_in(sys.argv[1])
place = directory(sys.argv[1])
assert not save(place, NAME, ORIGIN, [(code(1, size=20_000), 0)])
assert save(place, NAME, ORIGIN, [(code(1, size=1_000), 0)])
"""
    done = start(script, place.path)
    done.communicate()
    assert done.returncode == 0
    assert all(os.stat(entry).st_size <= 10_000 for entry in os.scandir(place.path))


def test_the_end_of_a_process_saves(place: Directory) -> None:
    """With Python's own end, in the middle of a flood of new code as well."""
    script = GUEST.replace("0.001", "1000")
    done = start(script, place.path, "1", "2", "3")
    done.communicate()
    assert done.returncode == 0
    vm = VM(Configure(cache=place.path, tier=Tier.QUICK))
    vm.load_wasm(cached_module.binary())
    vm.validate()
    vm.instantiate()
    compiled = vm.active_module._core.compiled  # type: ignore[union-attr]
    assert [compiled.has_code(i) for i in range(5)] == [False, True, True, True, False]


def test_code_is_saved_while_the_program_runs(place: Directory) -> None:
    script = GUEST + "import signal; print('done', flush=True); signal.pause()"
    guest = start(script, place.path, "1")
    try:
        deadline = time.monotonic() + 30
        while len(os.listdir(place.path)) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        guest.send_signal(signal.SIGKILL)
        guest.communicate()
    flush()
