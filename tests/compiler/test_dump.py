"""Dumps: what code is made of, in files."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from operator import ne
from pathlib import Path

import profiled
import pytest
from testdata import GUESTS
from wasmbuild import asm, body, wasm

from pywasmedge import VM, Compiler, Configure, LoadError
from pywasmedge.base.config import Tier
from pywasmedge.compiler import dump
from pywasmedge.compiler.baseline.listing import instruction
from pywasmedge.compiler.dump import Dump
from pywasmedge.kernel.native import ffi

PROGRAM = Path(profiled.__file__)
_, INNER, OUTER, RUN = profiled.SHOWN


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the module of ``profiled``."""
    (tmp_path / "guest.wasm").write_bytes(profiled.module())
    return tmp_path


@pytest.fixture
def dumped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that this process dumps everything to."""
    monkeypatch.setattr(dump, "_dump", None)
    monkeypatch.setattr(dump, "_told", False)
    path = tmp_path / "dumped"
    dump.use(Dump(str(path), str(path)))
    return path


def run(folder: Path, variable: str, *arguments: str) -> str:
    """Run ``profiled`` with ``PYWASMEDGE_DUMP`` set; the errors it prints."""
    command = [sys.executable, str(PROGRAM), "guest.wasm", *arguments]
    env = {**os.environ, "PYWASMEDGE_DUMP": variable}
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stderr


def files(folder: Path) -> dict[str, str]:
    """Contents by name; the digest of the module is left out."""
    found = {}
    for path in folder.iterdir():
        digest, _, rest = path.name.partition(".")
        assert re.fullmatch("[0-9a-f]{8}", digest)
        found[rest] = path.read_text(encoding="utf-8")
    return found


def code_in(listing: str) -> bytes:
    """The bytes in a listing."""
    lines = re.findall(r"^\t\.byte (\S+)\t", listing, re.MULTILINE)
    return bytes(int(byte, 0) for line in lines for byte in line.split(","))


# --- which files ---


def test_stages_of_both_code_generators(folder: Path) -> None:
    assert run(folder, "ir,asm:made/here", "QUICK", "off", "improve", "loop") == ""
    made = files(folder / "made" / "here")
    loop = profiled.module().rindex(b"\x03\x40")
    quick = {f"func{i}.quick.s" for i in (1, 2, 3)}
    units = ("func1-func2", f"func3.loop-0x{loop:x}")
    ends = ("ll", "opt.ll", "s")
    assert made.keys() == quick | {f"{unit}.optimised.{end}" for unit in units for end in ends}
    assert made["func2.quick.s"].startswith(f"# f1: func[2] <{OUTER}>\n")
    both = f"f0: func[1] <{INNER}>\n{{0}} f1: func[2] <{OUTER}>\n"
    assert made["func1-func2.optimised.ll"].startswith("; " + both.format(";"))
    assert made["func1-func2.optimised.s"].startswith("# " + both.format("#"))
    written = made["func1-func2.optimised.ll"]
    assert "tailcc void @f1(" in written
    assert "target triple" in made["func1-func2.optimised.opt.ll"]
    assert f"tailcc void @o2.{loop}(" in made[f"func3.loop-0x{loop:x}.optimised.ll"]


@pytest.mark.parametrize(("kind", "ends"), [("ir", {"ll", "opt.ll"}), ("asm", {"s"})])
def test_only_what_is_asked_for(folder: Path, kind: str, ends: set[str]) -> None:
    run(folder, f"{kind}:made", "OPTIMISED", "off")
    assert files(folder / "made").keys() == {f"func1-func3.optimised.{end}" for end in ends}


def test_the_cache_is_passed_over(folder: Path) -> None:
    cache = folder / "cache"
    run(folder, "", "OPTIMISED", str(cache))
    before = sorted(path.name for path in cache.iterdir())
    for _ in range(2):
        run(folder, "ir:made", "OPTIMISED", str(cache))
        assert len(files(folder / "made")) == 2
        shutil.rmtree(folder / "made")
    assert sorted(path.name for path in cache.iterdir()) == before


def test_options_of_the_command(folder: Path) -> None:
    hello = GUESTS / "hello.wasm"
    command = [sys.executable, "-m", "pywasmedge", "--dump-asm", "a", "--dump-ir=i", str(hello)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("hello, world\n", "")
    assert any(name.endswith(".quick.s") for name in files(folder / "a"))
    assert (folder / "i").is_dir()


def test_a_folder_that_cannot_be_made(folder: Path) -> None:
    hello = GUESTS / "hello.wasm"
    path = folder / "guest.wasm" / "x"
    command = [sys.executable, "-m", "pywasmedge", "--dump-ir", str(path), str(hello)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == f"wasmedge: {path}: Not a directory\n"
    assert f"PYWASMEDGE_DUMP: {path}: Not a directory" in run(folder, f"ir:{path}", "QUICK", "off")


@pytest.mark.parametrize("variable", ["ir", "ir:", ":made", "ir,obj:made"])
def test_a_variable_that_makes_no_sense(folder: Path, variable: str) -> None:
    errors = run(folder, variable, "QUICK", "off")
    assert f"PYWASMEDGE_DUMP: ir:DIR, asm:DIR or ir,asm:DIR, not {variable}\n" in errors
    assert os.listdir(folder) == ["guest.wasm"]


def test_setuid_programs_ignore_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dump, "_dump", None)
    monkeypatch.setattr(dump, "_told", False)
    monkeypatch.setenv(dump.VARIABLE, f"ir:{tmp_path / 'made'}")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert dump.wanted() is None
    assert not (tmp_path / "made").exists()


def test_files_that_cannot_be_written_stop_nothing(folder: Path) -> None:
    run(folder, "ir,asm:made", "QUICK", "off", "improve")
    for path in (folder / "made").iterdir():
        path.unlink()
        path.mkdir()
    errors = run(folder, "ir,asm:made", "QUICK", "off", "improve")
    assert len(re.findall("no dump: .*: Is a directory", errors)) == len(files_in(folder / "made"))


def files_in(folder: Path) -> list[str]:
    """Names in a folder."""
    return [path.name for path in folder.iterdir()]


def test_compiling_ahead(dumped: Path) -> None:
    Compiler().compile_bytes(profiled.module())
    assert files(dumped).keys() == {f"func1-func3.ahead.{end}" for end in ("ll", "opt.ll", "s")}


def test_compiling_ahead_with_files_of_the_configuration(
    dumped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Compiler(Configure(dump_ir=True)).compile_bytes(profiled.module())
    assert sorted(files_in(tmp_path)) == ["dumped", "wasm-opt.ll", "wasm.ll"]
    assert files_in(dumped) == []
    Path("wasm.ll").unlink()
    Path("wasm.ll").mkdir()
    with pytest.raises((OSError, LoadError)):
        Compiler(Configure(dump_ir=True)).compile_bytes(profiled.module())


# --- listings ---

CODE = (
    "local.get 0",
    "i32.const 10",
    "i32.lt_s",
    "i32.eqz",
    "if void",
    "local.get 0",
    "f64.convert_i32_s",
    "f64.const 0.5",
    "f64.add",
    "local.set 1",
    "end",
    "block void",
    "local.get 0",
    "br_table 2 0 0 0",
    "end",
    "i32.const 0",
    "i64.load 3 16",
    "drop",
    "local.get 0",
    "end",
)
SHOWN = {"if void": "if", "block void": "block", "i64.load 3 16": "i64.load offset=16"}
SHOWN["br_table 2 0 0 0"] = "br_table 0 0 0"


@pytest.mark.parametrize("tier", [Tier.QUICK, Tier.AUTO])
@pytest.mark.parametrize("counted", [False, True])
def test_a_listing_is_the_code(dumped: Path, tier: Tier, counted: bool) -> None:
    binary = wasm(
        types=["i32 -> i32"],
        funcs=[0],
        memories=[b"\0\1"],
        exports=[("f", "func", 0)],
        code=[body(" ".join(CODE[:-1]), [(1, "f64")])],
    )
    vm = VM(Configure(tier=tier, cache="off", instruction_counting=counted))
    vm.load_wasm_from_bytes(binary)
    vm.validate()
    vm.instantiate()
    assert vm.execute("f", 12) == 12
    assert vm._module is not None
    (compiled,) = vm._module._code.values()
    text = files(dumped)["func0.quick.s"]
    code = code_in(text)
    run = bytes(ffi.buffer(ffi.cast("uint8_t *", compiled.code[0]), len(code)))
    if counted:  # distances to slots are filled in later
        assert sum(map(ne, code, run)) < len(code) // 4
    else:
        assert code == run
    listed = re.findall(r"^\t# (0x[0-9a-f]+) (.*)$", text, re.MULTILINE)
    assert [title for _, title in listed] == [SHOWN.get(line, line) for line in CODE]
    assert [instruction(binary, int(at, 16)) for at, _ in listed] == [title for _, title in listed]
    offsets = [int(at, 16) for at in re.findall(r"\t# \+(0x[0-9a-f]+)$", text, re.MULTILINE)]
    assert offsets == sorted(offsets)
    assert offsets[0] == 0


def test_a_comparison_belongs_to_its_branch(dumped: Path) -> None:
    code = "loop void local.get 0 i32.const 1 i32.sub local.tee 0 i32.const 5 i32.gt_s br_if 0 end"
    binary = wasm(types=["i32 ->"], funcs=[0], exports=[("f", "func", 0)], code=[body(code)])
    VM(Configure(tier=Tier.QUICK, cache="off")).run_wasm_from_bytes(binary, "f", 9)
    parts = files(dumped)["func0.quick.s"].split("\t# 0x")
    sizes = {part.split()[1]: len(code_in(part)) for part in parts[1:]}
    assert sizes["i32.gt_s"] == 0
    assert sizes["br_if"] > 6  # compare and jump


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("i64.const -5", "i64.const -5"),
        ("f32.const 0.25", "f32.const 0.25"),
        ("v128.const " + "0f" * 16, "v128.const " + "0f" * 16),
        ("i8x16.extract_lane_s 3", "i8x16.extract_lane_s 3"),
        ("v128.load8_lane 0 300 3", "v128.load8_lane offset=300 3"),
        ("i32.atomic.load 2 8", "i32.atomic.load offset=8"),
        ("block i64", "block i64"),
        ("loop 200", "loop type 200"),
        ("select_t i32", "select t i32"),
        ("ref.null funcref", "ref.null funcref"),
        ("call_indirect 3 0", "call_indirect 3 0"),
        ("memory.copy 0 0", "memory.copy 0 0"),
        ("unreachable", "unreachable"),
    ],
)
def test_instructions_as_text(text: str, shown: str) -> None:
    assert instruction(b"\0" + asm(text), 1) == shown


def test_a_listing_can_be_assembled(dumped: Path, tmp_path: Path) -> None:
    if not shutil.which("as") or not shutil.which("objcopy"):
        pytest.skip("as and objcopy are not on the path")
    binary = wasm(types=["->"], funcs=[0], exports=[("f", "func", 0)], code=[body("nop")])
    VM(Configure(tier=Tier.QUICK, cache="off")).run_wasm_from_bytes(binary, "f")
    (path,) = dumped.iterdir()
    made, flat = tmp_path / "made.o", tmp_path / "flat"
    subprocess.run(["as", path, "-o", made], check=True)
    subprocess.run(["objcopy", "-O", "binary", "-j", ".text", made, flat], check=True)
    assert flat.read_bytes() == code_in(path.read_text())
