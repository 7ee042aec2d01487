"""Text is accepted wherever binaries are: in Python, by the commands, through the C API."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import capi_host
import capi_lib
import pytest
from capi_lib import NULL, ffi, lib, string

import pywasmedge
from pywasmedge.prepare.source import is_text

TEXT = """
;; A module in the text format.
(module
  (func $boom unreachable)
  (func (export "twice") (param $n i32) (result i32) (i32.add (local.get $n) (local.get $n)))
  (func $_start (export "_start") (call $boom)))
"""
BROKEN = "(module\n  (func (i32.ad)))"
WORDS = "line 2, column 10: unknown operator i32.ad; did you mean 'i32.add'?"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "program.wat"
    path.write_text(TEXT)
    return path


def command(name: str, *words: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", f"pywasmedge.cli.{name}", *map(str, words)]
    if name == "wasmedge":
        line[1:3] = ["-m", "pywasmedge"]
    else:
        line[1:3] = ["-c", f"from pywasmedge.cli.{name} import main; main()"]
    return subprocess.run(line, capture_output=True, text=True, timeout=60)


# --- Python ------------------------------------------------------------------------------


def test_loader_and_vm(file: Path) -> None:
    loader = pywasmedge.Loader()
    for module in (loader.parse_file(file), loader.parse_bytes(TEXT.encode())):
        assert [export.name for export in module.exports] == ["twice", "_start"]
    for source in (file, TEXT.encode(), bytearray(TEXT.encode())):
        with pywasmedge.VM() as vm:
            vm.load_wasm_from_file(file) if source is file else vm.load_wasm_from_bytes(source)
            vm.validate()
            vm.instantiate()
            assert vm.execute("twice", 21) == 42


def test_backtraces_have_the_identifiers(file: Path) -> None:
    with pywasmedge.VM() as vm:
        vm.load_wasm_from_file(file)
        vm.validate()
        vm.instantiate()
        with pytest.raises(pywasmedge.Trap) as caught:
            vm.execute("_start")
    assert caught.value.backtrace == ("boom", "_start")


def test_errors_have_a_position() -> None:
    with pytest.raises(pywasmedge.WatError) as caught:
        pywasmedge.Loader().parse_bytes(BROKEN.encode())
    assert str(caught.value).startswith(WORDS)
    assert caught.value.code == pywasmedge.ErrCode.ILLEGAL_GRAMMAR


def test_hosts_can_refuse(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing = pywasmedge.Loader(pywasmedge.Configure(text=False))
    for attempt in (lambda: refusing.parse_file(file), lambda: refusing.parse_bytes(b" (module)")):
        with pytest.raises(pywasmedge.LoadError) as caught:
            attempt()
        assert caught.value.code == pywasmedge.ErrCode.MALFORMED_MAGIC
    monkeypatch.setenv("PYWASMEDGE_TEXT", "off")
    with pytest.raises(pywasmedge.LoadError, match="magic"):
        pywasmedge.Loader().parse_file(file)
    pywasmedge.Loader(pywasmedge.Configure(text=True)).parse_file(file)


def test_ahead_of_time(file: Path) -> None:
    made = pywasmedge.Compiler().compile_bytes(TEXT.encode())
    assert made.startswith(b"\0asm")
    compiled = file.with_suffix(".out")
    pywasmedge.Compiler().compile(file, compiled)
    with pywasmedge.VM() as vm:
        assert vm.run_wasm_from_file(compiled, "twice", 4) == 8


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"(module)", True),
        (b"\n\t (module", True),
        (b";; x\n;; y\r\n (;", True),
        (b" " * 10_000 + b"(", True),
        (b"", False),
        (b"  ", False),
        (b";; x", False),
        (b"\0asm", False),
        (b"\x7fELF", False),
        (b"{}", False),
        (b"#!(", False),
        (b"; (", False),
    ],
)
def test_what_is_taken_for_text(data: bytes, text: bool) -> None:
    assert is_text(data) == text


def test_binaries_do_not_pay() -> None:
    """Running a binary imports nothing of the text format."""
    code = (
        "import sys, pywasmedge\n"
        "vm = pywasmedge.VM()\n"
        "vm.load_wasm_from_bytes(b'\\0asm\\1\\0\\0\\0')\n"
        "print(*[name for name in sys.modules if name.startswith('pywasmedge.text')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


# --- commands ----------------------------------------------------------------------------


def test_the_command_runs_text(file: Path) -> None:
    done = command("wasmedge", "--reactor", file, "twice", "5")
    assert (done.returncode, done.stdout, done.stderr) == (0, "10\n", "")
    refused = command("wasmedge", "--no-text", "--reactor", file, "twice", "5")
    assert refused.returncode == 1
    assert "magic header not detected" in refused.stderr


def test_the_command_shows_the_place(tmp_path: Path) -> None:
    path = tmp_path / "broken.wat"
    path.write_text(BROKEN)
    done = command("wasmedge", path)
    assert done.returncode == 1
    lines = [line.partition("[error] ")[2] for line in done.stderr.splitlines()]
    assert lines == [f"'{path}': {WORDS}", "    (func (i32.ad)))", "           ^"]


def test_the_compiler_takes_text(file: Path) -> None:
    out = file.with_suffix(".so")
    done = command("wasmedgec", file, out)
    assert done.returncode == 0, done.stderr
    ran = command("wasmedge", "--reactor", out, "twice", "6")
    assert (ran.returncode, ran.stdout) == (0, "12\n")


# --- C API -------------------------------------------------------------------------------


def test_the_c_api_takes_text(file: Path) -> None:
    vm = lib.WasmEdge_VMCreate(NULL, NULL)
    try:
        data = ffi.from_buffer("uint8_t[]", TEXT.encode())
        argument = capi_lib.values([("i32", (7).to_bytes(4, "little"))])
        result = ffi.new("WasmEdge_Value *")
        name = string("twice")
        for ended in (
            lib.WasmEdge_VMRunWasmFromBuffer(vm, data, len(TEXT), name, argument, 1, result, 1),
            lib.WasmEdge_VMRunWasmFromFile(vm, bytes(file), name, argument, 1, result, 1),
        ):
            assert lib.WasmEdge_ResultOK(ended)
            assert lib.WasmEdge_ValueGetI32(result[0]) == 14
    finally:
        lib.WasmEdge_VMDelete(vm)


def test_the_c_api_has_a_code_for_malformed_text() -> None:
    loader = lib.WasmEdge_LoaderCreate(NULL)
    out = ffi.new("WasmEdge_ASTModuleContext **")
    try:
        for text, code in ((BROKEN, 0x39), ("(func", 0x39), ("func", 0x23), ("", 0x22)):
            data = ffi.from_buffer("uint8_t[]", text.encode() or b"\0")
            ended = lib.WasmEdge_LoaderParseFromBuffer(loader, out, data, len(text))
            assert capi_lib.code(ended) == code
    finally:
        lib.WasmEdge_LoaderDelete(loader)


HOST = """
#include <stdio.h>
#include <string.h>
#include <wasmedge/text.h>
static unsigned load(WasmEdge_ConfigureContext *configure) {
  const char *text = "(module)";
  WasmEdge_LoaderContext *loader = WasmEdge_LoaderCreate(configure);
  WasmEdge_ASTModuleContext *module = NULL;
  WasmEdge_Result ended = WasmEdge_LoaderParseFromBuffer(
      loader, &module, (const uint8_t *)text, (uint32_t)strlen(text));
  WasmEdge_ASTModuleDelete(module);
  WasmEdge_LoaderDelete(loader);
  return WasmEdge_ResultGetCode(ended);
}
int main(void) {
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  printf("%d ", WasmEdge_ConfigureIsTextFormat(NULL));
  printf("%d %u ", WasmEdge_ConfigureIsTextFormat(configure), load(configure));
  WasmEdge_ConfigureSetTextFormat(NULL, true);
  WasmEdge_ConfigureSetTextFormat(configure, false);
  printf("%d %u\\n", WasmEdge_ConfigureIsTextFormat(configure), load(configure));
  WasmEdge_ConfigureDelete(configure);
  return 0;
}
"""


def test_c_hosts_can_refuse(tmp_path: Path) -> None:
    source = tmp_path / "host.c"
    source.write_text(HOST)
    done = capi_host.run(capi_host.build(source))
    assert (done.returncode, done.stdout) == (0, f"0 1 0 0 {0x23}\n"), done.stderr
