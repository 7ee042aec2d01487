"""Binary to text and back: the same bytes, for every module at hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
import testdata
from spec import suites, wast

from pywasmedge.base.errors import ErrCode, LoadError, WatError
from pywasmedge.text import assemble, print_module

ROOT = Path(testdata.__file__).parents[2]
PROGRAMS = sorted(
    path
    for folder in ("tests", "c_examples", "bench")
    for path in (ROOT / folder).rglob("*.wasm")
    if path.stat().st_size < 60_000
)

TOO_LARGE = (ErrCode.INTEGER_TOO_LARGE, ErrCode.TOO_MANY_LOCALS, ErrCode.LENGTH_OUT_OF_BOUNDS)
"""What text can say and binaries cannot: sizes of 2^32 pages without ``i64``, too many locals."""

TEXT = """\
(module $m
  (type $s (struct (field $x i32) (field (mut i8))))
  (rec
    (type $a (sub (array (mut (ref null $s)))))
    (type $f (sub final $a (func (param i32) (result i32)))))
  (type (;3;) (func (param i32) (result i32)))
  (import "a\\22" "b" (func $"\\22" (type 3) (param $p i32) (result i32)))
  (table $t 1 2 (ref null $s) (ref.null $s))
  (memory (;0;) i64 1 2 shared (pagesize 1))
  (tag (;0;) (type 3) (param i32) (result i32))
  (global $g (mut f32) (f32.const 0.1))
  (export "g" (global $g))
  (elem (;0;) (offset i32.const 1 i32.const 2 i32.add) func $"\\22" $h)
  (elem $e declare (ref $f) (ref.func $h))
  (func $h (type 3) (param $n i32) (result i32)
    (local i64 i64) (local $v v128)
    block $l (result i32)
      local.get $n
      i32.load offset=4 align=1
      br_table $l 1 1
    end
    try_table $l (type 3) (catch_all 0)
      f64.const nan:0x4
      drop
      v128.const i32x4 0x00000001 0x00000002 0x00000003 0xffffffff
      local.set $v
      br $l
    end)
  (data (;0;) "a\\00\\ff\\22")
  (@custom "extra" (after data) "\\01"))
"""


def round_trip(binary: bytes) -> tuple[bytes, str]:
    """What both forms of the text of a module assemble to, which is the same."""
    flat, folded = print_module(binary), print_module(binary, folded=True)
    made = assemble(flat)
    assert assemble(folded) == made
    if made != binary:
        assert assemble(print_module(made)) == made
    return made, flat


def test_a_module_with_everything() -> None:
    binary = assemble(TEXT)
    assert print_module(binary) == TEXT
    assert round_trip(binary)[0] == binary


def test_folded() -> None:
    text = """\
(module
  (type (;0;) (func (param i32) (result i32)))
  (func $f (type 0) (param $n i32) (result i32)
    (if (result i32)
      (i32.lt_s (local.get $n) (i32.const 2))
      (then (local.get $n))
      (else
        (i32.add
          (call $f (i32.sub (local.get $n) (i32.const 1)))
          (call $f (i32.sub (local.get $n) (i32.const 2)))))))
  (func (;1;) (type 0) (param i32) (result i32)
    (nop)
    (call $f (local.get 0))
    (nop)
    (call $f)))
"""
    assert print_module(assemble(text), folded=True) == text


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_programs(path: Path) -> None:
    round_trip(path.read_bytes())


SCRIPTS = wast.sources()


@pytest.mark.skipif(not SCRIPTS, reason=testdata.HOW_TO_GET)
@pytest.mark.parametrize("name", SCRIPTS)
def test_the_modules_of_the_3_0_suite(name: str) -> None:
    """A module in text has the shortest form of everything: the bytes are the same at once."""
    for source in wast.parsed(name).modules.values():
        try:
            binary = source.binary()
        except WatError:
            continue
        try:
            print_module(binary)
        except LoadError as error:
            assert source.kind == "binary" or error.code in TOO_LARGE, f"{name}:{source.line}"
            continue
        made, _ = round_trip(binary)
        assert made == binary or source.kind == "binary", f"{name}:{source.line}"


@pytest.mark.skipif(not suites.available(), reason=testdata.HOW_TO_GET)
def test_the_binaries_of_the_suite_that_load_are_printed() -> None:
    for name in ("binary", "binary-leb128", "custom"):
        script = next(script for script in suites.scripts() if script.id == f"core-2.0/{name}")
        for command in script.commands:
            if command["type"] == "module":
                round_trip(script.binary(command["filename"]))


def test_floats_are_short_and_exact() -> None:
    random = Random(5)
    for kind, size in (("f32", 32), ("f64", 64)):
        for _ in range(800):
            bits = random.getrandbits(size)
            code = {"f32": b"\x43", "f64": b"\x44"}[kind] + bits.to_bytes(size // 8, "little")
            binary = assemble(f"(global {kind} ({kind}.const 0))")
            binary = binary[:13] + code + b"\x0b"
            assert round_trip(binary)[0] == binary
    shown = print_module(assemble("(global f32 (f32.const 0x1.99999ap-4))"))
    assert "(f32.const 0.1)" in shown


def test_names_that_no_identifier_can_say() -> None:
    text = (
        '(module (func $a) (func (@name "a")) (func (@name "")) (func $"a b" (local $"(" i32))'
        ' (global $g (@name "G") i32 (i32.const 0)))'
    )
    binary = assemble(text)
    made, shown = round_trip(binary)
    assert made == binary
    assert '(func (;1;) (@name "a")' in shown
    assert '$"a b"' in shown


def test_custom_sections_keep_their_places() -> None:
    text = (
        '(module (type (func)) (@custom "a" (before first) "1") (@custom "b" (after type))'
        ' (@custom "c" (after func) "\\00") (@custom "d" (after code)) (func) (@custom "e"))'
    )
    binary = assemble(text)
    assert round_trip(binary)[0] == binary
    order = [binary.index(name) for name in (b"\1a1", b"\1b", b"\1c\0", b"\1d", b"\1e")]
    assert order == sorted(order)


def test_deep_code_is_printed() -> None:
    deep = 20_000
    text = "(func (result i32) " + "(i32.eqz " * deep + "(i32.const 1)" + ")" * deep + ")"
    binary = assemble(text)
    assert round_trip(binary)[0] == binary
    blocks = assemble("(func " + "(block " * deep + ")" * deep + ")")
    assert round_trip(blocks)[0] == blocks


# --- bad input ---------------------------------------------------------------------------


def corpus() -> list[str]:
    """Texts to start from."""
    found = [TEXT, print_module(assemble(TEXT), folded=True)]
    found += [print_module(path.read_bytes()) for path in PROGRAMS if path.stat().st_size < 2000]
    return found


@pytest.mark.parametrize("seed", range(8))
def test_mutated_text(seed: int) -> None:
    """Nothing but a ``WatError``, or a module that is read back as it was written."""
    random = Random(seed)
    texts = corpus()
    words = [word for text in texts for word in text.split()]
    for _ in range(150):
        pieces = random.choice(texts).split(" ")
        for _ in range(random.randrange(1, 4)):
            at = random.randrange(len(pieces))
            action = random.randrange(5)
            if action == 0:
                del pieces[at]
            elif action == 1:
                pieces.insert(at, random.choice(words))
            elif action == 2:
                pieces[at] = random.choice(words)
            elif action == 3:
                pieces[at] = pieces[at][: random.randrange(len(pieces[at]) + 1)]
            else:
                piece = random.choice(['"', "(", ")", "(;", ";)", ";;", "(@", "\\", "\0", "é", "$"])
                pieces[at] = piece + pieces[at]
            pieces = pieces or [""]
        text = " ".join(pieces)
        try:
            binary = assemble(text)
        except WatError:
            continue
        try:
            assert assemble(print_module(binary)) == binary
        except LoadError as error:
            assert error.code in TOO_LARGE, text


@pytest.mark.parametrize("seed", range(4))
def test_mutated_binaries(seed: int) -> None:
    """Nothing but a ``LoadError``, or text that means a module."""
    random = Random(seed)
    binaries = [assemble(TEXT)]
    binaries += [path.read_bytes() for path in PROGRAMS if path.stat().st_size < 2000]
    for _ in range(400):
        binary = bytearray(random.choice(binaries))
        for _ in range(random.randrange(1, 4)):
            binary[random.randrange(8, len(binary))] = random.choice(
                (0, 1, 0x7F, 0x80, 0xFF, random.randrange(256))
            )
        try:
            flat, folded = print_module(bytes(binary)), print_module(bytes(binary), folded=True)
        except LoadError:
            continue
        assert assemble(flat) == assemble(folded)


# --- the command -------------------------------------------------------------------------


def test_the_command(tmp_path: Path) -> None:
    path = tmp_path / "module.wasm"
    path.write_bytes(assemble(TEXT))

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pywasmedge", "print", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert run(path).stdout == TEXT
    assert run("--folded", path).stdout == print_module(assemble(TEXT), folded=True)
    path.write_text(TEXT)
    assert run(path).stdout == TEXT
    path.write_bytes(b"\0asm\1\0\0\0\1")
    done = run(path)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"'{path}'" in done.stderr
    assert run().returncode == run("--flat", path).returncode == 1
