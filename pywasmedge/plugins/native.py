"""Plugins in shared libraries, by the descriptor of ``include/wasmedge/plugin.h``."""

from __future__ import annotations

from ..kernel.native import address, ffi, lib
from ..runtime import instance as instances
from .descriptor import Plugin, PluginError, PluginModule, PluginOption
from .symbols import symbols

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..kernel.native import CData
    from ..runtime.instance import ModuleInstance

_ENTRY = b"WasmEdge_Plugin_GetDescriptor"
_LATER_ENTRY = b"GetDescriptor"
_CPP_CLASSES = (b"_ZN8WasmEdge", b"_ZNK8WasmEdge", b"_ZTVN8WasmEdge", b"_ZTIN8WasmEdge")
"""How the names of internal C++ functions and classes of WasmEdge begin."""
_MOST = 1 << 16
"""More modules or options than any plugin has: the descriptor is something else."""


def open_library(path: str) -> Plugin:
    """Load a library and read its descriptor; it stays loaded.

    A library without the entry symbol is not loaded, so none of its code runs.

    Raises:
        PluginError: it is no plugin, one of another kind, or it does not load.
    """
    defined, needed = symbols(path)
    if _ENTRY not in defined:
        if any(name.startswith(_CPP_CLASSES) for name in needed):
            raise PluginError(
                "a C++ plugin: it depends on internal classes of WasmEdge and cannot be loaded"
            )
        if _LATER_ENTRY in defined:
            raise PluginError("a C++ plugin of a later WasmEdge, which cannot be loaded")
        raise PluginError(f"no plugin: it does not define {_ENTRY.decode()}")
    error = ffi.new("const char **")
    descriptor = lib.capi_plugin_open(path.encode("utf-8", "surrogateescape"), error)
    if not descriptor:
        raise PluginError(_text(error[0]))
    return _read(descriptor)


def _read(descriptor: CData) -> Plugin:
    if descriptor.APIVersion != lib.WasmEdge_Plugin_CurrentAPIVersion:
        raise PluginError(
            f"made for version {descriptor.APIVersion} of the plugin interface, not"
            f" {lib.WasmEdge_Plugin_CurrentAPIVersion}"
        )
    modules, options = descriptor.ModuleCount, descriptor.ProgramOptionCount
    for count, array in (
        (modules, descriptor.ModuleDescriptions),
        (options, descriptor.ProgramOptions),
    ):
        if count > _MOST or (count and not array):
            raise PluginError("the descriptor is damaged")
    version = descriptor.Version
    parts = [version.Major, version.Minor, version.Patch, version.Build]
    return Plugin(
        _text(descriptor.Name),
        [_module(descriptor.ModuleDescriptions + index) for index in range(modules)],
        version=".".join(map(str, parts if parts[3] else parts[:3])),
        description=_text(descriptor.Description),
        options=[_NativeOption(descriptor.ProgramOptions[index]) for index in range(options)],
    )


def _text(characters: CData) -> str:
    return ffi.string(characters).decode("utf-8", "replace") if characters else ""


# --- modules -----------------------------------------------------------------------------------


def _module(descriptor: CData) -> PluginModule:
    name = _text(descriptor.Name)
    if not descriptor.Create:
        raise PluginError(f"module {name} has no function that creates it")

    def create() -> ModuleInstance:
        context = descriptor.Create(descriptor)
        # The library has started the part that knows contexts when it made one.
        found = instances.of_context(address(context)) if context else None
        if found is None:
            raise PluginError("it was not created")
        return found

    return PluginModule(name, create, _text(descriptor.Description))


# --- options -----------------------------------------------------------------------------------

_TYPES: dict[int, tuple[type, str]] = {
    1: (bool, "bool"),
    2: (int, "int8_t"),
    3: (int, "int16_t"),
    4: (int, "int32_t"),
    5: (int, "int64_t"),
    6: (int, "uint8_t"),
    7: (int, "uint16_t"),
    8: (int, "uint32_t"),
    9: (int, "uint64_t"),
    10: (float, "float"),
    11: (float, "double"),
    12: (str, "WasmEdge_String"),
}
"""By ``enum WasmEdge_ProgramOptionType``: the type here and in C."""


class _NativeOption(PluginOption):
    """An option whose value is in the plugin's storage."""

    __slots__ = ("_kept", "_storage")

    def __init__(self, option: CData) -> None:
        known = _TYPES.get(option.Type)
        name = _text(option.Name)
        if known is None or not option.Storage:
            raise PluginError(f"option {name} has no type or no storage")
        super().__init__(name, known[0], None, _text(option.Description))
        self._kept: Any = None
        self._storage = ffi.cast(f"{known[1]} *", option.Storage)
        if option.DefaultValue:
            self._storage[0] = ffi.cast(f"{known[1]} *", option.DefaultValue)[0]
            self.value = self._load()
        else:
            self.assign(self.value)

    def _load(self) -> Any:
        value = self._storage[0]
        if self.type is not str:
            return self.type(value)
        characters = ffi.buffer(value.Buf, value.Length)[:] if value.Buf else b""
        return characters.partition(b"\0")[0].decode("utf-8", "replace")

    def assign(self, value: Any) -> None:
        if self.type is str:
            characters = value.encode("utf-8", "surrogateescape")
            kept = ffi.new("char[]", characters)
            self._storage[0] = [len(characters), kept]
            self._kept = kept
        else:
            self._storage[0] = value  # OverflowError if it does not fit
        super().assign(value)
