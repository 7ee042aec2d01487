"""The specification runner itself: it notices what a script does not get."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from wasmbuild import body, wasm

from pywasmedge.base.config import Tier
from pywasmedge.wast.engine import Engine
from pywasmedge.wast.runner import Backend
from spec import exceptions
from spec.capi import OneVM, StepByStep
from spec.runner import run_on
from spec.suites import Script, configure

Make = Callable[[Script], Backend]

GOOD = wasm(
    types=["i32 -> i32", "-> f32", "->", "-> f32 i64"],
    funcs=[0, 1, 2, 2, 3],
    exports=[
        ("increment", "func", 0),
        ("signalling", "func", 1),
        ("trap", "func", 2),
        ("run away", "func", 3),
        ("two", "func", 4),
    ],
    code=[
        body("local.get 0 i32.const 1 i32.add"),
        body(b"\x43\x01\x00\xa0\x7f"),  # f32.const nan:0x200001
        body("unreachable"),
        body("call 3"),
        body(b"\x43\x00\x00\xc0\x7f\x42\x7f"),  # f32.const nan, i64.const -1
    ],
)
INVALID = wasm(types=["-> i32"], funcs=[0], code=[body("")])
MALFORMED = b"\0asm\1\0\0"
UNLINKABLE = wasm(types=["->"], imports=[("no", "where", "func", b"\0")])


def invoke(name: str, *args: dict[str, str]) -> dict[str, Any]:
    return {"type": "invoke", "field": name, "args": list(args)}


def i32(value: int) -> dict[str, str]:
    return {"type": "i32", "value": str(value)}


def f32(value: str) -> dict[str, str]:
    return {"type": "f32", "value": value}


@pytest.fixture(params=["python", "step by step", "one VM"])
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Makes the engine for a script: each of those that the suites run on."""
    if request.param == "python":
        yield lambda script: Engine(configure(script, Tier.QUICK))
        return
    with ExitStack() as stack:
        way = StepByStep if request.param == "step by step" else OneVM
        yield lambda script: stack.enter_context(closing(way(script)))


def verdict(make: Make, **command: Any) -> str | None:
    """What the runner says to a command after the module GOOD: ``None`` if it holds."""
    binaries = {"good": GOOD, "invalid": INVALID, "malformed": MALFORMED, "unlinkable": UNLINKABLE}
    commands = ({"type": "module", "line": 1, "filename": "good"}, {"line": 2, **command})
    script = Script("core-2.0", "made-up", commands, binaries)
    report = run_on(make(script), script)
    assert report.passed + len(report.expected) + len(report.failures) == 2
    return report.failures[0] if report.failures else None


def test_what_holds(make: Make) -> None:
    returns = {"type": "assert_return"}
    increment = invoke("increment", i32(2**32 - 1))
    assert verdict(make, **returns, action=increment, expected=[i32(0)]) is None
    two = [f32("nan:canonical"), {"type": "i64", "value": str(2**64 - 1)}]
    assert verdict(make, **returns, action=invoke("two"), expected=two) is None
    bits = f32(str(0x7FA00001))
    assert verdict(make, **returns, action=invoke("signalling"), expected=[bits]) is None
    for kind, name, text in (
        ("assert_trap", "trap", "unreachable"),
        ("assert_exhaustion", "run away", "call stack exhausted"),
    ):
        assert verdict(make, type=kind, action=invoke(name), text=text) is None
    for kind, file, text in (
        ("assert_malformed", "malformed", "unexpected end of section or function"),
        ("assert_invalid", "invalid", "type mismatch"),
        ("assert_unlinkable", "unlinkable", "unknown import"),
    ):
        assert verdict(make, type=kind, filename=file, text=text) is None


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ({"action": invoke("increment", i32(1)), "expected": [i32(3)]}, "0x00000002 instead of"),
        ({"action": invoke("increment", i32(1)), "expected": []}, "1 results instead of 0"),
        ({"action": invoke("increment", f32("1")), "expected": [i32(2)]}, "TypeError|signature"),
        ({"action": invoke("signalling"), "expected": [f32("nan:arithmetic")]}, "0x7fa00001"),
        ({"action": invoke("nothing"), "expected": []}, "KeyError"),
        ({"action": invoke("trap"), "expected": []}, "Trap"),
    ],
)
def test_wrong_results_are_noticed(make: Make, command: dict[str, Any], complaint: str) -> None:
    said = verdict(make, type="assert_return", **command)
    assert said is not None
    assert said.startswith("core-2.0/made-up:2 assert_return: ")
    assert re.search(complaint, said)


@pytest.mark.parametrize(
    "command",
    [
        {"type": "assert_trap", "action": invoke("trap"), "text": "integer overflow"},
        {"type": "assert_trap", "action": invoke("two"), "text": "unreachable"},
        {"type": "assert_exhaustion", "action": invoke("trap"), "text": "call stack exhausted"},
        {"type": "assert_malformed", "filename": "malformed", "text": "magic header not detected"},
        {"type": "assert_malformed", "filename": "invalid", "text": "type mismatch"},
        {"type": "assert_malformed", "filename": "good", "text": "unexpected end"},
        {"type": "assert_invalid", "filename": "invalid", "text": "unknown type"},
        {"type": "assert_invalid", "filename": "malformed", "text": "unexpected end"},
        {"type": "assert_invalid", "filename": "good", "text": "type mismatch"},
        {"type": "assert_unlinkable", "filename": "unlinkable", "text": "incompatible import type"},
        {"type": "assert_unlinkable", "filename": "good", "text": "unknown import"},
        {"type": "assert_uninstantiable", "filename": "unlinkable", "text": "unknown import"},
        {"type": "module", "filename": "invalid"},
    ],
)
def test_wrong_and_missing_errors_are_noticed(make: Make, command: dict[str, Any]) -> None:
    assert verdict(make, **command) is not None


def test_a_failure_that_is_expected_must_happen(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(exceptions.EXPECTED_FAILURES, ("core-2.0/made-up", 2), "because")
    action = invoke("increment", i32(1))
    assert verdict(make, type="assert_return", action=action, expected=[i32(3)]) is None
    said = verdict(make, type="assert_return", action=action, expected=[i32(2)])
    assert said is not None
    assert "passes, but was expected to fail: because" in said


def test_after_a_failed_module_its_predecessor_is_not_used(make: Make) -> None:
    commands = (
        {"type": "module", "line": 1, "filename": "good"},
        {"type": "module", "line": 2, "filename": "invalid"},
        {"type": "action", "line": 3, "action": invoke("increment", i32(1))},
    )
    script = Script("core-2.0", "made-up", commands, {"good": GOOD, "invalid": INVALID})
    report = run_on(make(script), script)
    assert [failure.split()[0] for failure in report.failures] == [
        "core-2.0/made-up:2",
        "core-2.0/made-up:3",
    ]
