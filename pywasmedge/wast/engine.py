"""The runtime as the scripts see it: values are bytes and references."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..base.types import ValType
from ..kernel.native import ffi, lib
from ..prepare.loader import Loader, Validator
from ..runtime.call import failure
from ..runtime.executor import Executor
from ..runtime.function import FunctionInstance
from ..runtime.instance import ModuleInstance
from ..runtime.store import Store
from ..runtime.values import signature
from .host import spectest
from .values import HostObject, argument_bits, is_reference, reference, types_of

if TYPE_CHECKING:
    from ..base.config import Configure
    from ..prepare.module import Module
    from .values import Json

Instance = ModuleInstance
Result = bytes | HostObject | FunctionInstance | None

SIZE = {ValType.I32: 4, ValType.I64: 8, ValType.F32: 4, ValType.F64: 8, ValType.V128: 16}


class Engine:
    """One store with ``spectest`` in it, and what is needed to fill it."""

    details = True

    def __init__(self, configuration: Configure) -> None:
        self.loader = Loader(configuration)
        self.validator = Validator(configuration)
        self.executor = Executor(configuration)
        self.store = Store()
        self.executor.register_import(self.store, spectest(configuration.proposals))

    def load(self, binary: bytes) -> Module:
        """Decode a binary."""
        return self.loader.parse_bytes(binary)

    def validate(self, module: Module) -> None:
        """Validate a module."""
        self.validator.validate(module)

    def link(self, module: Module) -> Instance:
        """Instantiate a validated module."""
        return self.executor.instantiate(self.store, module)

    def instantiate(self, binary: bytes, _name: str) -> Instance:
        """All of it; it gets names later."""
        module = self.load(binary)
        self.validate(module)
        return self.link(module)

    def register(self, name: str, instance: Instance) -> None:
        """Make an instance importable under a name, in place of what had that name."""
        before = self.store.find(name)
        if before is not None:
            before.close()
        exports = {key: instance.exports[key] for key in instance.exports}
        self.executor.register_import(self.store, ModuleInstance(name, exports))

    def call(self, instance: Instance, name: str, arguments: list[Json]) -> list[Result]:
        """Call an exported function.

        Functions with references are called with Python objects; all others with bits, because
        Python's floats cannot carry a signalling NaN of 32 bits.
        """
        function = instance.exports[name]
        if types_of(arguments) != function.type.params:
            raise TypeError(f"{name}{function.type} called with {arguments}")
        if any(type_.is_ref for type_ in function.type.params + function.type.results):
            return self._call_with_objects(function, arguments)
        return self._call_with_bits(function, arguments)

    @staticmethod
    def _call_with_objects(function: FunctionInstance, arguments: list[Json]) -> list[Result]:
        values = [
            reference(argument) if is_reference(argument) else _number(argument)
            for argument in arguments
        ]
        results = function(*values)
        types = function.type.results
        if len(types) < 2:
            results = (results,) * len(types)
        return [
            value if type_.is_ref else int(value).to_bytes(SIZE[type_], "little", signed=True)
            for type_, value in zip(types, results, strict=True)
        ]

    @staticmethod
    def _call_with_bits(function: FunctionInstance, arguments: list[Json]) -> list[Result]:
        frame = bytearray(signature(function.type).frame_size)
        at = 0
        for argument, type_ in zip(arguments, function.type.params, strict=True):
            bits = argument_bits(argument)
            frame[at : at + len(bits)] = bits
            at += 8 * type_.slots
        if code := lib.we_call(function.c, ffi.from_buffer("uint64_t *", frame)):
            raise failure(code)
        results: list[Result] = []
        at = 0
        for type_ in function.type.results:
            results.append(bytes(frame[at : at + SIZE[type_]]))
            at += 8 * type_.slots
        return results

    @staticmethod
    def value(instance: Instance, name: str) -> Result:
        """Value of an exported global."""
        found = instance.exports[name]
        if found.type.type.is_ref:
            return found.value  # type: ignore[no-any-return]
        size = SIZE[found.type.type]
        return int(found.bits).to_bytes(size, "little")


def _number(argument: Json) -> int:
    """An integer argument beside references; the scripts have no others there."""
    assert argument["type"] in ("i32", "i64"), argument
    return int(argument["value"])
