"""Guests of extension modules: every function of the module by name, in a VM of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forwarder import Guest

from pywasmedge import VM, WASI, FunctionType
from pywasmedge.plugins.shipped import SHIPPED

if TYPE_CHECKING:
    from pywasmedge import ModuleInstance
    from pywasmedge.plugins import Plugin


def plugin_of(name: str) -> Plugin:
    """The plugin of that name, of those that come with the package."""
    return next(plugin for plugin in SHIPPED if plugin.name == name)


def types_of(instance: ModuleInstance) -> dict[str, FunctionType]:
    """The functions of a host module with their types."""
    found = {}
    for name in instance.list_functions():
        function = instance.find_function(name)
        assert function is not None
        found[name] = function.type
    return found


class Extension(Guest):
    """A guest of one module of a plugin."""

    def __init__(
        self,
        plugin: str,
        module: str = "",
        *,
        pages: int | None = 64,
        vm: VM | None = None,
        wasi: WASI | None = None,
    ) -> None:
        """Make the module in ``vm``, by default a new one with the modules of the plugin."""
        found = plugin_of(plugin)
        self.vm = VM() if vm is None else vm
        if wasi is not None:
            self.vm.register_module(wasi)
        if vm is None:
            surroundings = found.surroundings()
            for each in found.modules:
                self.vm.register_module(found.create(each.name, surroundings))
        name = module or plugin
        instance = self.vm.store.find(name)
        assert instance is not None, name
        super().__init__(self.vm, name, types_of(instance), pages)

    @property
    def size(self) -> int:
        """Bytes of the guest's memory."""
        return len(self.memory)

    def room(self, size: int) -> int:
        """The address of so many bytes that nothing else uses."""
        address = self.free
        self.free += (size + 7) & -8
        assert self.free <= self.size
        return address

    def read(self, address: int, size: int) -> bytes:
        return bytes(self.memory[address : address + size])

    def u32(self, address: int) -> int:
        return int.from_bytes(self.read(address, 4), "little")

    def numbers(self, *values: int) -> int:
        """The address of u32 numbers put into memory."""
        data = b"".join((value & 0xFFFFFFFF).to_bytes(4, "little") for value in values)
        return self.put(data)[0]
