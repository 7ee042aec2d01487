"""A fork does not wait for LLVM, and the child works."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import ctypes, gc, multiprocessing, os, sys, threading, time
sys.path[:0] = {path}
import shapes
from pywasmedge import VM, Configure, Tier
from pywasmedge.code.compiled import CompiledModule
from pywasmedge.compiler import codegen, layout
from pywasmedge.compiler.codegen import Level
from pywasmedge.kernel.native import ffi, lib

def print(*words):
    '''In one piece, beside what other processes print.'''
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

def llvm_is_busy(seconds):
    '''Have a call of LLVM take so long, on one of LLVM's threads.'''
    begun = threading.Event()
    sleep = ctypes.cast(ctypes.CDLL(None).usleep, ctypes.c_void_p).value
    sleep = ffi.cast("we_llvm_function", sleep)
    def work(machine):
        begun.set()
        lib.we_llvm_call(sleep, int(seconds * 1e6), *[0] * 9)
    run = codegen._WORKERS[Level.OPTIMISED].run
    threading.Thread(target=run, args=(work, "", lambda: True), daemon=True).start()
    begun.wait()
    time.sleep(0.01)

def vm(tier, shape="multiplications", size=10):
    made = VM(Configure(tier=tier, cache="off"))
    made.start(shapes.module(shape, size))
    return made

def levels():
    gc.collect()
    modules = [one for one in gc.get_objects() if isinstance(one, CompiledModule)]
    return [[one.level(i) for i in range(2)] for one in modules]

def forked(work):
    '''What `work` prints in a child, and whether the fork took long.'''
    begin = time.monotonic()
    child = os.fork()
    if child == 0:
        work()
        sys.exit(7)
    print("quick fork" if time.monotonic() - begin < 4 else "slow fork")
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

{body}
"""


def run(body: str) -> list[str]:
    """The lines that ``body`` prints."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(path=sys.path, body=body)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return sorted(done.stdout.splitlines())


def test_the_child_works_without_llvm() -> None:
    """Modules of before and new ones, of all tiers, have quick code; its own children, too."""
    body = """
before = [vm(tier) for tier in Tier]
used = vm(Tier.OPTIMISED)
used.execute("f", 5)
llvm_is_busy(20)
def work():
    print("lost", layout.llvm_is_lost())
    for one in [*before, used, *map(vm, Tier)]:
        assert one.execute("f", 5) == used.execute("f", 5)
    print("levels", {level for one in levels() for level in one} - {None})
    forked(lambda: print("grandchild", vm(Tier.OPTIMISED).execute("f", 1) is not None))
forked(work)
print("parent", layout.llvm_is_lost())
"""
    assert run(body) == [
        "7",
        "7",
        "grandchild True",
        "levels {<Level.QUICK: 0>, <Level.OPTIMISED: 2>}",
        "lost True",
        "parent False",
        "quick fork",
        "quick fork",
    ]


def test_a_short_call_is_waited_for() -> None:
    """In one of some forks: on a busy machine a short call may take long."""
    body = """
one = vm(Tier.OPTIMISED)
def work():
    if layout.llvm_is_lost():
        os._exit(8)
    print("child", one.execute("f", 5), levels()[-1][0].name)
    os._exit(0)
for _ in range(50):
    llvm_is_busy(0.02)
    child = os.fork()
    if child == 0:
        work()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code != 8:
        break
print(code, one.execute("f", 5))
"""
    first, child = run(body)
    assert child == f"child {first.removeprefix('0 ')} OPTIMISED"


@pytest.mark.parametrize("size", [10, 6000])
def test_a_fork_while_another_thread_makes_code_of_the_module(size: int) -> None:
    """The child does not inherit locks of the module that nobody will release."""
    body = f"""
from pywasmedge.code import quick
from pywasmedge.compiler.baseline.writer import BaselineWriter
quick._tables = lambda: None  # Python makes quick code
plain = BaselineWriter._function
begun, go_on = threading.Event(), threading.Event()
def slow(self, index, table=None):
    if threading.current_thread() is not threading.main_thread() and not go_on.is_set():
        begun.set()
        go_on.wait(20)
    return plain(self, index, table)
BaselineWriter._function = slow
one = vm(Tier.AUTO, size={size})
call = one.execute_async("f", 5)
begun.wait()
def work():
    go_on.set()
    print("child", one.execute("f", 5))
forked(work)
go_on.set()
print("parent", call.result())
"""
    lines = run(body)
    assert [lines[0], lines[3]] == ["7", "quick fork"]
    assert lines[1].removeprefix("child") == lines[2].removeprefix("parent")


def test_multiprocessing() -> None:
    body = """
one = vm(Tier.AUTO)
llvm_is_busy(20)
def serve(number):
    return one.execute("f", number) == vm(Tier.AUTO).execute("f", number)
context = multiprocessing.get_context("fork")
with context.Pool(2) as pool:
    print(all(pool.map(serve, range(20))))
os._exit(0)
"""
    assert run(body) == ["True"]
