"""``wasmedge wast``: scripts of the specification's test suite."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

GOOD = """
(module $m
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "nan") (result f32) (f32.const nan))
  (func (export "div") (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
  (func $deep (export "deep") (call $deep))
  (func (export "same") (param externref) (result externref) (local.get 0))
  (table (export "t") 1 funcref)
  (global (export "g") i64 (i64.const -1)))
(assert_return (invoke "add" (i32.const 1) (i32.const -2)) (i32.const 0xffff_ffff))
(assert_return (invoke "nan") (f32.const nan:canonical))
(assert_return (invoke "nan") (either (f32.const 1) (f32.const nan:arithmetic)))
(assert_return (invoke "same" (ref.extern 7)) (ref.extern 7))
(assert_return (invoke "same" (ref.null extern)) (ref.null))
(assert_return (invoke "same" (ref.extern 1)) (ref.extern))
(assert_return (get $m "g") (i64.const -1))
(assert_trap (invoke "div" (i32.const 0)) "integer divide by zero")
(assert_exhaustion (invoke "deep") "call stack exhausted")
(register "m" $m)
(module
  (import "m" "add" (func (param i32 i32) (result i32)))
  (start 1)
  (func (drop (call 0 (i32.const 1) (i32.const 2)))))
(invoke $m "add" (i32.const 1) (i32.const 2))
(module definition $d (global (export "x") (mut i32) (i32.const 3)))
(module instance $i $d)
(assert_return (get $i "x") (i32.const 3))
(module binary "\\00asm" "\\01\\00\\00\\00")
(module quote "(func" ")")
(assert_malformed (module quote "(func (i32.ad))") "unknown operator")
(assert_malformed (module binary "\\00as") "unexpected end")
(assert_invalid (module (func (result i32))) "type mismatch")
(assert_unlinkable (module (import "m" "none" (func))) "unknown import")
(assert_trap (module (func unreachable) (start 0)) "unreachable")
(assert_malformed_custom (module quote "(@custom)") "@custom annotation: missing section name")
"""

BAD = """
(module (func (export "one") (result i32) (i32.const 1)))
(assert_return (invoke "one") (i32.const 2))
(assert_trap (invoke "one") "unreachable")
(assert_malformed (module quote "(func)") "unexpected token")
(assert_malformed (module quote "(fun)") "illegal character")
(assert_invalid (module) "type mismatch")
(assert_return (invoke "one") (i32.const 1))
"""


def wast(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pywasmedge", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_scripts_that_hold(tmp_path: Path) -> None:
    files = [tmp_path / "a.wast", tmp_path / "b.wast"]
    files[0].write_text(GOOD)
    files[1].write_text('(func (export "f"))')  # a module without more
    done = wast("wast", *files)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "a.wast: 23 of 23 hold\nb.wast: 1 of 1 hold\n"


def test_what_does_not_hold_is_said_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.wast"
    path.write_text(BAD)
    done = wast("wast", path)
    assert done.returncode == 1
    assert done.stdout == "bad.wast: 2 of 7 hold\n"
    lines = done.stderr.splitlines()
    assert [line.removeprefix(f"{path}:").split(":")[0] for line in lines] == list("34567")
    assert lines[0].endswith("assert_return: 0x00000001 instead of {'type': 'i32', 'value': '2'}")
    assert "'illegal character' expected, not 'unknown operator'" in lines[3]


def test_proposals_are_those_of_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "tail.wast"
    path.write_text("(module (func $f (return_call $f)))")
    assert wast("wast", path).returncode == 1
    assert wast("--enable-tail-call", "wast", path).returncode == 0


def test_files_that_are_no_scripts(tmp_path: Path) -> None:
    path = tmp_path / "no.wast"
    path.write_text('(module)\n(assert_retrun (invoke "f"))')
    done = wast("wast", path)
    assert done.returncode == 1
    assert f"'{path}': line 2, column 2: unknown operator" in done.stderr
    assert wast("wast", tmp_path / "none.wast").returncode == 1
    assert "needs the files" in wast("wast").stderr
