"""LLVM text to object files. The only file that imports llvmlite, and only when it must compile.

LLVM recurses on its input, so its work is done on threads of its own with big stacks: a function
of a hostile module must not overflow the stack of whoever happens to call it first. Each level
has its threads, so quick code never waits for optimised code. There are several, so that work
nobody waits for any more holds nothing up.
"""

from __future__ import annotations

import threading
from enum import IntEnum

from ..base import forking
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


def _always() -> bool:
    return True


def compile_ir(
    text: str,
    level: Level,
    name: str = "",
    stages: Stages | None = None,
    needed: Callable[[], bool] = _always,
) -> bytes:
    """Compile LLVM text for this machine's processor.

    Args:
        text: a module in LLVM's textual form, without target lines.
        level: the amount of optimisation.
        name: what the text is, for error messages.
        stages: files to write on the way.
        needed: whether the result still is, asked between LLVM's steps.

    Returns:
        A relocatable ELF file.

    Raises:
        NotNeededError: it is not needed any more.
        LLVMLostError: the process was forked while LLVM was at work.
        RuntimeError: LLVM rejects the text; a defect of the caller.
        ImportError: llvmlite is not installed, or is another release.
    """
    passes = 2 if level == Level.OPTIMISED else None
    text += MODULE_FLAGS

    def step() -> None:
        if not needed():
            raise NotNeededError

    code: bytes = _WORKERS[level].run(
        lambda machine: machine.compile(text, passes, stages, step), name, needed
    )
    return code


def verify(text: str, name: str = "") -> None:
    """Parse and verify LLVM text.

    Raises:
        RuntimeError: LLVM rejects the text.
    """
    _WORKERS[Level.QUICK].run(lambda machine: machine.verify(text + MODULE_FLAGS), name, _always)


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


def llvm_version() -> tuple[str, str]:
    """The versions of LLVM, as ``"22.1.0"``, and of llvmlite.

    Raises:
        ImportError: llvmlite is not installed, or is another release.
    """
    llvm = _load().version
    import llvmlite

    return llvm, llvmlite.__version__


def big_thread(work: Callable[[], None], name: str) -> threading.Thread:
    """A thread, started, on which LLVM can recurse deeply."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    before = threading.stack_size(_stack_size())
    try:
        thread.start()
    finally:
        threading.stack_size(before)
    return thread


def _require_llvm() -> None:
    from .layout import llvm_is_lost

    if llvm_is_lost():
        raise LLVMLostError


_load_lock = fork_safe(threading.Lock())
_llvm: LLVM | None = None


def _load() -> LLVM:
    """The library, loaded at first use."""
    global _llvm
    _require_llvm()
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


class NotNeededError(Exception):
    """Whatever the code was for has gone meanwhile."""


class LLVMLostError(RuntimeError):
    """The process was forked while LLVM was at work, so it is of no use here."""

    def __init__(self) -> None:
        super().__init__("LLVM was at work when this process was forked (docs/DEPLOYMENT.md)")


class _Workers:
    """Threads that work for whoever asks, each with a target machine of its own."""

    MOST = 4

    def __init__(self, level: Level) -> None:
        self._level = level
        self._lock = fork_safe(threading.Lock())
        self._clear()

    def _clear(self) -> None:
        self._generation = forking.generation
        self._jobs: SimpleQueue[Callable[[], None]] | None = None
        self._machines: dict[int, Machine] = {}
        """By thread."""
        self._threads = 0
        self._open = 0
        """Jobs that are not done."""

    def run(self, work: Callable[[Machine], Any], name: str, needed: Callable[[], bool]) -> Any:
        """Result of ``work`` on a thread; errors of LLVM name what it worked on."""
        _require_llvm()
        done = threading.Event()
        result: Any = None
        error: BaseException | None = None

        def job() -> None:
            nonlocal result, error
            try:
                if not needed():
                    raise NotNeededError
                thread = threading.get_ident()
                if thread not in self._machines:
                    self._machines[thread] = _load().machine(int(self._level))
                result = work(self._machines[thread])
            except BaseException as caught:
                error = caught
            done.set()

        if threading.get_ident() in self._machines:  # a finaliser that runs a guest
            job()
        else:
            self._put(job)
            done.wait()
        if isinstance(error, RuntimeError):
            raise RuntimeError(f"LLVM rejects {name or 'a module'}: {error}") from error
        if error is not None:
            raise error
        return result

    def _put(self, job: Callable[[], None]) -> None:
        """Have a thread do a job; another one is started if all are busy."""
        with self._lock:
            if self._generation != forking.generation:
                self._clear()
            if self._jobs is None:
                from queue import SimpleQueue

                self._jobs = SimpleQueue()
            jobs = self._jobs
            if self._open >= self._threads < self.MOST:
                name = f"pywasmedge-{self._level.name.lower()}-{self._threads}"
                big_thread(lambda: self._serve(jobs), name)
                self._threads += 1
            self._open += 1
            jobs.put(job)

    def _serve(self, jobs: SimpleQueue[Callable[[], None]]) -> None:
        while True:
            jobs.get()()
            with self._lock:
                self._open -= 1


def _stack_size() -> int:
    from resource import RLIM_INFINITY, RLIMIT_AS, getrlimit

    return _STACK_SIZE if getrlimit(RLIMIT_AS)[0] == RLIM_INFINITY else _SMALL_STACK_SIZE


_WORKERS = {level: _Workers(level) for level in Level}
