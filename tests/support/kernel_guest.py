"""Guests written in LLVM text, for tests of the kernel that must not depend on the compiler."""

from __future__ import annotations

import struct

from pywasmedge.base.config import Configure, Tier
from pywasmedge.base.types import FunctionType, ValType
from pywasmedge.code.compiled import CompiledModule
from pywasmedge.code.types import type_id
from pywasmedge.compiler import layout
from pywasmedge.compiler.abi import FUNCTION_ATTRIBUTES
from pywasmedge.compiler.codegen import Level, compile_ir
from pywasmedge.compiler.emitter import FIRST_TRAP
from pywasmedge.compiler.link import link
from pywasmedge.kernel.native import address, ffi, lib
from pywasmedge.module.ast import Module
from pywasmedge.runtime import call as _call  # noqa: F401  (it runs Python host functions)

I32, I64, F32, F64, V128 = (
    ValType.I32,
    ValType.I64,
    ValType.F32,
    ValType.F64,
    ValType.V128,
)
EXTERNREF = ValType.EXTERNREF

ATTRIBUTES = f"attributes #0 = {{ {FUNCTION_ATTRIBUTES} }}\n"


def field(name: str, to: str, base: str = "%ctx") -> str:
    """LLVM text: load the pointer field ``name`` of the instance into ``to``."""
    return (
        f"  {to}.p = getelementptr i8, ptr {base}, i64 {layout.INSTANCE[name]}\n"
        f"  {to} = load ptr, ptr {to}.p\n"
    )


def helper(name: str, to: str) -> str:
    """LLVM text: load the address of a runtime helper into ``to``."""
    return (
        field("runtime", f"{to}.rt") + f"  {to}.h = getelementptr i8, ptr {to}.rt, "
        f"i64 {layout.RUNTIME[name]}\n  {to} = load ptr, ptr {to}.h\n"
    )


def explicit_trap(value: str) -> str:
    """LLVM text: end with the trap whose code, 0x80 to 0x8F, is the i32 ``value``."""
    codes = range(16)
    cases = " ".join(f"i32 {FIRST_TRAP + n}, label %trap{n}" for n in codes)
    blocks = "".join(
        f"trap{n}:\n  call void @llvm.ubsantrap(i8 {n})\n  unreachable\n" for n in codes
    )
    return f"  switch i32 {value}, label %trap0 [ {cases} ]\n{blocks}"


def call_import(index: int, signature: str, args: str, result: str = "%r") -> str:
    """LLVM text: call imported function ``index``; ``signature`` is its return type."""
    base = layout.IMPORT_SIZE * index
    return (
        field("imports", "%imports")
        + f"  %func.p = getelementptr i8, ptr %imports, i64 {base + layout.IMPORT['func']}\n"
        + "  %func = load ptr, ptr %func.p\n"
        + f"  %ctx2.p = getelementptr i8, ptr %imports, i64 {base + layout.IMPORT['ctx']}\n"
        + "  %ctx2 = load ptr, ptr %ctx2.p\n"
        + "  %native = load ptr, ptr %func\n"
        + f"  {result} = call tailcc {signature} %native(ptr %ctx2{args})\n"
    )


class Guest:
    """An instance of a module whose functions are given as LLVM text."""

    def __init__(
        self,
        functions: dict[FunctionType, str] | list[tuple[FunctionType, str]],
        *,
        imports: list[object] | None = None,
        memory: tuple[int, int] | None = None,
        guard: bool = True,
        shared: bool = False,
        lazy: bool | None = False,
        tier: Tier = Tier.QUICK,
        elements: int = 0,
        datas: int = 0,
        data: bytes = b"",
    ) -> None:
        imports = imports or []
        listed = list(functions.items()) if isinstance(functions, dict) else functions
        types = tuple(dict.fromkeys([t for t, _ in listed] + [FunctionType()]))
        indices = tuple(types.index(t) for t, _ in listed)
        texts = [text for _, text in listed]
        self.compiled_units: list[tuple[tuple[int, ...], Level]] = []

        def compile_unit(wanted, level, *_):
            self.compiled_units.append((tuple(wanted), level))
            text = "\n".join(texts[i] for i in wanted) + "\n" + ATTRIBUTES
            return link(compile_ir(text, level, "test"))

        module = Module(
            data,
            types=types,
            funcs=indices,
            func_types=tuple(0 for _ in imports) + indices,
            imported_funcs=len(imports),
            bodies=tuple((0, len(t)) for t in texts),
        )
        configure = Configure(tier=tier, lazy=lazy)
        self.compiled = CompiledModule(module, configure, compile_unit=compile_unit)
        self.types = [t for t, _ in listed]
        self.c = ffi.gc(
            lib.we_instance_new(self.compiled.handle, 1 if memory else 0, 0, 0, 0, elements, datas),
            lib.we_instance_free,
        )
        self.imports = imports
        for i, func in enumerate(imports):
            lib.we_instance_import(self.c, i, func)
        self.memory = None
        if memory:
            made = lib.we_memory_new(memory[0], True, memory[1], shared, 65536, guard)
            assert made
            self.memory = ffi.gc(made, lib.we_memory_free)
            lib.we_instance_set_memory(self.c, 0, made)

    def func(self, index: int = 0):
        """The ``we_func`` of defined function ``index``."""
        return lib.we_instance_func(self.c, len(self.imports) + index)

    def call(self, *args: int, index: int = 0) -> int:
        """Call with integer arguments; the first result, or minus the trap code."""
        func = self.func(index)
        frame = ffi.new("uint64_t[]", max(func.frame_slots, len(args)))
        for i, arg in enumerate(args):
            frame[i] = arg & 0xFFFF_FFFF_FFFF_FFFF
        code = lib.we_call(func, frame)
        if code:
            return -code
        mask = 0xFFFF_FFFF if self.types[index].results[:1] == (I32,) else 0xFFFF_FFFF_FFFF_FFFF
        return int(frame[0]) & mask


class HostFunctions:
    """Python functions as ``we_func``: each gets (caller, frame) and returns a code."""

    def __init__(self) -> None:
        self.keep: list[object] = []

    def add(self, type_: FunctionType, function):
        """A ``we_func`` that runs ``function``."""
        handle = ffi.new_handle(function)
        func = ffi.gc(lib.we_func_new_python(type_id(type_), handle), lib.we_func_free)
        self.keep += [handle, func]
        return func


__all__ = [
    "EXTERNREF",
    "F32",
    "F64",
    "I32",
    "I64",
    "V128",
    "Guest",
    "HostFunctions",
    "address",
    "call_import",
    "explicit_trap",
    "ffi",
    "field",
    "helper",
    "lib",
    "struct",
]
