"""Bodies that are validated when they are called first (``Configure.validation``)."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import capi_lib as c
import pytest
import wasmbuild as wb

from pywasmedge import (
    VM,
    Configure,
    ErrCode,
    Executor,
    FunctionType,
    Loader,
    LoadError,
    ModuleInstance,
    Proposal,
    Store,
    Tier,
    Trap,
    Validation,
    ValidationError,
    Validator,
    ValType,
)
from pywasmedge.prepare.loader import EAGER_SIZE

if TYPE_CHECKING:
    from pathlib import Path

INVALID = wb.body("i64.const 1 return i32.const 0")
MALFORMED = wb.body(b"\x41\x01\x27")
CUT = wb.body("i32.const 1 drop")[:-1]
"""A body without its last ``end``."""
TOO_MANY = wb.body("i32.const 1", [(50_001, "i32")])
SECRET = 42
"""What must never come out of an invalid function."""

BAD: list[tuple[bytes, int, type[Exception]]] = [
    (INVALID, ErrCode.TYPE_CHECK_FAILED, ValidationError),
    (wb.body("i32.const 42 call 99"), ErrCode.INVALID_FUNC_IDX, ValidationError),
    (
        wb.body("loop void local.get 7 drop end i32.const 42"),
        ErrCode.INVALID_LOCAL_IDX,
        ValidationError,
    ),
    (
        wb.body("i32.const 42 unreachable i64.eqz i64.eqz"),
        ErrCode.TYPE_CHECK_FAILED,
        ValidationError,
    ),
    (MALFORMED, ErrCode.ILLEGAL_OPCODE, LoadError),
    (CUT, ErrCode.END_CODE_EXPECTED, LoadError),
    (TOO_MANY, ErrCode.TOO_MANY_LOCALS, LoadError),
    (wb.body(b"\x41\xaa\x80\x80\x80\x80\x80\x00"), ErrCode.INTEGER_TOO_LONG, LoadError),
]
IDS = ["operand", "callee", "local", "unreachable", "opcode", "end", "locals", "leb"]


def library(bad: bytes = INVALID, *, big: bool = False, **parts: Any) -> bytes:
    """Functions ``good``, ``bad``, and ``call``, which calls ``bad`` if its argument is not 0."""
    given: dict[str, Any] = {
        "types": ["-> i32", "i32 -> i32", "->"],
        "funcs": [0, 0, 1, 0],
        "exports": [("good", "func", 0), ("bad", "func", 1), ("call", "func", 2)],
        "tables": [wb.table(2)],
        "elements": [wb.element("i32.const 0", [0, 1])],
        "code": [
            wb.body("i32.const 7"),
            bad,
            wb.body("local.get 0 if i32 i32.const 1 call_indirect 0 0 else call 3 end"),
            wb.body("i32.const 7"),
        ],
        **parts,
    }
    names = wb.section(0, wb.name("name") + b"\1" + wb.name(wb.vec([b"\1" + wb.name("worse")])))
    filling = wb.custom("filling", bytes(EAGER_SIZE)) if big else b""
    return wb.wasm(**given) + names + filling


def lazily(**options: Any) -> Configure:
    return Configure(validation=Validation.LAZY, **options)


def whole_error(binary: bytes) -> LoadError | ValidationError:
    """What the complete check says."""
    with pytest.raises((LoadError, ValidationError)) as caught:
        Validator().validate(Loader().parse_bytes(binary))
    return caught.value


def described(error: Any) -> tuple[object, ...]:
    return type(error), error.code, error.offset, error.func_index, error.func_name, str(error)


# --- through Python ----------------------------------------------------------------------------


@pytest.mark.parametrize("lazy", [None, True, False])
@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize(("bad", "code", "kind"), BAD, ids=IDS)
def test_an_invalid_function_fails_when_it_is_called(
    bad: bytes, code: int, kind: type[Exception], tier: Tier, lazy: bool | None
) -> None:
    binary = library(bad)
    vm = VM(lazily(tier=tier, lazy=lazy))
    assert vm.run_wasm_from_bytes(binary, "good") == 7
    assert vm.execute("call", 0) == 7
    for name, args in (("bad", ()), ("call", (1,)), ("bad", ())):
        with pytest.raises(kind) as caught:
            vm.execute(name, *args)
        error: Any = caught.value
        assert (error.code, error.func_index, error.func_name) == (code, 1, "worse")
        expected = whole_error(binary)
        if expected.func_index == 1:  # malformed locals are found before bodies are read
            assert described(error) == described(expected)
        assert vm.execute("good") == 7


def test_the_error_passes_through_host_functions() -> None:
    host = ModuleInstance("host")
    vm = VM(lazily())
    host.add_function("back", lambda: vm.execute("bad"), FunctionType((), (ValType.I32,)))
    vm.register_module(host)
    binary = wb.wasm(
        types=["-> i32"],
        imports=[("host", "back", "func", 0)],
        funcs=[0, 0],
        exports=[("run", "func", 1), ("bad", "func", 2)],
        code=[wb.body("call 0"), INVALID],
    )
    with pytest.raises(ValidationError) as caught:
        vm.run_wasm_from_bytes(binary, "run")
    assert caught.value.func_index == 2


def test_an_invalid_start_function_fails_after_segments_were_written() -> None:
    memory = wb.wasm(memories=[wb.limits(1)], exports=[("memory", "memory", 0)])
    binary = wb.wasm(
        types=["->"],
        imports=[("provider", "memory", "memory", wb.limits(1))],
        funcs=[0],
        start=0,
        code=[wb.body("i32.const 1")],
        datas=[wb.data("i32.const 0", b"written")],
    )
    for validation, written in ((Validation.LAZY, b"written"), (Validation.EAGER, bytes(7))):
        vm = VM(Configure(validation=validation))
        provider = vm.register_module_from_bytes("provider", memory)
        with pytest.raises(ValidationError):
            vm.run_wasm_from_bytes(binary)
        assert bytes(memoryview(provider.exports["memory"])[:7]) == written  # type: ignore[arg-type]
        assert vm.active_module is None


def test_registered_modules() -> None:
    vm = VM(lazily())
    instance = vm.register_module_from_bytes("m", library())
    assert instance.exports["good"]() == 7  # type: ignore[operator]
    with pytest.raises(ValidationError):
        vm.execute_registered("m", "bad")
    importer = wb.wasm(
        types=["-> i32"], imports=[("m", "bad", "func", 0)], exports=[("again", "func", 0)]
    )
    with pytest.raises(ValidationError):
        vm.run_wasm_from_bytes(importer, "again")


def test_on_another_thread_and_with_a_time_limit() -> None:
    vm = VM(lazily())
    with pytest.raises(ValidationError):
        vm.run_wasm_from_bytes_async(library(), "bad").result()
    with pytest.raises(ValidationError):
        vm.run_wasm_from_bytes(library(), "bad", timeout=60)


def test_a_trap_after_the_error_is_a_trap() -> None:
    binary = library(
        code=[wb.body("unreachable"), INVALID, wb.body("i32.const 0"), wb.body("i32.const 0")]
    )
    vm = VM(lazily())
    for _ in range(2):
        with pytest.raises(ValidationError):
            vm.run_wasm_from_bytes(binary, "bad")
        with pytest.raises(Trap):
            vm.execute("good")


# --- when it is used ---------------------------------------------------------------------------


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("validation", Validation)
def test_only_big_binaries_unless_configured(validation: Validation, big: bool) -> None:
    vm = VM(Configure(validation=validation))
    binary = library(big=big)
    if validation == Validation.LAZY or (validation == Validation.AUTO and big):
        assert vm.run_wasm_from_bytes(binary, "good") == 7
        assert vm.register_module_from_bytes("m", binary).exports["good"]() == 7  # type: ignore[operator]
    else:
        for run in (vm.run_wasm_from_bytes, lambda b: vm.register_module_from_bytes("m", b)):
            with pytest.raises(ValidationError):
                run(binary)


def test_explicit_steps_are_complete() -> None:
    configure = lazily()
    vm = VM(configure)
    vm.load_wasm(library(big=True))
    with pytest.raises(ValidationError):
        vm.validate()
    for load in (vm.load_wasm, vm.load_wasm_from_bytes, Loader(configure).parse_bytes):
        with pytest.raises(LoadError):
            load(library(MALFORMED, big=True))
    module = Loader(configure).parse_bytes(library(big=True))
    with pytest.raises(ValidationError):
        Validator(configure).validate(module)
    with pytest.raises(ValidationError):
        vm.run_wasm_from_module(module, "good")
    assert not module.validated


def test_declarations_are_always_checked() -> None:
    vm = VM(lazily())
    twice = [("good", "func", 0)] * 2
    for bad, code in ((INVALID, 0x4D), (MALFORMED, 0x37)):  # as a complete check would say
        binary = library(bad, exports=twice)
        with pytest.raises((LoadError, ValidationError)) as caught:
            vm.run_wasm_from_bytes(binary, "good")
        assert caught.value.code == code
        assert described(caught.value) == described(whole_error(binary))


def test_validating_later_does_the_rest() -> None:
    configure = lazily()
    module = Loader(configure).load(library())
    validator = Validator(configure)
    validator.admit(module)
    instance = Executor(Configure(lazy=True)).instantiate(Store(), module)
    assert list(module.ast.checked) == [0, 0, 0, 0]
    assert instance.exports["call"](0) == 7  # type: ignore[operator]
    assert list(module.ast.checked) == [0, 0, 1, 1]
    assert not module.validated
    with pytest.raises(ValidationError):
        validator.validate(module)
    valid = Loader(configure).load(library(wb.body("i32.const 42")))
    validator.admit(valid)
    assert not valid.validated
    validator.validate(valid)
    assert valid.validated
    assert list(valid.ast.checked) == [1, 1, 1, 1]


def test_marks_count_for_the_same_proposals_only() -> None:
    """A body that was valid with a proposal is checked again by an executor without it."""
    module = Loader(lazily()).load(library(wb.body("i32.const 42 i32.extend8_s")))
    Validator(lazily()).admit(module)
    store = Store()
    with_it = Executor(Configure(lazy=True)).instantiate(store, module)
    assert with_it.exports["bad"]() == 42  # type: ignore[operator]
    configure = Configure(lazy=True)
    configure.remove_proposal(Proposal.SIGN_EXTENSION_OPERATORS)
    without = Executor(configure).instantiate(store, module)
    with pytest.raises(LoadError):
        without.exports["bad"]()  # type: ignore[operator]
    assert list(module.ast.checked) == [0, 1, 0, 0]


# --- the command -------------------------------------------------------------------------------


def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "pywasmedge", *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, timeout=60)


def test_the_command(tmp_path: Path) -> None:
    path = tmp_path / "big.wasm"
    path.write_bytes(library(big=True))
    done = command("--reactor", path, "good")
    assert (done.returncode, done.stdout, done.stderr) == (0, "7\n", "")
    for words in (["--reactor", path, "bad"], ["--validate-all", "--reactor", path, "good"]):
        done = command(*words)
        assert (done.returncode, done.stdout) == (1, "")
        (line,) = done.stderr.splitlines()
        assert f"validation failed: type mismatch, Code: 0x41: '{path}': expected i32" in line
        assert ", in function 1 <worse>, at offset 0x" in line


# --- through C ---------------------------------------------------------------------------------


def run_in_c(vm: Any, binary: bytes, name: str) -> tuple[int, int]:
    """Code and result of running a function of a binary."""
    returns = c.values([("i32", bytes(4))])
    buffer = c.ffi.new("uint8_t[]", binary)
    result = c.lib.WasmEdge_VMRunWasmFromBuffer(
        vm, buffer, len(binary), c.string(name), c.NULL, 0, returns, 1
    )
    return c.code(result), int.from_bytes(c.bits(returns[0])[:4], "little")


@pytest.mark.parametrize(("bad", "code", "kind"), BAD, ids=IDS)
def test_codes_in_c(
    bad: bytes, code: int, kind: type[Exception], capfd: pytest.CaptureFixture[str]
) -> None:
    lib = c.lib
    vm = lib.WasmEdge_VMCreate(c.NULL, c.NULL)
    binary = library(bad, big=True)
    assert run_in_c(vm, binary, "good") == (0, 7)
    capfd.readouterr()
    for _ in range(2):
        assert run_in_c(vm, binary, "bad") == (code, 0)
        assert ", in function 1 <worse>, at offset 0x" in capfd.readouterr().err
        result = lib.WasmEdge_VMExecute(vm, c.string("bad"), c.NULL, 0, c.NULL, 0)
        assert c.code(result) == code
    buffer = c.ffi.new("uint8_t[]", binary)
    if kind is ValidationError:
        result = lib.WasmEdge_VMLoadWasmFromBuffer(vm, buffer, len(binary))
        assert c.code(result) == 0
        assert c.code(lib.WasmEdge_VMValidate(vm)) == code
    else:
        result = lib.WasmEdge_VMLoadWasmFromBuffer(vm, buffer, len(binary))
        assert c.code(result) == code
    name = c.string("m")
    result = lib.WasmEdge_VMRegisterModuleFromBuffer(vm, name, buffer, len(binary))
    assert c.code(result) == 0
    result = lib.WasmEdge_VMExecuteRegistered(vm, name, c.string("bad"), c.NULL, 0, c.NULL, 0)
    assert c.code(result) == code
    small = library(bad)
    assert run_in_c(vm, small, "good") == (code, 0)
    lib.WasmEdge_VMDelete(vm)
