"""Run by test_stack_shares.py in a process of its own: a guest as deep as it can be calls Python.

Arguments: stack of the thread in KiB (0: the main thread), tier, what the host function does, how
much of it. Prints how deep the guest was and "done" or the exception's name.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import threading

from testdata import TESTS

from pywasmedge import VM, Configure, ModuleInstance, Tier, Trap, i32


def nested(n: int) -> int:
    return sorted([1], key=lambda _: nested(n - 1))[0] if n else 0


def parse(n: int) -> None:
    ast.parse("(" * n + "1" + ")" * n)


def read(n: int) -> None:
    json.loads("[" * n + "]" * n)


def match(n: int) -> None:
    re.purge()
    re.match("(" * n + "a|b" + ")*" * n, "abab")


WORK = {"sort": nested, "parse": parse, "json": read, "regex": match}
size, tier, kind, amount = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
heavy = False


def call(x: i32) -> i32:
    if heavy:
        WORK[kind](amount)
    return x


def act() -> None:
    global heavy
    vm = VM(Configure(tier=Tier[tier], cache="off"))
    vm.register_module(ModuleInstance("host", {"call": call}))
    descend = vm.start(TESTS / "c" / "deep.wasm").exports.descend

    def fits(depth: int) -> bool:
        try:
            return bool(descend(depth) == depth + 7)
        except Trap as trap:
            assert "call stack exhausted" in str(trap)
            return False

    assert fits(0)
    low, high = 0, 1
    while fits(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    heavy = True
    try:
        descend(low)
        print(low, "done")
    except RecursionError:
        print(low, "RecursionError")


if size == 0:
    act()
else:
    threading.stack_size(size * 1024)
    thread = threading.Thread(target=act)
    thread.start()
    thread.join()
