"""Better code in the background (tier ``AUTO``)."""

from __future__ import annotations

import threading
from contextlib import suppress
from weakref import ref

from ..base.forking import fork_safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from queue import SimpleQueue

    from .code import CompiledModule

    Request = tuple[ref[CompiledModule], int, int]


class Optimiser:
    """A thread that compiles functions again, with optimisation, once their quick code asks for it.

    It does not keep modules alive.
    """

    def __init__(self) -> None:
        # Reentrant: a finaliser may run guests, whatever it interrupts.
        self._lock = fork_safe(threading.RLock())
        self._requests: SimpleQueue[Request] | None = None
        self._thread: threading.Thread | None = None

    def add(self, module: CompiledModule, index: int, loop: int = 0) -> None:
        """Ask for better code.

        Args:
            module: the module.
            index: a defined function that has quick code.
            loop: offset in the module of the loop it is in, 0 if it was called often.
        """
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
            self._requests.put((ref(module), index, loop))


def _serve(requests: SimpleQueue[Request]) -> None:
    while True:
        module_ref, index, loop = requests.get()
        module = module_ref()
        if module is not None:
            with suppress(RuntimeError, MemoryError):  # the quick code goes on serving
                module.improve(index, loop)
        del module


optimiser = Optimiser()
"""The one of the process."""
