"""The C library with every module compiled to a shared library first, which the VM then loads."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from capi_lib import NULL, lib, string

from pywasmedge.base.config import OptimizationLevel, OutputFormat
from pywasmedge.base.errors import LoadError, ValidationError

from .capi import OneVM, link_error, require

if TYPE_CHECKING:
    from .suites import Script


class CompiledVM(OneVM):
    """One VM and a compiler. What is malformed or invalid is so for the compiler."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        lib.WasmEdge_ConfigureCompilerSetOptimizationLevel(self.configure, OptimizationLevel.O0)
        lib.WasmEdge_ConfigureCompilerSetOutputFormat(self.configure, OutputFormat.NATIVE)
        self.compiler = lib.WasmEdge_CompilerCreate(self.configure)
        assert self.compiler != NULL
        self.folder = tempfile.TemporaryDirectory()
        self.invalid: ValidationError | None = None

    def _compile(self, binary: bytes) -> bytes:
        source, output = (str(Path(self.folder.name, f"module.{end}")) for end in ("wasm", "so"))
        Path(source).write_bytes(binary)
        Path(output).unlink(missing_ok=True)
        result = lib.WasmEdge_CompilerCompile(self.compiler, source.encode(), output.encode())
        require(result, link_error)
        return output.encode()

    def load(self, binary: bytes) -> None:
        """Compile, and load unless it is invalid."""
        self.invalid = None
        try:
            path = self._compile(binary)
        except ValidationError as error:
            self.invalid = error
        else:
            require(lib.WasmEdge_VMLoadWasmFromFile(self.vm, path), LoadError)

    def validate(self, module: None) -> None:
        """Validate the loaded module, or say what the compiler said."""
        if self.invalid is not None:
            raise self.invalid
        super().validate(module)

    def instantiate(self, binary: bytes, name: str) -> str:
        """A module with a name is registered."""
        if not name:
            return super().instantiate(binary, name)
        path = self._compile(binary)
        require(lib.WasmEdge_VMRegisterModuleFromFile(self.vm, string(name), path), link_error)
        return name

    def close(self) -> None:
        """See :class:`CBackend`."""
        self.folder.cleanup()
        lib.WasmEdge_CompilerDelete(self.compiler)
        super().close()
