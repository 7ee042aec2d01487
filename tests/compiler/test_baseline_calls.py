"""Calls between quick and optimised code: both put arguments and results in the same places."""

from __future__ import annotations

from random import Random

import pytest
import wasmbuild as wb
from mixed import mixed_tiers

from pywasmedge import Configure, Executor, Loader, Store, Validator
from pywasmedge.base.config import Proposal, Tier

TYPES = ("i32", "i64", "f32", "f64", "v128", "funcref", "externref")
SIZE = {"i32": 4, "i64": 8, "f32": 4, "f64": 8, "v128": 16, "funcref": 4, "externref": 4}
RESULTS, PARAMS = 0x1000, 0x8000
"""Where callers keep results, and callees what they are called with."""
Signature = tuple[list[str], list[str]]


class Guest:
    """A module of chains of calls: ``run<i>`` calls ``start<i>``, which goes on to ``end<i>``.

    ``start`` and ``end`` have the same results and other parameters, so that a tail call between
    them replaces stack arguments by more or by fewer ones.
    """

    def __init__(self, random: Random, chains: int) -> None:
        self.random = random
        self.signatures: list[Signature] = [([], [])]
        self.texts: list[tuple[int, str]] = []
        self.chains = chains
        for _ in range(chains):
            results = self._types((0, 1, 1, 2, 2, 3, 4, 6))
            start, end = (self._types((0, 1, 2, 4, 6, 9, 14, 20)) for _ in range(2))
            first = len(self.texts)
            self.signatures += [(start, results), (end, results)]
            number = len(self.signatures) - 2
            self.texts += [
                (0, self._run(first + 1, number, start, results)),
                (number, self._start(first + 2, number + 1, start, end)),
                (number + 1, self._keep(PARAMS + 0x1000, end) + self._values(results)),
            ]

    def _types(self, counts: tuple[int, ...]) -> list[str]:
        some = self.random.choice((TYPES, TYPES, ("v128", "f64"), ("i64", "i32"), ("f32", "v128")))
        return self.random.choices(some, k=self.random.choice(counts))

    def _value(self, type_: str) -> str:
        random = self.random
        if type_ in ("i32", "i64"):
            return f"{type_}.const {random.getrandbits(31)}"
        if type_ == "v128":
            return f"v128.const {random.randbytes(16).hex()}"
        if type_ == "funcref" and random.random() < 0.5:
            return "ref.func 0"
        return f"ref.null {type_}" if "ref" in type_ else f"{type_}.const {random.random()}"

    def _values(self, types: list[str]) -> str:
        return " ".join(map(self._value, types)) + " "

    @staticmethod
    def _store(type_: str, at: int, value: str) -> str:
        if "ref" in type_:
            return f"i32.const {at} {value} ref.is_null i32.store 0 0 "
        return f"i32.const {at} {value} {type_}.store 0 0 "

    def _keep(self, at: int, types: list[str]) -> str:
        """Code that stores the parameters; some are used so much that they get registers."""
        used = self.random.sample(range(len(types)), min(len(types), self.random.randrange(8)))
        text = "".join(f"local.get {i} drop " * 4 for i in used)
        for i, type_ in enumerate(types):
            text += self._store(type_, at + 16 * i, f"local.get {i}")
        return f"loop void {text} end "

    def _call(self, function: int, type_: int) -> str:
        if self.random.random() < 0.5:
            return f"call {function} "
        return f"i32.const {function} call_indirect {type_} 0 "

    def _run(self, function: int, type_: int, params: list[str], results: list[str]) -> str:
        """Call twice in turn, so that a wrong stack pointer is noticed; what is below stays."""
        deep = [self.random.choice(TYPES[:5]) for _ in range(self.random.randrange(6))]
        text = "loop void "
        text += self._values(deep) + self._values(params) + self._call(function, type_)
        for i, name in reversed(list(enumerate([*deep, *results]))):
            local = 1 + TYPES.index(name)
            text += f"local.set {local} " + self._store(
                name, RESULTS + 16 * i, f"local.get {local}"
            )
        return text + "local.get 0 i32.const 1 i32.add local.tee 0 i32.const 9 i32.lt_u br_if 0 end"

    def _start(self, function: int, type_: int, params: list[str], other: list[str]) -> str:
        """Keep the parameters, pass them on where their types fit, constants elsewhere."""
        text = self._keep(PARAMS, params)
        for name in other:
            same = [i for i, known in enumerate(params) if known == name]
            use = same and self.random.random() < 0.7
            text += f"local.get {self.random.choice(same)} " if use else self._value(name) + " "
        call = self._call(function, type_)
        return text + (call if self.random.random() < 0.3 else call.replace("call", "return_call"))

    def binary(self) -> bytes:
        """The module."""
        count = len(self.texts)
        locals_ = [(1, "i32"), *((1, type_) for type_ in TYPES)]
        return wb.wasm(
            types=[f"{' '.join(params)} -> {' '.join(r)}" for params, r in self.signatures],
            funcs=[type_ for type_, _ in self.texts],
            tables=[wb.table(count, count)],
            memories=[wb.limits(1)],
            exports=[
                ("memory", "memory", 0),
                *((f"run{i}", "func", 3 * i) for i in range(self.chains)),
            ],
            elements=[wb.element("i32.const 0", range(count))],
            code=[wb.body(text, locals_ if type_ == 0 else []) for type_, text in self.texts],
        )


def outcome(binary: bytes, chains: int) -> list[bytes]:
    """Contents of the memory after each chain."""
    configure = Configure(tier=Tier.QUICK)
    configure.add_proposal(Proposal.TAIL_CALL)
    module = Loader(configure).parse_bytes(binary)
    Validator(configure).validate(module)
    instance = Executor(configure).instantiate(Store(), module)
    found = []
    for i in range(chains):
        instance.exports[f"run{i}"]()
        memory = instance.exports["memory"]
        found.append(memory.read(0, 65536))
        memory.write(0, bytes(65536))
    return found


@pytest.mark.parametrize("seed", range(8))
def test_random_signatures(seed: int) -> None:
    random = Random(f"calls {seed}")
    guest = Guest(random, 12)
    binary = guest.binary()
    with mixed_tiers(random, 0):
        expected = outcome(binary, guest.chains)
    assert any(map(any, expected))
    for share in (1, 0.5, 0.5):
        with mixed_tiers(random, share):
            assert outcome(binary, guest.chains) == expected


def turns(params: str, pushed: str, *, indirect: bool) -> bytes:
    """``count(n, ...)``: two functions that go on to each other n times, then give their number."""
    few, many = ["i32"], ["i32", *params.split()]
    step = "local.get 0 i32.eqz if void i32.const {number} return end "
    step += "local.get 0 i32.const 1 i32.sub {pushed} {call}"
    calls = ["return_call {}", "i32.const {} return_call_indirect {} 0"]

    def body(number: int, pushed: str, other: int, type_: int) -> bytes:
        call = calls[indirect].format(other, type_)
        return wb.body(step.format(number=number, pushed=pushed, call=call))

    return wb.wasm(
        types=[f"{' '.join(few)} -> i32", f"{' '.join(many)} -> i32"],
        funcs=[0, 1],
        tables=[wb.table(2, 2)],
        exports=[("count", "func", 0)],
        elements=[wb.element("i32.const 0", [0, 1])],
        code=[body(100, pushed, 1, 1), body(101, "", 0, 0)],
    )


@pytest.mark.parametrize("share", [1, 0.5, 0])
@pytest.mark.parametrize("indirect", [False, True])
@pytest.mark.parametrize(
    ("params", "pushed"),
    [
        ("", ""),
        ("i64 " * 3, "i64.const 1 " * 3),
        ("i64 " * 30, "i64.const 1 " * 30),
        ("v128 " * 20, f"v128.const {'5a' * 16} " * 20),
    ],
)
def test_tail_calls_use_no_stack(params: str, pushed: str, indirect: bool, share: float) -> None:
    configure = Configure(tier=Tier.QUICK)
    configure.add_proposal(Proposal.TAIL_CALL)
    with mixed_tiers(Random(1), share):
        module = Loader(configure).parse_bytes(turns(params, pushed, indirect=indirect))
        Validator(configure).validate(module)
        instance = Executor(configure).instantiate(Store(), module)
        count = instance.exports["count"]
        assert [count(n) for n in (0, 1, 2, 1_000_000, 1_000_001)] == [100, 101, 100, 100, 101]
