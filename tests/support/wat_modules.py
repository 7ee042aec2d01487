"""The small modules of ``tests/wat`` and a host module that they can import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pywasmedge import Executor, Loader, ModuleInstance, Store, Validator

if TYPE_CHECKING:
    from pywasmedge import Configure, Module

DIRECTORY = Path(__file__).parents[1] / "wat"


def path(name: str) -> Path:
    """Where a module is."""
    return DIRECTORY / f"{name}.wasm"


def validated(name: str, configure: Configure | None = None) -> Module:
    """A module, loaded and validated."""
    module = Loader(configure).parse_file(path(name))
    Validator(configure).validate(module)
    return module


def store_with(*instances: ModuleInstance) -> Store:
    """A store with these instances in it."""
    store = Store()
    for instance in instances:
        store.add(instance)
    return store


def instantiate(name: str, *imported: ModuleInstance) -> ModuleInstance:
    """An anonymous instance of a module."""
    return Executor().instantiate(store_with(*imported), validated(name))


def register(store: Store, name: str) -> ModuleInstance:
    """An instance of a module, registered under the module's own name."""
    return Executor().register(store, validated(name), name)


def env() -> ModuleInstance:
    """What ``api.wat`` imports."""

    def log(value: int) -> None:
        pass

    def mul(left: int, right: int) -> int:
        return left * right

    return ModuleInstance("env", {"log": log, "mul": mul})
