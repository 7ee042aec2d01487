"""LLVM text to loaded code: code generation, linking, levels, tiers."""

from __future__ import annotations

import struct
import threading
import time

import pytest
from kernel_guest import F64, I32, Guest

from pywasmedge.base.config import Tier
from pywasmedge.base.types import FunctionType
from pywasmedge.code.pieces import load
from pywasmedge.code.types import adapters, type_id
from pywasmedge.compiler.codegen import Level, compile_ir, verify
from pywasmedge.compiler.link import LinkFormatError, link
from pywasmedge.kernel.native import lib

UNARY = FunctionType((I32,), (I32,))


def constant(index: int, value: int) -> tuple[FunctionType, str]:
    text = f"define tailcc i32 @f{index}(ptr %ctx, i32 %a) #0 {{\n  ret i32 {value}\n}}\n"
    return UNARY, text


def test_text_llvm_rejects_is_an_internal_error_that_names_the_unit() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)unit 7.*expected"):
        compile_ir("define nonsense", Level.QUICK, "unit 7")
    with pytest.raises(RuntimeError, match="unit 8"):
        verify("define i32 @f() {\n  %a = add i32 %b, 1\n  ret i32 %a\n}\n", "unit 8")
    verify("define i32 @f() {\n  ret i32 1\n}\n")


@pytest.mark.parametrize("level", [Level.QUICK, Level.OPTIMISED])
def test_jump_tables_and_constants_are_linked(level: Level) -> None:
    cases = "".join(f"    i32 {i}, label %c{i}\n" for i in range(9))
    blocks = "".join(
        f"c{i}:\n  %d{i} = fmul double %d, {i}.75\n  br label %end\n" for i in range(9)
    )
    phis = ", ".join(f"[%d{i}, %c{i}]" for i in range(9))
    text = (
        "define tailcc double @f0(ptr %ctx, i32 %a, double %d) #0 {\n"
        f"  switch i32 %a, label %other [\n{cases}  ]\n{blocks}other:\n  br label %end\n"
        f"end:\n  %r = phi double {phis}, [-1.0, %other]\n  ret double %r\n}}\n"
    )
    guest = Guest({FunctionType((I32, F64), (F64,)): text}, tier=Tier(2 if level else 1))

    def packed(a: int, d: float) -> float:
        return float(lib.we_call_f64(guest.func(), struct.pack("<qd", a, d), 16))

    assert [packed(i, 2.0) for i in (0, 3, 8, 9, -1)] == [1.5, 7.5, 17.5, -1.0, -1.0]
    assert guest.compiled_units[0][1] == level


def test_calls_between_functions_of_a_unit_are_linked() -> None:
    caller = (
        "define tailcc i32 @f1(ptr %ctx, i32 %a) #0 {\n"
        "  %r = call tailcc i32 @f0(ptr %ctx, i32 %a)\n  %s = add i32 %r, %a\n  ret i32 %s\n}\n"
    )
    guest = Guest([constant(0, 30), (UNARY, caller)])
    assert guest.call(12, index=1) == 42


def test_library_functions_are_imports_and_unknown_ones_an_error() -> None:
    text = (
        "declare double @{0}(double, double)\n"
        "define tailcc double @f0(ptr %ctx, double %a, double %b) #0 {{\n"
        "  %r = call double @{0}(double %a, double %b)\n  ret double %r\n}}\n"
        "attributes #0 = {{ nounwind }}\n"
    )
    code = link(compile_ir(text.format("fmod"), Level.QUICK))
    assert [name for _, name in code.imports] == ["fmod"]
    load(code)
    with pytest.raises(RuntimeError, match="no_such_function"):
        load(link(compile_ir(text.format("no_such_function"), Level.QUICK)))


def test_writable_data_is_refused() -> None:
    text = "@g = global i32 5\ndefine ptr @f() {\n  ret ptr @g\n}\n"
    with pytest.raises(LinkFormatError, match="writable"):
        link(compile_ir(text, Level.QUICK))
    with pytest.raises(LinkFormatError):
        link(b"\x7fELF" + bytes(100))


def test_the_same_object_always_gives_the_same_code() -> None:
    text = constant(0, 3)[1] + "attributes #0 = { nounwind uwtable }\n"
    assert link(compile_ir(text, Level.QUICK)) == link(compile_ir(text, Level.QUICK))


def test_equal_types_share_a_number_and_adapters() -> None:
    first = FunctionType((I32, F64), (F64,))
    second = FunctionType((I32, F64), (F64,))
    assert type_id(first) == type_id(second) != type_id(FunctionType((F64, I32), (F64,)))
    assert adapters(first) is adapters(second)


# ---- When functions are compiled -----------------------------------------------------------------


def test_lazy_functions_are_compiled_one_by_one_at_their_first_call() -> None:
    guest = Guest([constant(i, i + 10) for i in range(4)], lazy=True)
    assert guest.compiled_units == []
    assert [guest.call(0, index=i) for i in (2, 0, 2)] == [12, 10, 12]
    assert guest.compiled_units == [((2,), Level.QUICK), ((0,), Level.QUICK)]
    assert [guest.compiled.has_code(i) for i in range(4)] == [True, False, True, False]
    guest.compiled.ensure_all()
    assert guest.compiled_units[2:] == [((1, 3), Level.QUICK)]


def test_a_small_module_is_compiled_as_a_whole_if_nothing_else_is_asked_for() -> None:
    guest = Guest([constant(i, i) for i in range(4)], lazy=None)
    assert guest.call(0, index=3) == 3
    assert guest.compiled_units == [((0, 1, 2, 3), Level.QUICK)]


def test_threads_that_need_the_same_function_compile_it_once() -> None:
    guest = Guest([constant(0, 77)], lazy=True)
    results: list[int] = []
    barrier = threading.Barrier(8)

    def work() -> None:
        barrier.wait()
        results.append(guest.call(0))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [77] * 8
    assert len(guest.compiled_units) == 1


def test_called_functions_are_optimised_in_the_background() -> None:
    guest = Guest([constant(i, i + 5) for i in range(3)], lazy=True, tier=Tier.AUTO)
    func = guest.func(1)
    before = func.native
    assert guest.call(0, index=1) == 6
    deadline = time.monotonic() + 20
    while guest.compiled.level(1) != Level.OPTIMISED and time.monotonic() < deadline:
        time.sleep(0.01)
    assert guest.compiled_units == [((1,), Level.QUICK), ((1,), Level.OPTIMISED)]
    assert func.native != before
    assert guest.call(0, index=1) == 6


def test_failure_to_compile_comes_out_of_the_call() -> None:
    from pywasmedge.runtime.backtrace import trap

    guest = Guest([(UNARY, "define nonsense")])
    assert guest.call(0) == -2
    error = trap(2)
    assert type(error) is RuntimeError
    assert "LLVM rejects" in str(error)
    assert guest.call(0) == -2
    assert type(trap(2)) is RuntimeError
