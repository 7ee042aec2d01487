"""The C library as the scripts see it, used in both of the ways hosts use it.

:class:`StepByStep` uses loader, validator and executor, :class:`OneVM` a VM. References to host
objects are words the library has never seen: the number in the script plus 2^32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import capi_lib
from capi_lib import NULL, ffi, lib, string

from pywasmedge.base.errors import (
    ArgumentError,
    ErrCode,
    LinkError,
    LoadError,
    Trap,
    ValidationError,
    WasmError,
    WorkflowError,
)
from pywasmedge.base.types import GlobalType, ValType
from pywasmedge.wast.engine import SIZE
from pywasmedge.wast.host import GLOBALS, MEMORY, PRINTERS, TABLE
from pywasmedge.wast.values import HostObject, argument_bits, is_reference, reference

from .suites import proposals

if TYPE_CHECKING:
    from pywasmedge.wast.engine import Result
    from pywasmedge.wast.values import Json

    from .suites import Script

    CData = Any

INVENTED = 1 << 32
"""Added to the number of a host object, so that words are unlike any number in the scripts."""


@ffi.callback("WasmEdge_HostFunc_t")
def _ignore(_data: CData, _memory: CData, _params: CData, _returns: CData) -> CData:
    return _SUCCESS[0]


_SUCCESS = ffi.new("WasmEdge_Result *")


class CBackend:
    """What both ways have in common: a configuration, ``spectest`` and the values."""

    details = False

    def __init__(self, script: Script) -> None:
        self.configure = lib.WasmEdge_ConfigureCreate()
        added, removed = proposals(script)
        for proposal in added:
            lib.WasmEdge_ConfigureAddProposal(self.configure, proposal)
        for proposal in removed:
            lib.WasmEdge_ConfigureRemoveProposal(self.configure, proposal)
        self.spectest = spectest()

    def close(self) -> None:
        """Delete all contexts."""
        lib.WasmEdge_ModuleInstanceDelete(self.spectest)
        lib.WasmEdge_ConfigureDelete(self.configure)

    def results(self, type_: CData, arguments: list[Json], invoke: Any) -> list[Result]:
        """Call with a buffer for exactly as many results as the type has."""
        if not type_:
            raise KeyError("no such function")
        count = lib.WasmEdge_FunctionTypeGetReturnsLength(type_)
        types = ffi.new("enum WasmEdge_ValType[]", count)
        assert lib.WasmEdge_FunctionTypeGetReturns(type_, types, count) == count
        given = capi_lib.values([(argument["type"], _argument(argument)) for argument in arguments])
        returns = ffi.new("WasmEdge_Value[]", count)
        require(invoke(given, len(arguments), returns, count), execution_error)
        assert [value.Type for value in returns] == list(types)
        return [_result(value) for value in returns]

    @staticmethod
    def global_value(instance: CData, name: str) -> Result:
        """Value of a global that a module instance exports."""
        found = lib.WasmEdge_ModuleInstanceFindGlobal(instance, string(name))
        if not found:
            raise KeyError(name)
        return _result(lib.WasmEdge_GlobalInstanceGetValue(found))


class StepByStep(CBackend):
    """Loader, validator, executor and a store."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self.loader = lib.WasmEdge_LoaderCreate(self.configure)
        self.validator = lib.WasmEdge_ValidatorCreate(self.configure)
        self.executor = lib.WasmEdge_ExecutorCreate(self.configure, NULL)
        self.store = lib.WasmEdge_StoreCreate()
        self.instances: list[CData] = []
        require(
            lib.WasmEdge_ExecutorRegisterImport(self.executor, self.store, self.spectest),
            link_error,
        )

    def load(self, binary: bytes) -> CData:
        """An AST module, which is deleted when it is not used any more."""
        out = ffi.new("WasmEdge_ASTModuleContext **")
        data = ffi.from_buffer("uint8_t[]", binary)
        require(lib.WasmEdge_LoaderParseFromBuffer(self.loader, out, data, len(binary)), LoadError)
        return ffi.gc(out[0], lib.WasmEdge_ASTModuleDelete)

    def validate(self, module: CData) -> None:
        """Validate an AST module."""
        require(lib.WasmEdge_ValidatorValidate(self.validator, module), ValidationError)

    def link(self, module: CData) -> CData:
        """A module instance without a name."""
        return self._instance(lib.WasmEdge_ExecutorInstantiate, module)

    def _instance(self, make: Any, module: CData, *name: CData) -> CData:
        out = ffi.new("WasmEdge_ModuleInstanceContext **")
        require(make(self.executor, out, self.store, module, *name), link_error)
        self.instances.append(out[0])
        return out[0]

    def instantiate(self, binary: bytes, name: str) -> CData:
        """All of it."""
        module = self.load(binary)
        self.validate(module)
        if not name:
            return self.link(module)
        return self._instance(lib.WasmEdge_ExecutorRegister, module, string(name))

    def register(self, name: str, instance: CData) -> None:
        """It was given its name when it was instantiated."""
        assert lib.WasmEdge_StoreFindModule(self.store, string(name)) == instance

    def call(self, instance: CData, name: str, arguments: list[Json]) -> list[Result]:
        """Find the function, call it."""
        function = lib.WasmEdge_ModuleInstanceFindFunction(instance, string(name))
        type_ = lib.WasmEdge_FunctionInstanceGetFunctionType(function)
        return self.results(
            type_,
            arguments,
            lambda *call: lib.WasmEdge_ExecutorInvoke(self.executor, function, *call),
        )

    def value(self, instance: CData, name: str) -> Result:
        """Value of a global."""
        return self.global_value(instance, name)

    def close(self) -> None:
        """See :class:`CBackend`; the store goes before what is registered in it."""
        lib.WasmEdge_StoreDelete(self.store)
        lib.WasmEdge_ExecutorDelete(self.executor)
        lib.WasmEdge_ValidatorDelete(self.validator)
        lib.WasmEdge_LoaderDelete(self.loader)
        for instance in self.instances:
            lib.WasmEdge_ModuleInstanceDelete(instance)
        super().close()


class OneVM(CBackend):
    """One VM. An instance is known by its name; the active one's is ``""``."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self.vm = lib.WasmEdge_VMCreate(self.configure, NULL)
        require(lib.WasmEdge_VMRegisterModuleFromImport(self.vm, self.spectest), link_error)

    def load(self, binary: bytes) -> None:
        """The VM's loaded module."""
        data = ffi.from_buffer("uint8_t[]", binary)
        require(lib.WasmEdge_VMLoadWasmFromBuffer(self.vm, data, len(binary)), LoadError)

    def validate(self, _module: None) -> None:
        """Validate the loaded module."""
        require(lib.WasmEdge_VMValidate(self.vm), ValidationError)

    def link(self, _module: None) -> str:
        """Make it the active instance."""
        require(lib.WasmEdge_VMInstantiate(self.vm), link_error)
        return ""

    def instantiate(self, binary: bytes, name: str) -> str:
        """A module with a name is registered."""
        if not name:
            self.load(binary)
            self.validate(None)
            return self.link(None)
        data = ffi.from_buffer("uint8_t[]", binary)
        require(
            lib.WasmEdge_VMRegisterModuleFromBuffer(self.vm, string(name), data, len(binary)),
            link_error,
        )
        return name

    def register(self, name: str, instance: str) -> None:
        """It was given its name when it was instantiated."""
        assert name == instance

    def call(self, instance: str, name: str, arguments: list[Json]) -> list[Result]:
        """Ask for the type, call it."""
        where = (self.vm, string(instance), string(name)) if instance else (self.vm, string(name))
        if instance:
            type_ = lib.WasmEdge_VMGetFunctionTypeRegistered(*where)
            execute = lib.WasmEdge_VMExecuteRegistered
        else:
            type_ = lib.WasmEdge_VMGetFunctionType(*where)
            execute = lib.WasmEdge_VMExecute
        return self.results(type_, arguments, lambda *call: execute(*where, *call))

    def value(self, instance: str, name: str) -> Result:
        """Value of a global."""
        if not instance:
            return self.global_value(lib.WasmEdge_VMGetActiveModule(self.vm), name)
        store = lib.WasmEdge_VMGetStoreContext(self.vm)
        return self.global_value(lib.WasmEdge_StoreFindModule(store, string(instance)), name)

    def close(self) -> None:
        """See :class:`CBackend`."""
        lib.WasmEdge_VMDelete(self.vm)
        super().close()


# --- failures ----------------------------------------------------------------------------------


def require(result: CData, kind: Any) -> None:
    """Check the result of a call.

    Args:
        result: the ``WasmEdge_Result``.
        kind: class of the error to raise, or a function that knows it for a code.
    """
    code = ErrCode(capi_lib.code(result))
    assert lib.WasmEdge_ResultOK(result) == (code <= ErrCode.TERMINATED)
    if code == ErrCode.SUCCESS:
        return
    assert capi_lib.message(result) == code.message
    raise kind(code)


def link_error(code: ErrCode) -> WasmError:
    """The error for a code of instantiation."""
    kinds = {"loading": LoadError, "validation": ValidationError, "instantiation": LinkError}
    return kinds.get(code.phase, Trap)(code)


def execution_error(code: ErrCode) -> WasmError:
    """The error for a code of execution."""
    if code == ErrCode.FUNC_SIG_MISMATCH:
        return ArgumentError(code)
    if code in (ErrCode.FUNC_NOT_FOUND, ErrCode.WRONG_INSTANCE_ADDRESS):
        return WorkflowError(code)
    return Trap(code)


# --- values ------------------------------------------------------------------------------------


def _argument(argument: Json) -> bytes:
    if not is_reference(argument):
        return argument_bits(argument)
    host_object = reference(argument)
    word = 0 if host_object is None else host_object.number + INVENTED
    return word.to_bytes(8, "little")


def _result(value: CData) -> Result:
    bits = capi_lib.bits(value)
    type_ = ValType(value.Type)
    if not type_.is_ref:
        size = SIZE[type_]
        assert not any(bits[size:]), f"bits above the {type_}"
        return bits[:size]
    word = int.from_bytes(bits, "little")
    assert lib.WasmEdge_ValueIsNullRef(value) == (word == 0)
    return None if word == 0 else HostObject(word - INVENTED)


# --- spectest ----------------------------------------------------------------------------------


def spectest() -> CData:
    """A new host module like :func:`.host.spectest`."""
    module = lib.WasmEdge_ModuleInstanceCreate(string("spectest"))
    for name, params in PRINTERS.items():
        type_ = lib.WasmEdge_FunctionTypeCreate(list(params), len(params), NULL, 0)
        function = lib.WasmEdge_FunctionInstanceCreate(type_, _ignore, NULL, 0)
        lib.WasmEdge_FunctionTypeDelete(type_)
        lib.WasmEdge_ModuleInstanceAddFunction(module, string(name), function)
    for name, (type_of_value, number) in GLOBALS.items():
        _add_global(module, name, GlobalType(type_of_value), number)
    table_type = lib.WasmEdge_TableTypeCreate(TABLE.element, _limit(TABLE.limits))
    table = lib.WasmEdge_TableInstanceCreate(table_type)
    lib.WasmEdge_TableTypeDelete(table_type)
    lib.WasmEdge_ModuleInstanceAddTable(module, string("table"), table)
    memory_type = lib.WasmEdge_MemoryTypeCreate(_limit(MEMORY.limits))
    memory = lib.WasmEdge_MemoryInstanceCreate(memory_type)
    lib.WasmEdge_MemoryTypeDelete(memory_type)
    lib.WasmEdge_ModuleInstanceAddMemory(module, string("memory"), memory)
    return module


def _limit(limits: Any) -> CData:
    return {"HasMax": limits.max is not None, "Min": limits.min, "Max": limits.max or 0}


def _add_global(module: CData, name: str, type_: GlobalType, number: float) -> None:
    generate = {
        ValType.I32: lib.WasmEdge_ValueGenI32,
        ValType.I64: lib.WasmEdge_ValueGenI64,
        ValType.F32: lib.WasmEdge_ValueGenF32,
        ValType.F64: lib.WasmEdge_ValueGenF64,
    }[type_.type]
    context = lib.WasmEdge_GlobalTypeCreate(type_.type, type_.mutable)
    value = lib.WasmEdge_GlobalInstanceCreate(context, generate(number))
    lib.WasmEdge_GlobalTypeDelete(context)
    lib.WasmEdge_ModuleInstanceAddGlobal(module, string(name), value)
