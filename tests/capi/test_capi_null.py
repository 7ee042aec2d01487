"""NULL, contexts of the wrong kind and other arguments that a host should not give.

A C program with one call per function and pointer is made from the list of all functions: each
pointer once NULL with everything else valid, then all of them NULL. Which pointers may be NULL is
what the header says (``@nullable``).
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

import capi_host
import pytest
import testdata

sys.path.insert(0, str(capi_host.ROOT / "src"))
import build_sources

GUEST = capi_host.SOURCES / "guest.wasm"
CALLBACKS = ("WasmEdge_HostFunc_t", "WasmEdge_WrapFunc_t")

NOTHING = {
    "WasmEdge_Result": "r.Code == WasmEdge_ErrCode_WrongVMWorkflow",
    "WasmEdge_String": "r.Length == 0 && r.Buf == NULL",
    "WasmEdge_Limit": "!r.HasMax && r.Min == 0 && r.Max == 0",
    "WasmEdge_Value": "r.Value == 0 && r.Type == WasmEdge_ValType_I32",
    "bool": "!r",
    "double": "r == 0.0",
    "uint32_t": "r == 0",
    "uint64_t": "r == 0",
    "void": "true",
    "enum WasmEdge_RefType": "r == WasmEdge_RefType_FuncRef",
    "enum WasmEdge_ValType": "r == WasmEdge_ValType_I32",
    "enum WasmEdge_Mutability": "r == WasmEdge_Mutability_Const",
    "enum WasmEdge_ExternalType": "r == WasmEdge_ExternalType_Function",
    "enum WasmEdge_CompilerOptimizationLevel": "r == WasmEdge_CompilerOptimizationLevel_O0",
    "enum WasmEdge_CompilerOutputFormat": "r == WasmEdge_CompilerOutputFormat_Wasm",
}
"""What a function returns when something it needs is NULL, by type; pointers are NULL."""

NOTHING_OF = {
    "ModuleInstanceWASIGetExitCode": "r == 1",
}
"""The same for functions that differ."""

ARGUMENTS = {
    "WasmEdge_ConfigureContext *": "w.configure",
    "WasmEdge_StatisticsContext *": "w.statistics",
    "WasmEdge_LoaderContext *": "w.loader",
    "WasmEdge_ValidatorContext *": "w.validator",
    "WasmEdge_ExecutorContext *": "w.executor",
    "WasmEdge_CompilerContext *": "w.compiler",
    "WasmEdge_StoreContext *": "w.store",
    "WasmEdge_ASTModuleContext *": "w.ast",
    "WasmEdge_VMContext *": "w.vm",
    "WasmEdge_Async *": "w.async",
    "WasmEdge_ModuleInstanceContext *": "w.module",
    "WasmEdge_FunctionTypeContext *": "w.function_type",
    "WasmEdge_TableTypeContext *": "w.table_type",
    "WasmEdge_MemoryTypeContext *": "w.memory_type",
    "WasmEdge_GlobalTypeContext *": "w.global_type",
    "WasmEdge_ImportTypeContext *": "w.import_type",
    "WasmEdge_ExportTypeContext *": "w.export_type",
    "WasmEdge_FunctionInstanceContext *": "w.function",
    "WasmEdge_TableInstanceContext *": "w.table",
    "WasmEdge_MemoryInstanceContext *": "w.memory",
    "WasmEdge_GlobalInstanceContext *": "w.global",
    "WasmEdge_ASTModuleContext **": "&out.ast",
    "WasmEdge_ModuleInstanceContext **": "&out.module",
    "WasmEdge_ImportTypeContext **": "out.imports",
    "WasmEdge_ExportTypeContext **": "out.exports",
    "WasmEdge_FunctionTypeContext **": "out.types",
    "WasmEdge_String *": "out.names",
    "enum WasmEdge_ValType *": "out.val_types",
    "WasmEdge_Value * Params": "w.params",
    "WasmEdge_Value *": "out.values",
    "char * Path": "w.guest.path",
    "char * InPath": "w.guest.path",
    "char * OutPath": '"/nowhere/out.wasm"',
    "char * Buf": "out.text",
    "char * Str": '"text"',
    "char *const *": "words",
    "uint8_t * Buf": "w.guest.bytes",
    "uint8_t *": "out.bytes",
    "uint64_t *": "out.costs",
    "void *": "something",
    "enum WasmEdge_ValType * ParamList": "two_types",
    "enum WasmEdge_ValType * ReturnList": "two_types",
    "WasmEdge_HostFunc_t": "give_back",
    "WasmEdge_WrapFunc_t": "wrapper",
    "WasmEdge_String FuncName": 'NAME("add")',
    "WasmEdge_String": 'NAME("name")',
    "WasmEdge_Value": "WasmEdge_ValueGenI32(1)",
    "WasmEdge_Limit": "(WasmEdge_Limit){.HasMax = false, .Min = 1, .Max = 1}",
    "uint32_t BufLen": "w.guest.size",
    "uint32_t ParamLen": "2",
    "uint32_t Offset": "0",
    "uint32_t": "1",
    "uint64_t": "1",
    "bool": "true",
    "enum WasmEdge_HostRegistration": "WasmEdge_HostRegistration_Wasi",
    "enum WasmEdge_Proposal": "WasmEdge_Proposal_Threads",
    "enum WasmEdge_CompilerOptimizationLevel": "WasmEdge_CompilerOptimizationLevel_O1",
    "enum WasmEdge_CompilerOutputFormat": "WasmEdge_CompilerOutputFormat_Native",
}
"""A valid argument, by type and name or by type alone."""

CALL = {"ModuleName": 'NAME("host")', "FuncName": 'NAME("call")', "ParamLen": "1"}
ARGUMENTS_OF = {
    "ExecutorInvoke": {"ParamLen": "1"},
    "VMExecuteRegistered": CALL,
    "VMAsyncExecuteRegistered": CALL,
    "ModuleInstanceInitWASI": {"Cxt": "w.wasi"},
    "ModuleInstanceWASIGetExitCode": {"Cxt": "w.wasi"},
    "TableInstanceSetData": {"Data": "WasmEdge_ValueGenFuncRef(w.function)"},
    "StringCopy": {"Str": 'NAME("name")'},
    "StringCreateByBuffer": {"Buf": '"text"'},
    "StringWrap": {"Buf": '"text"'},
}
"""The same for parameters of functions that need something else."""

MADE = "r != NULL"
DONE = "r.Code == 0x00"
NO_PATH = "r.Code == 0x20"
EMPTY = "r.Code == 0x22"
NO_PARAMETERS = "r.Code == 0x83"


def ended(condition: str) -> str:
    """The same condition for what an asynchronous run ends with."""
    return condition.replace("r.Code", "ended(r)")


OPTIONAL = {
    "ValueGenFuncRef": {"Cxt": "WasmEdge_ValueIsNullRef(r) && r.Type == WasmEdge_ValType_FuncRef"},
    "ValueGenExternRef": {
        "Ref": "WasmEdge_ValueIsNullRef(r) && r.Type == WasmEdge_ValType_ExternRef"
    },
    "StringCreateByCString": {"Str": "r.Length == 0 && r.Buf == NULL"},
    "StringCreateByBuffer": {"Buf": "r.Length == 0 && r.Buf == NULL"},
    "StringWrap": {"Buf": "r.Length == 1 && r.Buf == NULL"},
    "StringCopy": {"Buf": "r == 0"},
    "StatisticsSetCostTable": {"CostArr": "true"},
    "ASTModuleListImports": {"Imports": "r == 1"},
    "ASTModuleListExports": {"Exports": "r > 1"},
    "FunctionTypeCreate": {"ParamList": "r == NULL", "ReturnList": "r == NULL"},
    "FunctionTypeGetParameters": {"List": "r == 1"},
    "FunctionTypeGetReturns": {"List": "r == 1"},
    "CompilerCreate": {"ConfCxt": MADE},
    "LoaderCreate": {"ConfCxt": MADE},
    "LoaderParseFromFile": {"Path": NO_PATH},
    "LoaderParseFromBuffer": {"Buf": EMPTY},
    "ValidatorCreate": {"ConfCxt": MADE},
    "ExecutorCreate": {"ConfCxt": MADE, "StatCxt": MADE},
    "ExecutorInvoke": {"Params": NO_PARAMETERS, "Returns": DONE},
    "StoreListModule": {"Names": "r == 1"},
    "ModuleInstanceCreateWASI": {"Args": MADE, "Envs": MADE, "Preopens": MADE},
    "ModuleInstanceInitWASI": {"Args": "true", "Envs": "true", "Preopens": "true"},
    "ModuleInstanceCreateWasmEdgeProcess": {"AllowedCmds": "true"},
    "ModuleInstanceInitWasmEdgeProcess": {"AllowedCmds": "true"},
    **{
        f"ModuleInstanceList{kind}": {"Names": "r == 1"}
        for kind in ("Function", "Table", "Memory", "Global")
    },
    "FunctionInstanceCreate": {"Data": MADE},
    "FunctionInstanceCreateBinding": {"Binding": MADE, "Data": MADE},
    "AsyncGet": {"Returns": DONE},
    "VMCreate": {"ConfCxt": MADE, "StoreCxt": MADE},
    "VMRegisterModuleFromFile": {"Path": NO_PATH},
    "VMRegisterModuleFromBuffer": {"Buf": EMPTY},
    "VMLoadWasmFromFile": {"Path": NO_PATH},
    "VMLoadWasmFromBuffer": {"Buf": EMPTY},
    "VMRunWasmFromFile": {"Path": NO_PATH, "Params": NO_PARAMETERS, "Returns": DONE},
    "VMRunWasmFromBuffer": {"Buf": EMPTY, "Params": NO_PARAMETERS, "Returns": DONE},
    "VMRunWasmFromASTModule": {"Params": NO_PARAMETERS, "Returns": DONE},
    "VMExecute": {"Params": NO_PARAMETERS, "Returns": DONE},
    "VMExecuteRegistered": {"Params": NO_PARAMETERS, "Returns": DONE},
    "VMAsyncRunWasmFromFile": {"Path": ended(NO_PATH), "Params": ended(NO_PARAMETERS)},
    "VMAsyncRunWasmFromBuffer": {"Buf": ended(EMPTY), "Params": ended(NO_PARAMETERS)},
    "VMAsyncRunWasmFromASTModule": {"Params": ended(NO_PARAMETERS)},
    "VMAsyncExecute": {"Params": ended(NO_PARAMETERS)},
    "VMAsyncExecuteRegistered": {"Params": ended(NO_PARAMETERS)},
    "VMGetFunctionList": {"Names": "r > 1", "FuncTypes": "r > 1"},
}
"""What holds after a call with NULL for a pointer that may be NULL."""


class Parameter(NamedTuple):
    """A parameter as the list of all functions has it."""

    type: str
    name: str

    @property
    def is_pointer(self) -> bool:
        return self.type.endswith("*") or self.type in CALLBACKS


class Case(NamedTuple):
    """A call with some arguments replaced, and a C condition on its result ``r``.

    Attributes:
        label: what to call it.
        arguments: expressions for the replaced ones, by name.
        condition: what must hold.
        nothing: whether nothing else may have changed.
    """

    label: str
    arguments: dict[str, str]
    condition: str
    nothing: bool


class Function:
    """A function of the API and the cases to try."""

    def __init__(self, row: dict[str, Any], nullable: frozenset[str]) -> None:
        self.name = row["name"].removeprefix("WasmEdge_")
        self.returns = row["returns"]
        self.parameters = [Parameter(p["type"], p["name"]) for p in row["params"]]
        self.pointers = [p.name for p in self.parameters if p.is_pointer]
        self.optional = [name for name in self.pointers if name in nullable]

    @property
    def nothing(self) -> str:
        """What holds when it did nothing."""
        pointer = "r == NULL" if self.returns.endswith("*") else ""
        return NOTHING_OF.get(self.name) or pointer or NOTHING[self.returns]

    def condition(self, name: str) -> tuple[str, bool]:
        """What holds when a pointer is NULL, and whether nothing else has happened."""
        if name in self.optional:
            return OPTIONAL[self.name][name], False
        return self.nothing, True

    def with_null(self) -> list[Case]:
        """Each pointer NULL, then all of them."""
        cases = [
            Case(f"{name} = NULL", {name: "NULL"}, *self.condition(name)) for name in self.pointers
        ]
        if len(self.pointers) > 1:
            needed = [name for name in self.pointers if name not in self.optional]
            if needed:
                condition = self.condition(needed[0])
            else:
                condition = (" && ".join(OPTIONAL[self.name].values()), False)
            nulls = dict.fromkeys(self.pointers, "NULL")
            cases.append(Case("all NULL", nulls, *condition))
        return cases

    def with_wrong_context(self, known: set[str]) -> list[Case]:
        """Each context of a kind in ``known`` replaced by one of another kind, and by none."""
        cases = []
        for type_, name in self.parameters:
            kind = re.sub(r"const |WasmEdge_| \*", "", type_)
            if kind in known:
                other = "w.loader" if kind != "LoaderContext" else "w.validator"
                for wrong in (other, "something"):
                    replaced = {name: f"(void *){wrong}"}
                    cases.append(Case(f"{name} = {wrong}", replaced, *self.condition(name)))
        return cases

    def argument(self, parameter: Parameter) -> str:
        """A valid argument."""
        special = ARGUMENTS_OF.get(self.name, {}).get(parameter.name)
        type_ = parameter.type.removeprefix("const ")
        return special or ARGUMENTS.get(f"{type_} {parameter.name}") or ARGUMENTS[type_]

    def code(self, case: Case) -> str:
        """The statements that try a case."""
        arguments = [case.arguments.get(p.name) or self.argument(p) for p in self.parameters]
        call = f"WasmEdge_{self.name}({', '.join(arguments)})"
        result = "" if self.returns == "void" else f"{self.returns} r = "
        label = json.dumps(f"{self.name}: {case.label}")
        lines = [f"say({label});", f"{result}{call};"]
        if case.condition != "true":
            lines.append(f"expect({case.condition}, {label}, {json.dumps(case.condition)});")
        elif result:
            lines.append("(void)r;")
        if case.nothing:
            lines.append(f"expect_nothing_done({label});")
        return "  {\n" + "".join([f"    {line}\n" for line in lines]) + "  }\n"


def functions() -> list[Function]:
    """All functions of the API."""
    rows = json.loads(testdata.require("capi/wasmedge-0.10.0-api.json").read_text())["functions"]
    nullable = {f.name: f.nullable for f in build_sources.public_functions()}
    return [Function(row, nullable[row["name"]]) for row in rows]


def try_all(blocks: list[str], folder: Path) -> None:
    """Compile the statements into a program and run it."""
    source = folder / "null.c"
    source.write_text(
        '#include "null_world.h"\n\nint main(int argc, char **argv) {\n'
        "  CHECK(argc == 2);\n  WasmEdge_LogSetErrorLevel();\n  make_world(argv[1]);\n"
        f"{''.join(blocks)}  return failures != 0;\n}}\n"
    )
    done = capi_host.run(capi_host.build(source), GUEST)
    complaints = [line for line in done.stderr.splitlines() if not line.startswith("[")]
    last = done.stdout.splitlines()[-1:]
    assert done.returncode == 0, "\n".join(
        [f"ended with {done.returncode} after {last}", *complaints]
    )
    assert done.stdout.count("\n") == len(blocks)


def test_every_function_is_there() -> None:
    assert len(functions()) == 208


def test_header_and_expectations_agree_on_optional_pointers() -> None:
    optional = {f.name: set(f.optional) for f in functions() if f.optional}
    assert optional == {name: set(known) for name, known in OPTIONAL.items()}


def test_null(tmp_path: Path) -> None:
    try_all([f.code(case) for f in functions() for case in f.with_null()], tmp_path)


def test_contexts_of_the_wrong_kind(tmp_path: Path) -> None:
    """Where the library can tell: in functions that Python implements."""
    from pywasmedge.capi import export

    known = {name.removeprefix("WasmEdge_") for name in export._kinds}
    python = {f.name.removeprefix("WasmEdge_") for f in build_sources.python_functions()}
    tried = [f for f in functions() if f.name in python]
    blocks = [f.code(case) for f in tried for case in f.with_wrong_context(known)]
    assert len(blocks) > 2 * len(known)
    try_all(blocks, tmp_path)


@pytest.mark.parametrize("part", ["calls", "workflow", "names", "lengths", "host"])
def test_misuse(part: str) -> None:
    done = capi_host.run(capi_host.build("null_misuse.c"), GUEST, part)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
