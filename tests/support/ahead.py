"""Compiled modules for the tests of the ahead-of-time compiler."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import wat_modules
from wasmbuild import body, wasm

from pywasmedge import VM, Compiler, Configure, OptimizationLevel, OutputFormat

if TYPE_CHECKING:
    from pywasmedge import Module

GUESTS = Path(__file__).parents[1] / "guests"
SUFFIX = {OutputFormat.NATIVE: ".so", OutputFormat.WASM: ".wasm"}
FORMATS = list(OutputFormat)

SMALL = wasm(
    types=["i32 -> i32"],
    funcs=[0, 0],
    exports=[("double", "func", 0), ("twice", "func", 1)],
    code=[
        body("local.get 0 local.get 0 i32.add"),
        body("local.get 0 call 0 call 0"),
    ],
)


def configure(format_: OutputFormat, **options: Any) -> Configure:
    """A configuration for quick compilation to a format."""
    made = Configure()
    made.output_format = format_
    made.optimization_level = OptimizationLevel.O0
    for name, value in options.items():
        setattr(made, name, value)
    return made


@cache
def small(format_: OutputFormat) -> bytes:
    """``SMALL``, compiled."""
    return Compiler(configure(format_)).compile_bytes(SMALL)


def compiled(source: Path, folder: Path, format_: OutputFormat, **options: Any) -> Path:
    """A file, compiled to a folder."""
    output = folder / (source.stem + SUFFIX[format_])
    Compiler(configure(format_, **options)).compile(source, output)
    return output


def api(folder: Path, format_: OutputFormat, **options: Any) -> VM:
    """A VM in which ``api.wat``, compiled, is the active module."""
    vm = VM(Configure(**options))
    vm.register_module(wat_modules.env())
    vm.load_wasm(compiled(wat_modules.path("api"), folder, format_, **options))
    vm.validate()
    vm.instantiate()
    return vm


def uses_its_code(module: Module) -> bool:
    """Whether everything a module was instantiated with was compiled ahead of time."""
    codes = list(module._code.values())
    assert codes
    return all(all(map(c.has_code, range(len(module.ast.funcs)))) for c in codes)


def python(source: str, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program in Python."""
    command = [sys.executable, "-c", source, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


def wasmedgec(*words: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return python("from pywasmedge.cli.wasmedgec import main; main()", *words, **options)
