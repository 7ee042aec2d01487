"""The runtime, every module compiled ahead of time: a library or universal wasm, in turn."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pywasmedge.base.config import OptimizationLevel, OutputFormat
from pywasmedge.base.errors import ValidationError
from pywasmedge.prepare.ahead import Compiler
from pywasmedge.wast.engine import Engine

if TYPE_CHECKING:
    from pywasmedge.base.config import Configure
    from pywasmedge.prepare.module import Module
    from pywasmedge.wast.engine import Instance


class Ahead(Engine):
    """The steps of :class:`Engine` on what the compiler makes of each module."""

    def __init__(
        self, configuration: Configure, level: OptimizationLevel = OptimizationLevel.O0
    ) -> None:
        super().__init__(configuration)
        configuration = configuration.copy()
        configuration.optimization_level = level
        self.compilers = []
        for format_ in OutputFormat:
            configuration.output_format = format_
            self.compilers.append((format_, Compiler(configuration)))
        self.compiled = 0

    def load(self, binary: bytes) -> Module:
        """Compile a binary and load the result; an invalid one is only decoded."""
        format_, compiler = self.compilers[self.compiled % len(self.compilers)]
        try:
            made = compiler.compile_bytes(binary)
        except ValidationError:
            return self.loader.parse_bytes(binary)
        self.compiled += 1
        if format_ == OutputFormat.WASM:
            return self.loader.parse_bytes(made)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "module.so")
            path.write_bytes(made)
            return self.loader.parse_file(path)

    def link(self, module: Module) -> Instance:
        """Instantiate; every function has code before it is called."""
        instance = super().link(module)
        assert module._precompiled is not None
        for compiled in module._code.values():
            assert all(map(compiled.has_code, range(len(module.ast.funcs))))
        return instance
