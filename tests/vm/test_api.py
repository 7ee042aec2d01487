"""Loader, Validator, Executor, Store and VM as a user meets them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from wat_modules import env, path, register, store_with, validated

import pywasmedge
from pywasmedge import (
    VM,
    Configure,
    ErrCode,
    Executor,
    ExternKind,
    FunctionInstance,
    FunctionType,
    GlobalType,
    Limits,
    LinkError,
    Loader,
    LoadError,
    MemoryType,
    ModuleInstance,
    Store,
    TableType,
    ValidationError,
    Validator,
    ValType,
)

I32, I64, F32, F64, V128, FUNCREF, EXTERNREF = ValType
EMPTY = b"\0asm\1\0\0\0"
ILL_TYPED = EMPTY + b"\x01\x05\x01\x60\x00\x01\x7f\x03\x02\x01\x00\x0a\x04\x01\x02\x00\x0b"
MALFORMED_BODY = ILL_TYPED[:-5] + b"\x05\x01\x03\x00\xff\x0b"


# --- the package ---------------------------------------------------------------------------------


def test_every_public_name_is_there() -> None:
    for name in pywasmedge.__all__:
        assert getattr(pywasmedge, name) is not None
    homes = [name for names in pywasmedge._HOMES.values() for name in names.split()]
    assert sorted([*homes, "__version__"]) == sorted(pywasmedge.__all__)
    assert set(pywasmedge.__all__) <= set(dir(pywasmedge))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = pywasmedge.nonsense  # type: ignore[attr-defined]


def test_importing_the_package_imports_nothing_else() -> None:
    program = (
        "import sys, pywasmedge;"
        "print(*(name for name in sys.modules if 'llvmlite' in name or 'cffi' in name"
        " or name.startswith('pywasmedge.')))"
    )
    output = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(pywasmedge.__file__).parents[1])},
    ).stdout
    assert output.strip() == ""


# --- loader and validator ------------------------------------------------------------------------


def test_load_from_file_and_bytes() -> None:
    loader = Loader()
    for module in (
        loader.parse_file(path("api")),
        loader.parse_file(str(path("api"))),
        loader.parse_bytes(path("api").read_bytes()),
        loader.parse_bytes(bytearray(path("api").read_bytes())),
        loader.parse_bytes(memoryview(path("api").read_bytes())),
    ):
        assert module.name == "api"
        assert not module.validated


@pytest.mark.parametrize("name", ["", "no such file.wasm", ".", "nul\0byte"])
def test_files_that_cannot_be_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(LoadError) as caught:
        Loader().parse_file(f"{tmp_path}/{name}" if name else "")
    assert caught.value.code == ErrCode.ILLEGAL_PATH
    assert name in caught.value.detail or "\\x00" in caught.value.detail


def test_load_errors() -> None:
    for data, code in (
        (b"", ErrCode.UNEXPECTED_END),
        (b"\0as", ErrCode.UNEXPECTED_END),
        (b"what", ErrCode.MALFORMED_MAGIC),
        (b"\0asm\2\0\0\0", ErrCode.MALFORMED_VERSION),
        (MALFORMED_BODY, ErrCode.ILLEGAL_OPCODE),
    ):
        with pytest.raises(LoadError) as caught:
            Loader().parse_bytes(data)
        assert caught.value.code == code
    with pytest.raises(TypeError):
        Loader().parse_bytes("text")  # type: ignore[arg-type]


def test_invalid_module_loads_but_does_not_validate() -> None:
    module = Loader().parse_bytes(ILL_TYPED)
    for _ in range(2):
        with pytest.raises(ValidationError) as caught:
            Validator().validate(module)
        assert caught.value.code == ErrCode.TYPE_CHECK_FAILED
        assert caught.value.func_index == 0
        assert not module.validated


def test_validator_applies_its_own_proposals() -> None:
    everything = Configure(proposals=set(pywasmedge.Proposal))
    two_memories = EMPTY + b"\x05\x05\x02\x00\x01\x00\x01"
    module = Loader(everything).parse_bytes(two_memories)
    with pytest.raises(ValidationError) as caught:
        Validator().validate(module)
    assert caught.value.code == ErrCode.MULTI_MEMORIES
    Validator(everything).validate(module)
    assert module.validated


def test_configuration_is_copied() -> None:
    configure = Configure()
    loader, machine = Loader(configure), VM(configure)
    configure.remove_proposal(pywasmedge.Proposal.SIMD)
    loader.parse_file(path("api"))
    machine.load_wasm_from_file(path("api"))
    with pytest.raises(LoadError):
        Loader(configure).parse_file(path("api"))


def test_module_lists_imports_and_exports() -> None:
    module = Loader().parse_file(path("api"))
    assert [(i.module, i.name, i.kind, i.type) for i in module.imports] == [
        ("env", "log", ExternKind.FUNCTION, FunctionType((I32,))),
        ("env", "mul", ExternKind.FUNCTION, FunctionType((I32, I32), (I32,))),
    ]
    exports = {item.name: (item.kind, item.type) for item in module.exports}
    assert exports["memory"] == (ExternKind.MEMORY, MemoryType(Limits(1, 4)))
    assert exports["table"] == (ExternKind.TABLE, TableType(FUNCREF, Limits(4, 8)))
    assert exports["counter"] == (ExternKind.GLOBAL, GlobalType(I32, True))
    assert exports["swap"] == (ExternKind.FUNCTION, FunctionType((I64, F64), (F64, I64)))
    consumer = Loader().parse_file(path("consumer"))
    assert consumer.imports[1].type == TableType(FUNCREF, Limits(5))


def test_custom_sections() -> None:
    module = Loader().parse_bytes(EMPTY + b"\x00\x05\x02hi\x01\x02" + b"\x00\x04\x02hi\x03")
    assert module.custom_sections("hi") == [b"\x01\x02", b"\x03"]
    assert module.custom_sections("name") == []
    assert module.name == ""


# --- store ---------------------------------------------------------------------------------------


def test_store_maps_names() -> None:
    store = Store()
    host = ModuleInstance("zz")
    store.add(host)
    store.add(ModuleInstance("é"))
    store.add(ModuleInstance(""))
    assert store.names() == list(store) == ["", "zz", "é"]
    assert store.find("zz") is host
    assert store.find("missing") is None
    assert "zz" in store and len(store) == 3
    for again in (host, ModuleInstance("zz")):
        with pytest.raises(LinkError) as caught:
            store.add(again)
        assert caught.value.code == ErrCode.MODULE_NAME_CONFLICT
    store.add(host, "alias")
    host.close()
    assert store.names() == ["", "é"]
    host.close()


def test_closed_store_forgets_without_closing() -> None:
    host = env()
    with store_with(host) as store:
        assert len(store) == 1
    assert len(store) == 0
    assert host.exports.mul(3, 4) == 12


def test_register_reports_a_taken_name_and_keeps_the_first() -> None:
    store = Store()
    first = register(store, "provider")
    with pytest.raises(LinkError) as caught:
        register(store, "provider")
    assert caught.value.code == ErrCode.MODULE_NAME_CONFLICT
    assert store.find("provider") is first
    assert first.name == "provider"


# --- module instances ----------------------------------------------------------------------------


def test_instance_lists_and_finds_by_kind() -> None:
    instance = register(Store(), "provider")
    assert instance.list_functions() == ["call", "double", "peek"]
    assert instance.list_tables() == ["table"]
    assert instance.list_memories() == ["memory"]
    assert instance.list_globals() == ["const", "slot", "var"]
    assert instance.find_function("table") is None
    assert instance.find_table("table") is instance.exports.table
    assert instance.find_memory("memory") is instance.exports.memory
    assert instance.find_global("var") is instance.exports.var
    assert instance.find_function("nothing") is None
    assert repr(instance) == "<ModuleInstance 'provider': 8 exports>"


def test_host_module_may_use_a_name_for_several_kinds() -> None:
    host = ModuleInstance("host")
    memory = pywasmedge.MemoryInstance(MemoryType(Limits(1)))
    function = FunctionInstance.from_callable(lambda: None, FunctionType(), name="x")
    host.add_memory("x", memory)
    assert host.exports.x is memory
    host.add_function("x", function)
    assert host.exports.x is function
    assert host.find_memory("x") is memory
    assert host.list_functions() == host.list_memories() == ["x"]


def test_replaced_export_stays_usable() -> None:
    host = ModuleInstance("host")
    host.add_function("f", lambda: 1, FunctionType((), (I32,)))
    first = host.exports.f
    host.add_function("f", lambda: 2, FunctionType((), (I32,)))
    assert (first(), host.exports.f()) == (1, 2)
    assert len(host.exports) == 1


def test_closed_instance_has_no_exports_but_held_functions_work() -> None:
    instance = Executor().instantiate(Store(), validated("provider"))
    double = instance.exports.double
    with instance:
        pass
    assert len(instance.exports) == 0
    assert double(4) == 8


def test_contexts_can_be_closed_and_used_in_with() -> None:
    with (
        Loader() as loader,
        Validator() as validator,
        Executor() as executor,
        Store() as store,
        loader.parse_file(path("provider")) as module,
    ):
        validator.validate(module)
        with executor.instantiate(store, module) as instance:
            assert instance.exports.double(2) == 4
    with VM() as vm:
        vm.close()
