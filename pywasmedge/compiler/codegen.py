"""LLVM text to object files. The only file that imports llvmlite, and only when it must compile.

LLVM recurses on its input, so its work is done on threads of its own with big stacks: a function
of a hostile module must not overflow the stack of whoever happens to call it first. Each level
has its thread, so quick code never waits for optimised code.
"""

from __future__ import annotations

import threading
from enum import IntEnum

from ..base.forking import fork_safe
from .abi import MODULE_FLAGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from queue import SimpleQueue
    from typing import Any

    from .dump import Stages
    from .llvm import LLVM, Machine


class Level(IntEnum):
    """How much work goes into the code."""

    QUICK = 0
    """Least compile time: stencils, or LLVM's fast instruction selection where there are none."""
    OPTIMISED = 2
    """LLVM's whole optimisation pipeline."""


_STACK_SIZE = 256 << 20
_SMALL_STACK_SIZE = 16 << 20
"""The same where address space is limited (``ulimit -v``)."""
GENERIC_CPU = "x86-64-v2"
"""What generic code is for: lowerings use instructions up to SSE 4.1."""
_LLVMLITE = "0.50"
"""The release whose shared library ``llvm`` knows."""


def compile_ir(text: str, level: Level, name: str = "", stages: Stages | None = None) -> bytes:
    """Compile LLVM text for this machine's processor.

    Args:
        text: a module in LLVM's textual form, without target lines.
        level: the amount of optimisation.
        name: what the text is, for error messages.
        stages: files to write on the way.

    Returns:
        A relocatable ELF file.

    Raises:
        RuntimeError: LLVM rejects the text; a defect of the caller.
        ImportError: llvmlite is not installed, or is another release.
    """
    passes = 2 if level == Level.OPTIMISED else None
    text += MODULE_FLAGS
    code: bytes = _WORKERS[level].run(lambda machine: machine.compile(text, passes, stages), name)
    return code


def verify(text: str, name: str = "") -> None:
    """Parse and verify LLVM text.

    Raises:
        RuntimeError: LLVM rejects the text.
    """
    _WORKERS[Level.QUICK].run(lambda machine: machine.verify(text + MODULE_FLAGS), name)


def stencil_machine() -> Machine:
    """A target machine whose code runs on every processor of the family.

    Symbols are numbers below 2^31: code is not position-independent where it names one.
    """
    return _load().machine(2, cpu=GENERIC_CPU, features="", relocation="static")


def ahead_machine(level: int, *, generic: bool) -> Machine:
    """A target machine for one thread that compiles ahead of time (:func:`big_thread`).

    Args:
        level: effort of code generation, 0 to 3.
        generic: the code is to run on every processor of the last fifteen years.
    """
    if generic:
        return _load().machine(level, cpu=GENERIC_CPU, features="")
    return _load().machine(level)


def big_thread(work: Callable[[], None], name: str) -> threading.Thread:
    """A thread, started, on which LLVM can recurse deeply."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    before = threading.stack_size(_stack_size())
    try:
        thread.start()
    finally:
        threading.stack_size(before)
    return thread


_load_lock = fork_safe(threading.Lock())
_llvm: LLVM | None = None


def _load() -> LLVM:
    """The library, loaded at first use."""
    global _llvm
    with _load_lock:
        if _llvm is None:
            import os

            import llvmlite

            from .layout import llvm_caller, load_llvm
            from .llvm import LLVM

            if not llvmlite.__version__.startswith(_LLVMLITE + "."):
                raise ImportError(
                    f"llvmlite {_LLVMLITE} is needed, {llvmlite.__version__} is installed"
                )
            folder = os.path.dirname(llvmlite.__file__)
            path = os.path.join(folder, "binding", "libllvmlite.so")
            load_llvm(path)
            _llvm = LLVM(path, llvm_caller())
        return _llvm


class _Worker:
    """A thread that works for whoever asks, with a target machine of its own."""

    def __init__(self, level: Level) -> None:
        self._level = level
        self._lock = fork_safe(threading.Lock())
        self._jobs: SimpleQueue[Callable[[], None]] | None = None
        self._thread: threading.Thread | None = None
        self._machine: Machine | None = None

    def run(self, work: Callable[[Machine], Any], name: str) -> Any:
        """Result of ``work`` on the thread; errors of LLVM name what it worked on."""
        done = threading.Event()
        result: Any = None
        error: BaseException | None = None

        def job() -> None:
            nonlocal result, error
            try:
                if self._machine is None:
                    self._machine = _load().machine(int(self._level))
                result = work(self._machine)
            except BaseException as caught:
                error = caught
            done.set()

        if threading.current_thread() is self._thread:  # a finaliser that runs a guest
            job()
        else:
            self._queue().put(job)
            done.wait()
        if isinstance(error, RuntimeError):
            raise RuntimeError(f"LLVM rejects {name or 'a module'}: {error}") from error
        if error is not None:
            raise error
        return result

    def _queue(self) -> SimpleQueue[Callable[[], None]]:
        """The queue of the running thread, started at first use (and again after a fork)."""
        with self._lock:
            if self._jobs is None or self._thread is None or not self._thread.is_alive():
                from queue import SimpleQueue

                jobs = self._jobs = SimpleQueue()
                name = f"pywasmedge-{self._level.name.lower()}"
                self._thread = big_thread(lambda: _serve(jobs), name)
            return self._jobs


def _stack_size() -> int:
    from resource import RLIM_INFINITY, RLIMIT_AS, getrlimit

    return _STACK_SIZE if getrlimit(RLIMIT_AS)[0] == RLIM_INFINITY else _SMALL_STACK_SIZE


def _serve(jobs: SimpleQueue[Callable[[], None]]) -> None:
    while True:
        jobs.get()()


_WORKERS = {level: _Worker(level) for level in Level}
