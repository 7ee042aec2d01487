"""Better code in the background (tier ``AUTO``)."""

from __future__ import annotations

import threading
from contextlib import suppress
from sys import modules
from time import monotonic
from weakref import ref

from ..base.forking import fork_safe
from ..compiler.codegen import LLVMLostError, NotNeededError
from ..compiler.effort import TooMuchError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from queue import SimpleQueue
    from typing import Protocol

    from ..module.ast import Module

    class Improvable(Protocol):
        """The code of a module."""

        module: Module

        def improvement(self, index: int, loop: int) -> Makeable:
            """What compiles a function with optimisation."""

    class Makeable(Protocol):
        """Better code."""

        def make(self) -> None:
            """Make it, unless nothing needs it any more."""

    Request = tuple[float, int, ref[Improvable], int, int]
    """When to begin (``time.monotonic``), a number, then what ``Optimiser.add`` was given."""


_REASONS = (RuntimeError, MemoryError, TooMuchError, NotNeededError, LLVMLostError)
"""Why there may be no better code."""


class Optimiser:
    """A thread that compiles functions again, with optimisation, once their quick code asks for it.

    Large functions wait a while: a program that ends before their code is ready, however often it
    is run, would only have lost time and memory.

    It does not keep modules alive.
    """

    PATIENCE = 20e-6
    """Seconds of waiting per byte of a function: an estimated fraction of its compilation."""

    FIRST = 0.1
    """Seconds of waiting before LLVM is loaded, which takes about as long."""

    def __init__(self) -> None:
        # Reentrant: a finaliser may run guests, whatever it interrupts.
        self._lock = fork_safe(threading.RLock())
        self._requests: SimpleQueue[Request] | None = None
        self._count = 0
        self._thread: threading.Thread | None = None

    def add(self, module: Improvable, index: int, loop: int = 0) -> None:
        """Ask for better code.

        Args:
            module: the module.
            index: a defined function that has quick code.
            loop: offset in the module of the loop it is in, 0 if it was called often.
        """
        start, end = module.module.bodies[index]
        begin = monotonic() + (end - start) * self.PATIENCE
        if "pywasmedge.compiler.llvm" not in modules:
            begin += self.FIRST
        with self._lock:
            if self._requests is None or self._thread is None or not self._thread.is_alive():
                from queue import SimpleQueue

                self._requests = SimpleQueue()  # another one after a fork
                self._thread = threading.Thread(
                    target=_serve,
                    args=(self._requests,),
                    name="pywasmedge-optimiser",
                    daemon=True,
                )
                self._thread.start()
            self._count += 1
            self._requests.put((begin, self._count, ref(module), index, loop))


def _serve(requests: SimpleQueue[Request]) -> None:
    from heapq import heappop, heappush
    from queue import Empty

    waiting: list[Request] = []
    while True:
        try:
            pause = max(waiting[0][0] - monotonic(), 0) if waiting else None
            heappush(waiting, requests.get(timeout=pause))
            continue
        except Empty:
            _, _, module_ref, index, loop = heappop(waiting)
        module = module_ref()
        if module is None:
            continue
        with suppress(*_REASONS):  # the quick code goes on serving
            improvement = module.improvement(index, loop)
            del module
            improvement.make()


optimiser = Optimiser()
"""The one of the process."""
