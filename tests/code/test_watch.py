"""What is written for ``perf``."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import capi_host
import profiled
import pytest
from profiled import SHOWN
from testdata import GUESTS, IMPORTS

from pywasmedge import Compiler, Configure, OutputFormat
from pywasmedge.code import pieces
from pywasmedge.code.watch import switch

PROGRAM = Path(profiled.__file__)
_, INNER, OUTER, RUN = SHOWN


class Run(NamedTuple):
    """What a run of ``profiled`` left."""

    pid: int
    child: int
    entries: list[int]
    """Addresses of the functions."""
    errors: str
    folder: Path

    def lines(self, pid: int | None = None) -> list[tuple[int, int, str]]:
        """Address, size and name of each line of the map."""
        path = Path(f"/tmp/perf-{self.pid if pid is None else pid}.map")
        try:
            text = path.read_text(encoding="utf-8")
        finally:
            path.unlink()
        assert text.endswith("\n")
        found = []
        for line in text[:-1].split("\n"):
            start, size, name = line.split(" ", 2)
            found.append((int(start, 16), int(size, 16), name))
        return found


@pytest.fixture
def guest(tmp_path: Path) -> Path:
    """The module of ``profiled``."""
    path = tmp_path / "guest.wasm"
    path.write_bytes(profiled.module())
    return path


def run(guest: Path, kind: str, *arguments: object) -> Run:
    """Run ``profiled`` on ``guest`` with ``PYWASMEDGE_PERF`` set to ``kind``."""
    command = [sys.executable, str(PROGRAM), str(guest), *map(str, arguments)]
    with subprocess.Popen(
        command,
        env={**os.environ, "PYWASMEDGE_PERF": kind},
        cwd=guest.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    *child, entries = out.splitlines()
    numbers = [int(word) for word in entries.split()]
    return Run(process.pid, int(child[0]) if child else 0, numbers, errors, guest.parent)


def at(lines: list[tuple[int, int, str]], entry: int) -> str:
    """The name of the function that begins at ``entry``."""
    (name,) = [name for start, _, name in lines if start == entry]
    return name


# --- map ---


@pytest.mark.parametrize(("tier", "level"), [("QUICK", "quick"), ("OPTIMISED", "optimised")])
def test_functions_are_named_where_they_are(guest: Path, tier: str, level: str) -> None:
    done = run(guest, "map", tier, "off")
    lines = done.lines()
    assert done.errors == ""
    names = [f"{name} [{level}]" for name in (INNER, OUTER, RUN)]
    assert [at(lines, entry) for entry in done.entries] == names
    assert {"[host to guest]", "[guest to host]"} <= {name for _, _, name in lines}
    lines.sort()
    assert all(size > 0 for _, size, _ in lines)
    ends = [start + size for start, size, _ in lines]
    assert all(end <= start for end, (start, _, _) in zip(ends, lines[1:], strict=False))


def test_later_code_is_added(guest: Path) -> None:
    done = run(guest, "map", "QUICK", "off", "improve", "loop")
    lines = done.lines()
    names = [name for _, _, name in lines]
    for name in (INNER, OUTER, RUN):
        assert f"{name} [quick]" in names
    assert at(lines, done.entries[0]) == f"{INNER} [optimised]"
    assert at(lines, done.entries[1]) == f"{OUTER} [optimised]"
    loop = profiled.module().rindex(b"\x03\x40")
    assert f"{RUN} [optimised, loop at 0x{loop:x}]" in names


def test_functions_without_name_have_their_number(guest: Path) -> None:
    binary = guest.read_bytes()
    guest.write_bytes(binary[: binary.index(b"\x04name") - 2])
    lines = run(guest, "map", "QUICK", "off").lines()
    assert {f"func[{i}] [quick]" for i in (1, 2, 3)} <= {name for _, _, name in lines}


def test_code_from_the_cache_is_named(guest: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for _ in range(2):
        done = run(guest, "map", "OPTIMISED", cache)
        lines = done.lines()
        names = [f"{name} [optimised]" for name in (INNER, OUTER, RUN)]
        assert [at(lines, entry) for entry in done.entries] == names
    assert [path for path in cache.iterdir() if path.stat().st_size > 4096]


def test_code_compiled_ahead_is_named(guest: Path) -> None:
    library = guest.with_suffix(".so")
    Compiler(Configure(output_format=OutputFormat.NATIVE)).compile(guest, library)
    done = run(library, "map", "QUICK", "off")
    lines = done.lines()
    names = [f"{name} [ahead]" for name in (INNER, OUTER, RUN)]
    assert [at(lines, entry) for entry in done.entries] == names


def test_a_child_has_a_file_of_its_own(guest: Path) -> None:
    done = run(guest, "map", "QUICK", "off", "fork")
    parents, childs = done.lines(), done.lines(done.child)
    assert f"{RUN} [optimised]" not in [name for _, _, name in parents]
    assert f"{RUN} [optimised]" in [name for _, _, name in childs]
    assert set(parents) < set(childs)


def test_an_old_file_is_replaced_and_no_link_followed(guest: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    code = (
        "import os, sys; path = f'/tmp/perf-{os.getpid()}.map';"
        "os.path.lexists(path) and os.unlink(path); os.symlink(sys.argv[1], path);"
        "os.execv(sys.executable, [sys.executable, *sys.argv[2:]])"
    )
    command = [sys.executable, "-c", code, str(victim), str(PROGRAM), str(guest), "QUICK", "off"]
    with subprocess.Popen(command, env={**os.environ, "PYWASMEDGE_PERF": "map"}) as process:
        assert process.wait(120) == 0
    path = Path(f"/tmp/perf-{process.pid}.map")
    assert not path.is_symlink()
    assert f"{RUN} [quick]" in path.read_text(encoding="utf-8")
    path.unlink()
    assert victim.read_text() == "untouched"


def test_other_kinds_are_refused(guest: Path) -> None:
    done = run(guest, "mop", "QUICK", "off")
    assert "PYWASMEDGE_PERF: either map or jitdump, not mop" in done.errors
    assert not Path(f"/tmp/perf-{done.pid}.map").exists()


def test_setuid_programs_ignore_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "watchers", [])
    monkeypatch.setenv(switch.PERF, "map")
    monkeypatch.setenv(switch.GDB, "1")
    monkeypatch.setattr(os, "getegid", lambda: os.getgid() + 1)
    switch.watch_as_told()
    assert pieces.watchers == []


def test_c_hosts_use_the_variable_as_well(guest: Path) -> None:
    host = capi_host.build("gdb_host.c", "-O0")
    env = {**os.environ, "PYWASMEDGE_PERF": "map", "PYWASMEDGE_CACHE": "off"}
    with subprocess.Popen([host, guest], env=env, stdout=subprocess.PIPE) as process:
        assert process.communicate(timeout=60)[0] == b"1: success\n"
    lines = Run(process.pid, 0, [], "", guest.parent).lines()
    assert f"{RUN} [quick]" in [name for _, _, name in lines]


def test_nothing_is_loaded_unless_it_is_wanted(guest: Path) -> None:
    code = (
        "import sys, profiled; profiled.main(*sys.argv[1:]);"
        "assert not {f'pywasmedge.runtime.{n}' for n in ('watch', 'perf', 'debugger')}"
        " & sys.modules.keys()"
    )
    command = [sys.executable, "-c", code, str(guest), "QUICK", "off"]
    path = IMPORTS
    names = ("PYWASMEDGE_PERF", "PYWASMEDGE_GDB")
    env = {key: value for key, value in os.environ.items() if key not in names}
    subprocess.run(command, env={**env, "PYTHONPATH": path}, check=True, timeout=120)


@pytest.mark.parametrize("options", [("--perf-map",), ("--gdb", "--jitdump", "--perf-map")])
def test_options_of_the_command(options: tuple[str, ...], tmp_path: Path) -> None:
    hello = GUESTS / "hello.wasm"
    command = [sys.executable, "-m", "pywasmedge", *options, "--no-cache", str(hello)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.communicate(timeout=60)[0] == "hello, world\n"
    lines = Run(process.pid, 0, [], "", tmp_path).lines()
    assert any(name.endswith(" [quick]") for _, _, name in lines)
    dumps = [path.name for path in tmp_path.iterdir()]
    assert dumps == ([f"jit-{process.pid}.dump"] if "--jitdump" in options else [])


# --- jitdump ---


def test_jitdump_has_the_code(guest: Path) -> None:
    done = run(guest, "jitdump", "QUICK", "off", "improve")
    data = (done.folder / f"jit-{done.pid}.dump").read_bytes()
    magic, version, at, machine, _, pid, begun, flags = struct.unpack_from("<IIIIIIQQ", data)
    assert (magic, version, at, pid, flags) == (0x4A695444, 1, 40, done.pid, 0)
    assert machine in (62, 183)
    names, numbers, stamps = [], [], [begun]
    while at < len(data):
        kind, total, stamp = struct.unpack_from("<IIQ", data, at)
        pid, _, address, entry, size, number = struct.unpack_from("<IIQQQQ", data, at + 16)
        assert (kind, pid, address) == (0, done.pid, entry)
        name, _, code = data[at + 56 : at + total].partition(b"\0")
        assert len(code) == size > 0
        if b"[quick]" in name:
            assert code.startswith(b"\x55\x48\x89\xe5")  # push rbp; mov rbp, rsp
        names.append(name.decode())
        numbers.append(number)
        stamps.append(stamp)
        at += total
    assert at == len(data)
    assert {f"{name} [quick]" for name in (INNER, OUTER, RUN)} < set(names)
    assert f"{OUTER} [optimised]" in names
    assert len(set(numbers)) == len(numbers)
    assert stamps == sorted(stamps)


@pytest.mark.parametrize("kind", ["map", "jitdump"])
@pytest.mark.long
def test_perf_finds_the_names(kind: str, tmp_path: Path) -> None:
    perf = shutil.which("perf")
    if not perf:
        pytest.skip("perf is not on the path")
    env = {**os.environ, "PYWASMEDGE_PERF": kind}
    spin = GUESTS / "spin.wasm"
    command = [sys.executable, "-m", "pywasmedge", "--no-cache", "--time-limit", "1500", spin]
    record = [perf, "record", "-k", "1", "-e", "cpu-clock:u", "-o", "data", *map(str, command)]
    made = subprocess.run(record, env=env, cwd=tmp_path, capture_output=True, text=True)
    if not (tmp_path / "data").exists():
        pytest.skip(f"perf cannot record here: {made.stderr.strip()}")
    if kind == "jitdump":
        inject = [perf, "inject", "--jit", "-i", "data", "-o", "injected"]
        subprocess.run(inject, cwd=tmp_path, check=True, capture_output=True)
    source = "injected" if kind == "jitdump" else "data"
    report = [perf, "report", "--stdio", "-i", source]
    text = subprocess.run(report, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    for pid in set(re.findall(r"\[JIT\] tid (\d+)", text)):
        Path(f"/tmp/perf-{pid}.map").unlink(missing_ok=True)
    assert "spin [" in text
