"""Random calls of every function: an errno comes back, nothing else happens to the host."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from wasi_guest import Guest

from pywasmedge.base import waiting
from pywasmedge.base.errors import Exit
from pywasmedge.base.types import ValType
from pywasmedge.wasi import abi
from pywasmedge.wasi.groups import find_all

EDGES = [0, 1, 2, 3, 4, 5, 8, 24, 28, 65535, 65536, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 63) - 1]
PATHS = [b"file", b"dir", b"dir/x", b"link", b"..", b"../x", b"/", b"dir/", b"new", b"\0", b"."]


def argument(rng: random.Random, type_: ValType) -> int:
    kind = rng.random()
    if kind < 0.5:
        return rng.randrange(8)
    if kind < 0.7:
        return rng.randrange(65536)
    number = rng.choice(EDGES) if kind < 0.95 else rng.getrandbits(64)
    # A file really takes the space it is given: do not fill the disk.
    return number if type_ == ValType.I32 or number >= 1 << 62 else number & 0xFFFF


@pytest.mark.parametrize("seed", range(8))
def test_random_calls(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    root = tmp_path / "root"
    (root / "dir").mkdir(parents=True)
    (root / "file").write_bytes(b"content")
    (root / "link").symlink_to("../outside")
    (tmp_path / "outside").write_bytes(b"untouched")
    functions = [find_all()[name] for name in sorted(find_all())]
    opened = len(os.listdir("/proc/self/fd"))
    guest = Guest()
    guest.env.set_args(["a", "b"])
    watched = waiting.begin()
    waiting.handle()
    waiting.wake(watched)  # whoever waits, waits in vain
    for _ in range(2500):
        if rng.random() < 0.02:
            guest.env.preopen("/", root)
        if rng.random() < 0.05:
            for _ in range(8):
                at = rng.randrange(64)
                path = rng.choice(PATHS)
                guest.memory[at : at + len(path)] = path
        if rng.random() < 0.05:
            guest.free = rng.randrange(0, 32768, 8)
            guest.open(rng.choice(PATHS), at=rng.randrange(6), oflags=rng.randrange(16))
            guest.open_directory("dir", at=rng.randrange(6))
        function = rng.choice(functions)
        try:
            errno = guest.call(function.name, *(argument(rng, t) for t in function.params))
        except Exit:
            assert function.name.startswith("proc_")
        else:
            assert 0 <= errno <= 87
    waiting.end(watched)
    guest.env.close()
    assert len(os.listdir("/proc/self/fd")) == opened
    assert sorted(os.listdir(tmp_path)) == ["outside", "root"]
    assert (tmp_path / "outside").read_bytes() == b"untouched"
    assert abi.file_type(tmp_path.stat().st_mode) == abi.DIRECTORY
