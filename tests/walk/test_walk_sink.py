"""What a sink is told: immediates of every length, read by short cuts or not."""

from __future__ import annotations

from typing import Any

import pytest
import wasmbuild as wb

from pywasmedge import Configure, LoadError, Proposal, ValidationError
from pywasmedge.base.errors import ErrCode
from pywasmedge.module.loader import load
from pywasmedge.walk.rules import Declared
from pywasmedge.walk.walker import Walk

BORDERS = sorted(
    value + sign
    for bits in (0, 6, 7, 13, 14, 20, 21, 27, 28, 31)
    for value in (1 << bits, -(1 << bits))
    for sign in (-1, 0, 1)
    if -(2**31) <= value + sign < 2**31
)


class Recorder:
    """Notes what it is told."""

    charge = None

    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []

    def simple(self, row: Any) -> Any:
        return lambda *immediates: self.heard.append((row.mnemonic, *immediates))

    def pushes(self, mnemonic: str) -> None:
        return None

    def near(self, row: Any) -> None:
        return None

    def end(self, frame: Any) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        return lambda *told: self.heard.append((name, *told))


def heard(
    binary: bytes, index: int = 0, *proposals: Proposal, recorder: Recorder | None = None
) -> list[tuple[Any, ...]]:
    configure = Configure()
    for proposal in proposals:
        configure.add_proposal(proposal)
    module = load(binary, configure)
    recorder = recorder or Recorder()
    walk = Walk(module, configure.proposals, Declared(module), recorder)
    walk.function(index)
    assert module.checked[index] == 1
    return recorder.heard


def long(value: int, signed: bool) -> bytes:
    """An integer in five bytes."""
    parts = [value >> 7 * i & 0x7F | 0x80 for i in range(4)]
    return bytes((*parts, value >> 28 & (0x7F if signed else 0x0F)))


def one(code: bytes, **parts: Any) -> bytes:
    return wb.wasm(types=["->"], funcs=[0], code=[wb.body(code)], **parts)


@pytest.mark.parametrize("type_", ["i32", "i64"])
def test_constants(type_: str) -> None:
    opcode = wb.asm(f"{type_}.const 0")[:1]
    drop = wb.asm("drop")
    for write in (wb.sleb, lambda value: long(value, signed=True)):
        code = b"".join(opcode + write(value) + drop for value in BORDERS)
        told = [t for t in heard(one(code)) if t[0] == f"{type_}.const"]
        assert told == [(f"{type_}.const", value) for value in BORDERS]


@pytest.mark.parametrize("write", [wb.uleb, lambda value: long(value, signed=False)])
def test_memory_accesses(write: Any) -> None:
    offsets = [0, 1, 127, 128, 129, 16383, 16384, 2**21, 2**28, 2**32 - 1]
    address, drop = wb.asm("i32.const 0"), wb.asm("drop")
    opcode = {name: wb.asm(f"{name} 0 0")[:1] for name in ("i32.load", "i64.store16")}
    code, expected = b"", []
    for offset in offsets:
        for align in range(3):
            code += address + opcode["i32.load"] + bytes([align]) + write(offset) + drop
            expected.append(("i32.load", 0, offset, align))
        for align in range(2):
            code += address + wb.asm("i64.const 1") + opcode["i64.store16"]
            code += bytes([align]) + write(offset)
            expected.append(("i64.store16", 0, offset, align))
    told = heard(one(code, memories=[wb.limits(1)]))
    accesses = [(t[0], *t[1]) for t in told if t[0] in opcode]
    assert accesses == expected
    assert {t[1].memory for t in told if t[0] in opcode} == {0}
    assert [t[1].offset for t in told if t[0] == "i64.store16"] == [
        o for o in offsets for _ in "12"
    ]


class Brief(Recorder):
    """Takes the short cuts that a walk offers."""

    class Values(dict[int, int]):
        def __missing__(self, key: int) -> int:
            return key + 1

    def pushes(self, mnemonic: str) -> Any:
        return lambda value: self.heard.append((mnemonic, value - 1)), self.Values()

    def near(self, row: Any) -> Any:
        return lambda offset: self.heard.append((row.mnemonic, offset))


def test_short_cuts() -> None:
    """They give the same as what they replace; large offsets come as a whole."""
    offsets = [0, 127, 128, 16383, 16384, 2**32 - 1]
    drop, expected = wb.asm("drop"), []
    code = b""
    for value in BORDERS:
        code += wb.asm("i32.const 0")[:1] + wb.sleb(value) + drop
        code += wb.asm("i64.const 0")[:1] + wb.sleb(value) + drop
        expected += [("i32.const", value), ("i64.const", value)]
    for offset in offsets:
        code += wb.asm("i32.const 0") + wb.asm("i32.load 0 0")[:2] + wb.uleb(offset) + drop
        code += wb.asm("i32.const 0 f64.const 0") + wb.asm("f64.store 0 0")[:2] + wb.uleb(offset)
        expected += [("i32.load", offset), ("f64.store", offset)]
    told = heard(one(code, memories=[wb.limits(1)]), 0, recorder=Brief())
    found = [(t[0], getattr(t[1], "offset", t[1])) for t in told if t[0] != "drop"]
    others = [("i32.const", 0), ("f64.const", 0)]
    assert [t for t in found if t not in others] == [t for t in expected if t not in others]
    large = [t[1] for t in told if len(t) > 1 and hasattr(t[1], "offset")]
    assert [memarg.offset for memarg in large] == [16384, 16384, 2**32 - 1, 2**32 - 1]


def test_an_access_to_another_memory() -> None:
    code = wb.asm("i32.const 0") + b"\x28\x42\x01\x05" + wb.asm("drop")
    binary = one(code, memories=[wb.limits(1)] * 2)
    (told,) = [t for t in heard(binary, 0, Proposal.MULTI_MEMORIES) if t[0] == "i32.load"]
    assert told[1] == (1, 5, 2)


def test_locals_globals_and_branches() -> None:
    code = wb.asm(
        "local.get 3 local.set 299 local.get 299 local.tee 128 global.set 130 global.get 130"
    )
    code += wb.asm("drop block void br 0 end")
    binary = wb.wasm(
        types=["->"],
        funcs=[0],
        globals_=[wb.global_("i32", "i32.const 0", mutable=True)] * 131,
        code=[wb.body(code, [(300, "i32")])],
    )
    told = [t for t in heard(binary) if t[0].startswith(("local", "global"))]
    assert told == [
        ("local_get", 3),
        ("local_set", 299),
        ("local_get", 299),
        ("local_tee", 128),
        ("global_set", 130),
        ("global_get", 130),
    ]


@pytest.mark.parametrize("index", [0, 127, 128, 399])
def test_calls(index: int) -> None:
    calls = wb.wasm(types=["->"], funcs=[0] * 400, code=[wb.body(f"call {index}")] * 400)
    assert [t[1] for t in heard(calls) if t[0] == "call"] == [index]


@pytest.mark.parametrize("index", [400, 16383, 2**32 - 1])
def test_calls_of_nobody(index: int) -> None:
    calls = wb.wasm(types=["->"], funcs=[0] * 400, code=[wb.body(f"call {index}")] * 400)
    with pytest.raises(ValidationError) as caught:
        heard(calls)
    assert caught.value.code == ErrCode.INVALID_FUNC_IDX


@pytest.mark.parametrize(
    "code",
    [b"\x41", b"\x41\xff", b"\x41\xff\xff", b"\x41\0\x28\x02", b"\x41\0\x28\x02\xff", b"\x10\xff"],
)
def test_a_body_that_ends_within_an_instruction(code: bytes) -> None:
    """Whatever follows the body, and with or without sink."""
    body = b"\0" + code
    parts: dict[str, Any] = {"types": ["->"], "funcs": [0, 0], "memories": [wb.limits(1)]}
    for binary in (
        wb.wasm(**parts, code=[body, wb.body("nop " * 9)]),
        wb.wasm(**parts, code=[b"\0\x0b", body]),
    ):
        index = 0 if binary.endswith(b"\x0b") else 1
        with pytest.raises((LoadError, ValidationError)) as caught:
            heard(binary, index)
        module = load(binary, Configure())
        walk = Walk(module, Configure().proposals, Declared(module))
        with pytest.raises((LoadError, ValidationError)) as alone:
            walk.check(index)
        assert caught.value.code == alone.value.code
        assert not module.checked[index]
