"""Better code in the background (tier ``AUTO``)."""

from __future__ import annotations

import threading
from weakref import WeakValueDictionary

from ..base.forking import fork_safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .code import CompiledModule


class Optimiser:
    """A thread that compiles functions again, with optimisation, once a program has run a while.

    It does not keep modules alive.
    """

    DELAY = 0.1
    """Seconds from the first call of a module to its first optimised function."""
    BATCH = 2048
    """Bytes of WebAssembly code compiled at a time."""

    def __init__(self) -> None:
        # Reentrant: a finaliser may run guests, whatever it interrupts.
        self._lock = fork_safe(threading.RLock())
        self._wake = threading.Condition(self._lock)
        self._waiting: WeakValueDictionary[int, CompiledModule] = WeakValueDictionary()
        self._thread: threading.Thread | None = None

    def add(self, module: CompiledModule) -> None:
        """Note that ``module`` has new quick code."""
        with self._lock:
            self._waiting[id(module)] = module
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._run, name="pywasmedge-optimiser", daemon=True
                )
                self._thread.start()
            self._wake.notify()

    def _run(self) -> None:
        from time import sleep

        while True:
            with self._lock:
                while not self._waiting:
                    self._wake.wait()
            sleep(self.DELAY)
            while self._step():
                pass

    def _step(self) -> bool:
        """Compile one batch of one module; False if there is nothing to do."""
        with self._lock:
            modules = list(self._waiting.values())
            if not modules:
                return False
            module = modules[0]
            del modules
            del self._waiting[id(module)]
        try:
            more = module.improve(self.BATCH)
        except (RuntimeError, MemoryError):
            return True  # the quick code goes on serving
        if more:
            with self._lock:
                self._waiting[id(module)] = module
        return True


optimiser = Optimiser()
"""The one of the process."""
