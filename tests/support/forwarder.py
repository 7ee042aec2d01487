"""Guests with a memory that hand calls on to imported functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmbuild import body, limits, wasm

from pywasmedge import VM

if TYPE_CHECKING:
    from typing import Any

    from pywasmedge import FunctionType


def binary(module: str, types: dict[str, FunctionType], pages: int | None = 1) -> bytes:
    """A module that imports these functions of ``module`` and exports calls of them.

    Its memory of ``pages`` is exported as ``memory``; ``None`` for no memory.
    """
    texts = [
        f"{' '.join(map(str, t.params))} -> {' '.join(map(str, t.results))}" for t in types.values()
    ]
    count = len(types)
    codes = [
        body(" ".join([*(f"local.get {p}" for p in range(len(t.params))), f"call {i}"]))
        for i, t in enumerate(types.values())
    ]
    exports = [(name, "func", count + i) for i, name in enumerate(types)]
    return wasm(
        types=texts,
        imports=[(module, name, "func", i) for i, name in enumerate(types)],
        funcs=range(count),
        memories=[] if pages is None else [limits(pages)],
        exports=[*exports, *([] if pages is None else [("memory", "memory", 0)])],
        code=codes,
    )


class Guest:
    """Calls a host module's functions from a guest; ``put`` hands out addresses from 1024."""

    def __init__(
        self, vm: VM, module: str, types: dict[str, FunctionType], pages: int | None = 1
    ) -> None:
        self.instance = vm.start(binary(module, types, pages))
        self.free = 1024

    @property
    def memory(self) -> memoryview:
        """All of the guest's memory."""
        return memoryview(self.instance.exports.memory)

    def call(self, name: str, *args: Any) -> Any:
        """Call a function of the host module."""
        return self.instance.exports[name](*args)

    def put(self, data: bytes | str) -> tuple[int, int]:
        """Address and length of ``data`` in memory."""
        data = data.encode() if isinstance(data, str) else data
        address = self.free
        self.memory[address : address + len(data)] = data
        self.free += (len(data) + 7) & -8
        return address, len(data)
