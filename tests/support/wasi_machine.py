"""A guest in machine code, as far as hot WASI functions are concerned."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import wasmbuild as wb
from wasi_guest import MASK, Guest

from pywasmedge import WASI, Executor, Loader, Store, Validator
from pywasmedge.base import waiting
from pywasmedge.kernel.native import lib
from pywasmedge.wasi import function as wasi_function
from pywasmedge.wasi.groups import find_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from pywasmedge.wasi.env import Env

HOT = sorted(name for name, function in find_all().items() if function.hot)


@contextmanager
def stoppable() -> Iterator[int]:
    """Make the calling thread one whose waits can be ended; its identity for ``waiting.wake``."""
    thread = waiting.begin()
    lib.we_watch_waits(1)
    yield thread
    lib.we_watch_waits(-1)
    waiting.end(thread)


_SURVEY = (
    "loop void "
    "local.get 0 local.get 1 i32.const 1 i64.const 0 local.get 2 call {fd_pread} i32.eqz if void "
    "i32.const 1 local.get 1 i32.load 2 0 i32.load8_u 0 0 local.get 3 i32.sub i32.shl "
    "local.get 5 i32.or local.set 5 end "
    "local.get 4 i32.const 1 i32.sub local.tee 4 br_if 0 end local.get 5"
)
"""fd, iovec, out, first byte, times -> bit n: what has been read began with that byte plus n."""


def binary() -> bytes:
    """A module that exports each hot function, called by itself, and its memory of one page.

    ``survey`` reads from the start of a file again and again, see ``_SURVEY``.
    """
    types, code = [], []
    for index, name in enumerate(HOT):
        params = find_all()[name].params
        types.append(f"{' '.join(str(type_) for type_ in params)} -> i32")
        gets = "".join(f"local.get {number} " for number in range(len(params)))
        code.append(wb.body(wb.asm(f"{gets}call {index}")))
    types.append("i32 i32 i32 i32 i32 -> i32")
    code.append(wb.body(wb.asm(_SURVEY.format(fd_pread=HOT.index("fd_pread"))), [(1, "i32")]))
    return wb.wasm(
        types=types,
        imports=[("wasi_snapshot_preview1", name, "func", i) for i, name in enumerate(HOT)],
        funcs=list(range(len(types))),
        memories=[wb.limits(1)],
        exports=[
            *((name, "func", len(HOT) + index) for index, name in enumerate(HOT)),
            ("survey", "func", 2 * len(HOT)),
            ("memory", "memory", 0),
        ],
        code=code,
    )


class Machine(Guest):
    """Calls hot functions from machine code, others as ``Guest`` does.

    Attributes:
        wasi: the module that is linked with.
        asked: names of the hot functions that were left to Python, call by call.
    """

    def __init__(self, wasi: WASI | None = None) -> None:
        self.wasi = wasi or WASI.uninitialised()
        super().__init__(self.wasi.env)
        module = Loader().parse_bytes(binary())
        Validator().validate(module)
        executor, self.store = Executor(), Store()
        executor.register_import(self.store, self.wasi)
        self.exports = executor.instantiate(self.store, module).exports
        self.memory = memoryview(self.exports.memory)
        self.asked: list[str] = []

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> Machine:
        """Have ``asked`` filled from now on, which must be before the first call."""
        bind, asked = wasi_function.Function.bind, self.asked

        def watched(function: wasi_function.Function, env: Env) -> Callable[..., int | None]:
            bound = bind(function, env)

            def call(*args: object) -> int | None:
                if function.hot and env is self.env:
                    asked.append(function.name)
                return bound(*args)

            return call

        monkeypatch.setattr(wasi_function.Function, "bind", watched)
        return self

    def use_memory(self, size: int) -> None:
        self.memory = memoryview(b"")
        self.exports.memory.grow(-(-size // 65536))
        self.memory = memoryview(self.exports.memory)

    def call(self, name: str, *args: int) -> int:
        if name not in HOT:
            return super().call(name, *args)
        signed = []
        for arg, type_ in zip(args, find_all()[name].params, strict=True):
            bits = 32 if str(type_) == "i32" else 64
            value = (arg & MASK) % (1 << bits)
            signed.append(value - (1 << bits) if value >> (bits - 1) else value)
        errno: int = getattr(self.exports, name)(*signed)
        return errno
