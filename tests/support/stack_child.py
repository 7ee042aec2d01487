"""Run by test_kernel_stack.py in a process of its own: recursion without end, several ways.

Arguments: kind of recursion, stack size of the thread in KiB (0: the main thread), repetitions.
Prints one line per repetition: the trap code and whether it was the stack.
"""

from __future__ import annotations

import sys
import threading

from kernel_guest import I32, Guest, HostFunctions, call_import, field, helper

from pywasmedge.base.types import FunctionType
from pywasmedge.kernel.native import ffi, lib

UNARY = FunctionType((I32,), (I32,))

SMALL = (
    "define tailcc i32 @f0(ptr %ctx, i32 %n) #0 {\n  %m = add i32 %n, 1\n"
    "  %r = call tailcc i32 @f0(ptr %ctx, i32 %m)\n  %s = xor i32 %r, %n\n  ret i32 %s\n}\n"
)
BIG = (
    "define tailcc i32 @f0(ptr %ctx, i32 %n) #0 {\n  %space = alloca [30000 x i8]\n"
    "  %m = add i32 %n, 1\n  %r = call tailcc i32 @f0(ptr %ctx, i32 %m)\n"
    "  %b = getelementptr i8, ptr %space, i32 %r\n  store volatile i8 1, ptr %b\n  ret i32 %r\n}\n"
)
HELPER = (
    "define tailcc i32 @f0(ptr %ctx, i32 %n) #0 {\n"
    + helper("memory_grow", "%grow")
    + "  %m = call i32 %grow(ptr %ctx, i32 0, i32 0)\n"
    "  %r = call tailcc i32 @f0(ptr %ctx, i32 %m)\n  %s = xor i32 %r, %n\n  ret i32 %s\n}\n"
)
HOST = (
    "define tailcc i32 @f0(ptr %ctx, i32 %n) #0 {\n"
    + call_import(0, "i32", ", i32 %n")
    + "  %s = xor i32 %r, %n\n  ret i32 %s\n}\n"
)
LEAF_HOST = (
    "define tailcc i32 @f0(ptr %ctx, i32 %n) #0 {\n"
    + call_import(0, "i32", ", i32 %n")
    + "  %m = add i32 %r, 1\n"
    "  %q = call tailcc i32 @f0(ptr %ctx, i32 %m)\n  %s = xor i32 %q, %n\n  ret i32 %s\n}\n"
)


DESCEND = (
    "define tailcc i32 @f0(ptr %ctx, i32 %n) #0 {\n  %end = icmp eq i32 %n, 0\n"
    "  br i1 %end, label %leaf, label %more\nmore:\n  %m = sub i32 %n, 1\n"
    "  %q = call tailcc i32 @f0(ptr %ctx, i32 %m)\n  %s = xor i32 %q, 1\n  ret i32 %s\nleaf:\n"
    + field("code", "%code")
    + "  %slot = getelementptr ptr, ptr %code, i64 1\n  %f1 = load ptr, ptr %slot\n"
    "  %r = call tailcc i32 %f1(ptr %ctx, i32 %n)\n  %t = add i32 %r, 1\n  ret i32 %t\n}\n"
)
LEAF = "define tailcc i32 @f1(ptr %ctx, i32 %n) #0 {\n  ret i32 7\n}\n"

hosts = HostFunctions()


def make(kind: str) -> Guest:
    if kind in ("small", "big"):
        return Guest({UNARY: SMALL if kind == "small" else BIG})
    if kind == "helper":
        return Guest({UNARY: HELPER}, memory=(1, 1))
    if kind == "leaf":
        return Guest({UNARY: LEAF_HOST}, imports=[hosts.add(UNARY, lambda caller, frame: 0)])
    if kind == "lazy":
        return Guest([(UNARY, DESCEND), (UNARY, LEAF)], lazy=True)
    assert kind == "host"

    def again(caller, frame):
        return lib.we_call(guest.func(), ffi.new("uint64_t[1]", [frame[0]]))

    guest = Guest({UNARY: HOST}, imports=[hosts.add(UNARY, again)])
    return guest


def approach(guest: Guest) -> None:
    """Compile a function with less and less, then more and more, stack left."""
    depth = 1 << 20
    while (code := -guest.call(depth)) > 0:
        assert code == 2, code
        assert lib.we_trap_latest().stack_overflow
        depth -= 1 + depth // 400
    print(f"{code} {guest.compiled.has_code(1)}", flush=True)


def main() -> None:
    kind, size, times = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    sys.setrecursionlimit(1_000_000)
    guest = make(kind)

    def work() -> None:
        if kind == "lazy":
            return approach(guest)
        for _ in range(times):
            code = -guest.call(1)
            record = lib.we_trap_latest()
            print(f"{code:#x} {bool(record.stack_overflow)}", flush=True)
        return None

    if size == 0:
        work()
        return
    threading.stack_size(size * 1024)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


main()
