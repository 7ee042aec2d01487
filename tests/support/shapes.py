"""Bodies of every shape that could make a code generator slow, of any size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import wasmbuild as wb

if TYPE_CHECKING:
    from collections.abc import Callable

A = wb.asm
GET = A("local.get 0")
LOOP = A(
    "loop void local.get 0 i32.const 1 i32.shr_u local.tee 0 br_if 0 end local.get 1 local.set 0"
)
MULTIPLY = A("local.tee 0 local.get 0 i32.mul i32.const 3 i32.xor")


def _switch(cases: int) -> bytes:
    """A ``br_table`` of so many cases, each of which assigns."""
    table = GET + b"\x0e" + wb.vec([wb.uleb(i) for i in range(cases)]) + wb.uleb(cases)
    return (
        A("block void") * (cases + 1)
        + table
        + b"\x0b"
        + b"".join(A(f"i32.const {i} local.set 1 end") for i in range(cases))
        + A("local.get 1")
    )


def _assigned(count: int) -> bytes:
    """Locals that are all assigned on one of two ways, one conditional after the other."""
    return b"".join(
        A(f"local.get 0 if void local.get 0 i32.const {i} i32.add local.set {i % 64 + 1} end")
        for i in range(count)
    ) + A("local.get 1")


def _counting(depth: int) -> bytes:
    """Loops in each other, with stores to memory in all of them."""
    opened = [
        A(
            f"i32.const 0 local.set {i % 64 + 1} loop void local.get 0 local.get {i % 64 + 1}"
            f" i32.add local.get 0 i32.store 2 {i}"
        )
        for i in range(depth)
    ]
    closed = [
        A(
            f"local.get {i % 64 + 1} i32.const 1 i32.add local.tee {i % 64 + 1} i32.const 9"
            " i32.lt_u br_if 0 end"
        )
        for i in reversed(range(depth))
    ]
    return b"".join(opened + closed)


def _loops_in_loops(count: int) -> bytes:
    return A("loop void") * count + A("local.get 1 br_if 0 end") * count + GET


BODIES: dict[str, Callable[[int], bytes]] = {
    "multiplications": lambda n: GET + MULTIPLY * n,
    "additions": lambda n: GET + A("local.get 1 i32.add") * n,
    "loops in a row": lambda n: LOOP * n + GET,
    "loops in loops": _loops_in_loops,
    "loops that count": lambda n: _counting(1) * n + GET,
    "loops that count in loops": lambda n: _counting(n) + GET,
    "loops that count in three loops": lambda n: _counting(4) * (n // 4) + GET,
    "loads and stores in conditionals": lambda n: (
        A(
            "local.get 0 i32.load 2 0 if void local.get 0 local.get 0 i32.load 2 4 i32.store 2 8"
            " else local.get 0 local.get 1 i32.store 2 12 end"
        )
        * n
        + GET
    ),
    "calls in conditionals": lambda n: (
        A("local.get 0 if void local.get 0 call 1 local.set 0 end") * n + GET
    ),
    "assignments of many locals": lambda n: (
        b"".join(
            A(
                f"local.get {i % 64} i32.load 2 0 local.get {i % 63} i32.add"
                f" local.tee {(i * 7) % 64} if void local.get {i % 61} i32.load 2 0"
                f" local.set {(i * 5) % 64} end"
            )
            for i in range(n)
        )
        + GET
    ),
    "blocks in blocks": lambda n: A("block void") * n + A("local.get 0 br_if 0 end") * n + GET,
    "blocks in a row": lambda n: (
        A("block void local.get 0 br_if 0 i32.const 1 local.set 1 end") * n + GET
    ),
    "exits": lambda n: GET + A("local.get 1 br_if 0") * n,
    "conditionals": _assigned,
    "conditionals in conditionals": lambda n: (
        A("local.get 0 if void") * n + A("i32.const 1 local.set 1 end") * n + GET
    ),
    "cases": _switch,
    "calls": lambda n: A("local.get 0 call 1 local.set 0") * n + GET,
    "indirect calls": lambda n: (
        A("local.get 0 local.get 0 call_indirect 0 0 local.set 0") * n + GET
    ),
    "loads": lambda n: A("local.get 0 i32.load 2 0 local.set 0") * n + GET,
    "stores": lambda n: A("local.get 0 local.get 1 i32.store 2 4") * n + GET,
    "divisions": lambda n: GET + A("local.get 1 i32.div_s") * n,
    "constants": lambda n: b"".join(A(f"i32.const {7919 * i} local.set 1") for i in range(n)) + GET,
    "sums of locals": lambda n: GET + b"".join(A(f"local.get {i % 64} i32.add") for i in range(n)),
    "selects": lambda n: GET + A("local.get 1 local.get 0 select") * n,
    "operands": lambda n: GET * n + A("i32.add") * (n - 1),
    "loads as operands": lambda n: A("local.get 0 i32.load 2 0") * n + A("i32.add") * (n - 1),
    "branches over operands": lambda n: (
        GET * n + A("block void local.get 0 br_if 0 end") * n + A("i32.add") * (n - 1)
    ),
    "assignments below operands": lambda n: (
        GET * n + A("i32.const 5 local.set 0") * n + A("i32.add") * (n - 1)
    ),
    "globals": lambda n: A("global.get 0 local.get 0 i32.add global.set 0") * n + GET,
}
"""By name, what makes a body of (i32) -> i32 with 64 more locals, and n of the thing."""


def module(name: str, n: int) -> bytes:
    """A module whose function ``f`` has ``n`` of what ``name`` says, and ``g`` for its calls."""
    return wb.wasm(
        types=["i32 -> i32"],
        funcs=[0, 0],
        tables=[wb.table(10, 10)],
        memories=[wb.limits(1, 1)],
        globals_=[wb.global_("i32", "i32.const 0", mutable=True)],
        exports=[("f", "func", 0)],
        elements=[wb.element("i32.const 0", [1])],
        code=[wb.body(BODIES[name](n), [(64, "i32")]), wb.body(GET)],
    )


def locals_only(count: int) -> bytes:
    """A module of some 50 bytes whose function ``f`` declares ``count`` locals."""
    last = count - 1
    return wb.wasm(
        types=["i32 -> i32"],
        funcs=[0],
        exports=[("f", "func", 0)],
        code=[wb.body(A(f"local.get 0 local.set {last} local.get {last}"), [(last, "i32")])],
    )
