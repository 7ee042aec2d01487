"""Entry, exit and traps of the native kernel, with guests in LLVM text."""

from __future__ import annotations

import threading

import pytest
from kernel_guest import (
    EXTERNREF,
    F32,
    F64,
    I32,
    I64,
    V128,
    Guest,
    HostFunctions,
    call_import,
    explicit_trap,
    field,
    struct,
)

from pywasmedge.base.errors import ErrCode, Trap
from pywasmedge.base.types import FunctionType
from pywasmedge.kernel.native import ffi, lib
from pywasmedge.runtime.backtrace import backtrace, trap

NULLARY = FunctionType((), (I32,))
UNARY = FunctionType((I32,), (I32,))
BINARY = FunctionType((I32, I32), (I32,))

ADD = (
    "define tailcc i32 @f0(ptr %ctx, i32 %a, i32 %b) #0 {\n  %r = add i32 %a, %b\n  ret i32 %r\n}\n"
)
TRAP = "define tailcc i32 @f0(ptr %ctx, i32 %code) #0 {\n" + explicit_trap("%code") + "}\n"
LOAD = (
    "define tailcc i32 @f0(ptr %ctx, i32 %a, i32 %offset) #0 {\n"
    + field("memory0", "%base")
    + "  %wa = zext i32 %a to i64\n  %wo = zext i32 %offset to i64\n"
    "  %sum = add i64 %wa, %wo\n"
    "  %p = getelementptr i8, ptr %base, i64 %sum\n"
    "  %r = load i32, ptr %p, align 1\n  ret i32 %r\n}\n"
)
NULL_CALL = (
    "define tailcc i32 @f0(ptr %ctx, i32 %ref) #0 {\n"
    "  %w = zext i32 %ref to i64\n  %func = inttoptr i64 %w to ptr\n"
    "  %id.p = getelementptr i8, ptr %func, i64 24\n"
    "  %id = load i32, ptr %id.p\n  ret i32 %id\n}\n"
)
CLEAR = (
    "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)\n"
    "define tailcc i32 @f0(ptr %ctx, i32 %at, i32 %length) #0 {\n"
    + field("memory0", "%base")
    + "  %wa = zext i32 %at to i64\n  %wl = zext i32 %length to i64\n"
    "  %p = getelementptr i8, ptr %base, i64 %wa\n"
    "  call void @llvm.memset.p0.i64(ptr %p, i8 1, i64 %wl, i1 false)\n  ret i32 7\n}\n"
)


def test_arguments_and_result_pass_through() -> None:
    assert Guest({BINARY: ADD}).call(40, 2) == 42


@pytest.mark.parametrize(
    "code", [ErrCode.UNREACHABLE, ErrCode.DIVIDE_BY_ZERO, ErrCode.TABLE_OUT_OF_BOUNDS]
)
def test_explicit_trap_ends_the_call_with_its_code(code: ErrCode) -> None:
    guest = Guest({UNARY: TRAP})
    assert guest.call(code) == -code
    assert lib.we_last_trap() == code
    assert lib.we_last_trap() == 0


def test_the_guest_stays_usable_after_ten_thousand_traps() -> None:
    guest = Guest({BINARY: LOAD}, memory=(1, 1))
    for _ in range(10_000):
        assert guest.call(65536, 0) == -ErrCode.MEMORY_OUT_OF_BOUNDS
    assert guest.call(0, 0) == 0


@pytest.mark.parametrize(
    ("address", "offset", "inside"),
    [
        (65532, 0, True),
        (65533, 0, False),
        (65536, 0, False),
        (0, 65533, False),
        (0xFFFF_FFFF, 0, False),
        (0xFFFF_FFFF, 0x7FFF_FFFF, False),
        (0x8000_0000, 0x7FFF_FFFF, False),
    ],
)
def test_access_outside_of_a_guarded_memory_traps(address: int, offset: int, inside: bool) -> None:
    guest = Guest({BINARY: LOAD}, memory=(1, 1))
    assert guest.memory.guarded
    assert guest.call(address, offset) == (0 if inside else -ErrCode.MEMORY_OUT_OF_BOUNDS)


@pytest.mark.parametrize("reference", [0, 8, 40000])
def test_use_of_a_null_reference_is_an_uninitialized_element(reference: int) -> None:
    assert Guest({UNARY: NULL_CALL}).call(reference) == -ErrCode.UNINITIALIZED_ELEMENT


@pytest.mark.parametrize(
    ("at", "length", "expected"),
    [
        (0, 65536, 7),
        (0, 65537, -ErrCode.MEMORY_OUT_OF_BOUNDS),
        (65535, 2, -ErrCode.MEMORY_OUT_OF_BOUNDS),
        (0xFFFF_0000, 0xFFFF, -ErrCode.MEMORY_OUT_OF_BOUNDS),
    ],
)
def test_fault_in_a_library_function_called_by_the_guest_traps(
    at: int, length: int, expected: int
) -> None:
    guest = Guest({BINARY: CLEAR}, memory=(1, 1))
    assert guest.call(at, length) == expected
    assert guest.call(0, 4) == 7


def test_each_typed_call_returns_values_and_reports_traps() -> None:
    bodies = {I32: ("i32", "-5"), I64: ("i64", "-5"), F32: ("float", "1.5"), F64: ("double", "1.5")}
    calls = {
        I32: (lib.we_call_i32, lib.WE_TRAPPED_I32),
        I64: (lib.we_call_i64, lib.WE_TRAPPED_I64),
        F32: (lib.we_call_f32, None),
        F64: (lib.we_call_f64, None),
    }
    for type_, (llvm, value) in bodies.items():
        text = (
            f"define tailcc {llvm} @f0(ptr %ctx, i32 %code) #0 {{\n"
            "  %bad = icmp ne i32 %code, 0\n  br i1 %bad, label %t, label %ok\nt:\n"
            + explicit_trap("%code")
            + f"ok:\n  ret {llvm} {value}\n}}\n"
        )
        guest = Guest({FunctionType((I32,), (type_,)): text})
        call, trapped = calls[type_]
        result = call(guest.func(), struct.pack("<Q", 0), 8)
        assert result == float(value)
        assert lib.we_last_trap() == 0
        result = call(guest.func(), struct.pack("<Q", 0x89), 8)
        assert result == trapped if trapped is not None else result != result
        assert lib.we_last_trap() == 0x89


def test_a_result_that_looks_like_a_trap_is_not_one() -> None:
    value = lib.WE_TRAPPED_I32
    guest = Guest({NULLARY: f"define tailcc i32 @f0(ptr %ctx) #0 {{\n  ret i32 {value}\n}}\n"})
    assert lib.we_call_i32(guest.func(), b"", 0) == value
    assert lib.we_last_trap() == 0


def test_vectors_and_many_results_keep_their_places() -> None:
    type_ = FunctionType((I32, V128, F64, EXTERNREF), (EXTERNREF, V128, I32, F64))
    text = (
        "define tailcc void @f0(ptr %ctx, i32 %a, <2 x i64> %v, double %d, i64 %e, ptr %out) #0 {\n"
        "  store i64 %e, ptr %out\n"
        "  %p1 = getelementptr i8, ptr %out, i64 8\n  store <2 x i64> %v, ptr %p1, align 8\n"
        "  %p2 = getelementptr i8, ptr %out, i64 24\n  store i32 %a, ptr %p2\n"
        "  %p3 = getelementptr i8, ptr %out, i64 32\n  store double %d, ptr %p3\n"
        "  ret void\n}\n"
    )
    guest = Guest({type_: text})
    frame = ffi.new("uint64_t[5]", [7, 11, 12, struct.unpack("<Q", struct.pack("<d", 2.5))[0], 99])
    assert lib.we_call(guest.func(), frame) == 0
    assert [frame[0], frame[1], frame[2], frame[3] & 0xFFFF_FFFF] == [99, 11, 12, 7]
    assert struct.unpack("<d", struct.pack("<Q", frame[4]))[0] == 2.5


def echo_guest(type_: FunctionType, host: object) -> Guest:
    """A guest whose function hands its arguments to a host function and returns its results."""
    llvm = {I32: "i32", I64: "i64", F32: "float", F64: "double", V128: "<2 x i64>"}
    params = "".join(f", {llvm[t]} %a{i}" for i, t in enumerate(type_.params))
    result = llvm[type_.results[0]]
    text = (
        f"define tailcc {result} @f0(ptr %ctx{params}) #0 {{\n"
        + call_import(0, result, params)
        + f"  ret {result} %r\n}}\n"
    )
    return Guest({type_: text}, imports=[host])


def test_host_function_gets_arguments_in_registers_and_on_the_stack() -> None:
    type_ = FunctionType((I32, F64, V128, I64, I64, I64, I64, I64, I64, F32, I32), (I64,))
    seen = []

    def host(caller, frame):
        seen.append([frame[i] for i in range(12)])
        frame[0] = 2**63 + 5
        return 0

    hosts = HostFunctions()
    guest = echo_guest(type_, hosts.add(type_, host))
    args = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    assert guest.call(*args) == 2**63 + 5
    got = seen[0]
    assert got[0] & 0xFFFF_FFFF == 1
    assert got[1:10] == args[1:10]
    assert [got[10] & 0xFFFF_FFFF, got[11] & 0xFFFF_FFFF] == [11, 12]


def test_host_function_learns_its_caller() -> None:
    hosts = HostFunctions()
    callers = []

    def host(caller, frame):
        callers.append(caller)
        return 0

    guest = echo_guest(UNARY, hosts.add(UNARY, host))
    guest.call(1)
    lib.we_call(guest.imports[0], ffi.new("uint64_t[1]"))
    assert callers == [guest.c, ffi.NULL]


@pytest.mark.parametrize("code", [0x01, 0x8D, 0x55])
def test_code_of_a_host_function_ends_the_guest(code: int) -> None:
    hosts = HostFunctions()
    guest = echo_guest(UNARY, hosts.add(UNARY, lambda caller, frame: code))
    assert guest.call(1) == -code
    frame = ffi.new("uint64_t[1]")
    assert lib.we_call(guest.imports[0], frame) == code  # called by the host itself


def test_nested_calls_trap_one_level_at_a_time() -> None:
    """host -> guest -> host -> guest ...; the innermost traps, each level sees its own code."""
    hosts = HostFunctions()
    depth = 20
    codes = []
    depths = []

    def host(caller, frame):
        n = frame[0] & 0xFFFF_FFFF
        depths.append(lib.we_call_depth())
        if n == 0:
            return 0x84
        inner = ffi.new("uint64_t[1]", [n - 1])
        codes.append((n, lib.we_call(guest.func(), inner)))
        return 0x85 if n == depth // 2 else (0 if n > depth // 2 else codes[-1][1])

    guest = echo_guest(UNARY, hosts.add(UNARY, host))
    assert guest.call(depth) >= 0
    assert depths == list(range(1, depth + 2))
    expected = dict.fromkeys(range(1, depth // 2 + 1), 132) | {depth // 2 + 1: 0x85}
    assert dict(codes) == expected | dict.fromkeys(range(depth // 2 + 2, depth + 1), 0)
    assert lib.we_call_depth() == 0


def test_backtrace_names_the_functions_on_the_stack_innermost_first() -> None:
    functions = [
        (UNARY, TRAP),
        (
            UNARY,
            "define tailcc i32 @f1(ptr %ctx, i32 %a) #0 {\n  %s = alloca [5000 x i8]\n"
            "  store volatile i8 0, ptr %s\n"
            "  %r = call tailcc i32 @f0(ptr %ctx, i32 %a)\n  %t = add i32 %r, 1\n  ret i32 %t\n}\n",
        ),
        (
            UNARY,
            "define tailcc i32 @f2(ptr %ctx, i32 %a) #0 {\n"
            "  %w = zext i32 %a to i64\n  %s = alloca i8, i64 %w, align 64\n"
            "  store volatile i8 0, ptr %s\n"
            "  %r = call tailcc i32 @f1(ptr %ctx, i32 %a)\n  %t = add i32 %r, 1\n  ret i32 %t\n}\n",
        ),
    ]
    guest = Guest(functions)
    assert guest.call(0x89, index=2) == -0x89
    assert backtrace() == ["func[0]", "func[1]", "func[2]"]
    error = trap(0x89)
    assert isinstance(error, Trap)
    assert (error.code, error.backtrace) == (
        ErrCode.UNREACHABLE,
        ("func[0]", "func[1]", "func[2]"),
    )


def test_backtrace_of_a_fault_and_of_a_host_error() -> None:
    guest = Guest({BINARY: LOAD}, memory=(1, 1))
    guest.call(65536, 0)
    assert backtrace() == ["func[0]"]
    hosts = HostFunctions()
    guest = echo_guest(UNARY, hosts.add(UNARY, lambda caller, frame: 0x8D))
    guest.call(1)
    assert backtrace() == ["func[1]"]


def test_eight_threads_trap_independently() -> None:
    guest = Guest({BINARY: LOAD}, memory=(1, 1))
    wrong: list[int] = []

    def work() -> None:
        for i in range(2000):
            outside = i % 3 == 0
            got = guest.call(65536 if outside else 16, 0)
            if got != (-ErrCode.MEMORY_OUT_OF_BOUNDS if outside else 0):
                wrong.append(got)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
