"""LLVM's C interface, as far as it is needed, straight from the shared library llvmlite brings.

llvmlite's own Python layer is passed over for two reasons: it takes five times as long to import
as the library takes to load, and it holds one lock around every call, so that optimising in the
background would stop everything else. LLVM itself only asks that no two threads use the same
context or target machine.
"""

from __future__ import annotations

from ctypes import (
    CDLL,
    CFUNCTYPE,
    POINTER,
    byref,
    c_bool,
    c_char_p,
    c_int,
    c_size_t,
    c_uint,
    c_void_p,
    cast,
    string_at,
)
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from .dump import Stages

_WORDS = 10
"""Arguments of ``we_llvm_call`` for the function it calls."""
_ASSEMBLY, _OBJECT = 0, 1
"""What to emit."""
_TEXT = POINTER(c_char_p)
_POINTER = c_void_p

_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "InitializeNativeTarget": (None, []),
    "InitializeNativeAsmPrinter": (None, []),
    "GetProcessTriple": (None, [_TEXT]),
    "GetHostCPUName": (None, [_TEXT]),
    "GetHostCPUFeatures": (c_int, [_TEXT]),
    "GetVersionInfo": (c_uint, []),
    "GetTargetFromTriple": (_POINTER, [c_char_p, _TEXT]),
    "CreateTargetMachine": (
        _POINTER,
        [_POINTER, *[c_char_p] * 3, c_int, c_char_p, c_char_p, c_int, c_int, c_char_p],
    ),
    "CreateTargetMachineData": (_POINTER, [_POINTER]),
    "CopyStringRepOfTargetData": (None, [_POINTER, _TEXT]),
    "DisposeTargetData": (None, [_POINTER]),
    "ContextCreate": (_POINTER, []),
    "ContextDispose": (None, [_POINTER]),
    "ParseAssembly": (_POINTER, [_POINTER, c_char_p, _TEXT]),
    "VerifyModule": (c_bool, [_POINTER, _TEXT]),
    "PrintModuleToString": (None, [_POINTER, _TEXT]),
    "DisposeModule": (None, [_POINTER]),
    "CreatePipelineTuningOptions": (_POINTER, []),
    "PTOSetLoopInterleaving": (None, [_POINTER, c_bool]),
    "PTOSetLoopVectorization": (None, [_POINTER, c_bool]),
    "PTOSetLoopUnrolling": (None, [_POINTER, c_bool]),
    "DisposePipelineTuningOptions": (None, [_POINTER]),
    "CreatePassBuilder": (_POINTER, [_POINTER, _POINTER]),
    "DisposePassBuilder": (None, [_POINTER]),
    "buildPerModuleDefaultPipeline": (_POINTER, [_POINTER, c_int]),
    "RunNewModulePassManager": (None, [_POINTER, _POINTER, _POINTER]),
    "DisposeNewModulePassManger": (None, [_POINTER]),
    "TargetMachineEmitToMemory": (_POINTER, [_POINTER, _POINTER, c_int, _TEXT]),
    "GetBufferStart": (_POINTER, [_POINTER]),
    "GetBufferSize": (c_size_t, [_POINTER]),
    "DisposeMemoryBuffer": (None, [_POINTER]),
    "DisposeString": (None, [c_void_p]),
}


class LLVM:
    """The library, initialised for this machine's processor.

    Attributes:
        triple: what code is generated for.
        cpu, features: the processor and what it can do.
        version: of LLVM.
    """

    def __init__(self, path: str, through: int) -> None:
        """Load the shared library at ``path``.

        Args:
            path: where it is.
            through: address of ``we_llvm_call``, which makes all calls.

        Raises:
            OSError: it cannot be loaded.
            AttributeError: it lacks a function.
        """
        library = CDLL(path)
        self._functions: dict[str, Any] = {}
        for name, (result, arguments) in _SIGNATURES.items():
            target = cast(library["LLVMPY_" + name], c_void_p)
            unused = [0] * (_WORDS - len(arguments))
            prototype = CFUNCTYPE(result, c_void_p, *arguments, *[c_size_t] * len(unused))
            self._functions[name] = (prototype(through), target, unused)
        self._call("InitializeNativeTarget")
        self._call("InitializeNativeAsmPrinter")
        self.triple = self._text("GetProcessTriple")
        self.cpu = self._text("GetHostCPUName")
        self.features = self._text("GetHostCPUFeatures")
        release = self._call("GetVersionInfo")
        self.version = f"{release >> 16}.{release >> 8 & 0xFF}.{release & 0xFF}"

    def _call(self, name: str, *args: Any) -> Any:
        call, target, unused = self._functions[name]
        return call(target, *args, *unused)

    def _text(self, name: str, *args: Any) -> str:
        """The text a function returns through its last parameter."""
        text = c_char_p()
        self._call(name, *args, byref(text))
        return self._take(text)

    def _take(self, text: c_char_p) -> str:
        value = text.value
        if value is None:
            return ""
        self._call("DisposeString", text)
        return value.decode(errors="replace")

    def machine(
        self,
        optimise: int,
        *,
        cpu: str | None = None,
        features: str | None = None,
        relocation: str = "pic",
    ) -> Machine:
        """A new target machine whose code generator works at level 0 to 3.

        Args:
            optimise: the level.
            cpu: processor to generate code for, this one if ``None``.
            features: what it can do besides, what this one can do if ``None``.
            relocation: relocation model.
        """
        cpu = self.cpu if cpu is None else cpu
        features = self.features if features is None else features
        error = c_char_p()
        target = self._call("GetTargetFromTriple", self.triple.encode(), byref(error))
        if not target:
            raise RuntimeError(f"LLVM has no target {self.triple}: {self._take(error)}")
        names = [self.triple.encode(), cpu.encode(), features.encode()]
        handle = self._call(
            "CreateTargetMachine",
            target,
            *names,
            optimise,
            relocation.encode(),
            b"small",
            0,
            0,
            b"",
        )
        if not handle:
            raise RuntimeError(f"LLVM cannot make a target machine for {self.triple} {self.cpu}")
        return Machine(self, handle)


def _nothing() -> None:
    pass


class Machine:
    """A target machine; to be used by one thread at a time."""

    def __init__(self, llvm: LLVM, handle: int) -> None:
        self._llvm = llvm
        self._call = llvm._call
        self._handle = handle
        data = self._call("CreateTargetMachineData", handle)
        layout = llvm._text("CopyStringRepOfTargetData", data)
        self._call("DisposeTargetData", data)
        self._header = f'target datalayout = "{layout}"\ntarget triple = "{llvm.triple}"\n'

    def compile(
        self,
        text: str,
        passes: int | None,
        stages: Stages | None = None,
        step: Callable[[], None] = _nothing,
    ) -> bytes:
        """Object file of a module in LLVM's text form.

        Args:
            text: the module, without target lines.
            passes: 1 to 3: run the pipeline of that level first; ``None``: no passes.
            stages: files to write on the way.
            step: called between LLVM's steps; what it raises ends the work.

        Raises:
            RuntimeError: LLVM rejects the text.
            OSError: a file cannot be written.
        """
        context = self._call("ContextCreate")
        try:
            module = self._parse(context, text)
            try:
                if passes is not None:
                    step()
                    self._run_passes(module, passes)
                step()
                if stages is not None:
                    self._show(context, module, text, stages)
                return self._emit(module, _OBJECT)
            finally:
                self._call("DisposeModule", module)
        finally:
            self._call("ContextDispose", context)

    def _show(self, context: int, module: int, text: str, stages: Stages) -> None:
        stages.write(stages.written, text)
        optimised = self._llvm._text("PrintModuleToString", module)
        stages.write(stages.optimised, optimised)
        if stages.assembly is not None:
            copy = self._parse(context, optimised)  # code generation changes a module
            try:
                stages.write(stages.assembly, self._emit(copy, _ASSEMBLY).decode())
            finally:
                self._call("DisposeModule", copy)

    def verify(self, text: str) -> None:
        """Parse and verify a module; raises RuntimeError if LLVM rejects it."""
        context = self._call("ContextCreate")
        try:
            self._call("DisposeModule", self._parse(context, text))
        finally:
            self._call("ContextDispose", context)

    def _parse(self, context: int, text: str) -> int:
        error = c_char_p()
        source = (self._header + text).encode()
        module: int | None = self._call("ParseAssembly", context, source, byref(error))
        if not module:
            raise RuntimeError(self._llvm._take(error))
        invalid = self._call("VerifyModule", module, byref(error))
        message = self._llvm._take(error)
        if invalid:
            self._call("DisposeModule", module)
            raise RuntimeError(message)
        return module

    def _run_passes(self, module: int, level: int) -> None:
        options = self._call("CreatePipelineTuningOptions")
        # Not SLPVectorization: it packs scalars into shuffles that cost more than they save.
        for name in ("LoopInterleaving", "LoopVectorization", "LoopUnrolling"):
            self._call("PTOSet" + name, options, True)
        builder = self._call("CreatePassBuilder", self._handle, options)
        manager = self._call("buildPerModuleDefaultPipeline", builder, level)
        self._call("RunNewModulePassManager", manager, module, builder)
        self._call("DisposeNewModulePassManger", manager)
        self._call("DisposePassBuilder", builder)
        self._call("DisposePipelineTuningOptions", options)

    def _emit(self, module: int, kind: int) -> bytes:
        error = c_char_p()
        buffer = self._call("TargetMachineEmitToMemory", self._handle, module, kind, byref(error))
        if not buffer:
            raise RuntimeError(self._llvm._take(error))
        try:
            start = self._call("GetBufferStart", buffer)
            if not start:
                raise RuntimeError("the process ends")
            return string_at(start, self._call("GetBufferSize", buffer))
        finally:
            self._call("DisposeMemoryBuffer", buffer)
