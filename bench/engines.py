"""What is compared: each engine turns a kernel into a Python function of ``n``."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from kernels import Kernel

MASK = (1 << 64) - 1


class UnavailableError(Exception):
    """An engine is not there; the text says how to get it."""


class Engine:
    """One side of a comparison."""

    name: ClassVar[str]

    def load(self, kernel: Kernel) -> Callable[[int], int]:
        """``kernel`` ready to run; its results are taken modulo 2^64."""
        raise NotImplementedError

    def describe(self) -> str:
        """Name and version."""
        raise NotImplementedError


class Gcc(Engine):
    """``gcc -O2`` into a shared object, called through cffi."""

    name = "gcc"

    def __init__(self) -> None:
        if not shutil.which("gcc"):
            raise UnavailableError("gcc is missing: sudo apt-get install gcc")
        import cffi

        self._directory = tempfile.TemporaryDirectory(prefix="bench-")
        self._ffi = cffi.FFI()
        self._ffi.cdef("uint64_t run(uint32_t n);")

    def load(self, kernel: Kernel) -> Callable[[int], int]:
        target = f"{self._directory.name}/{kernel.name}.so"
        subprocess.run(
            ["gcc", "-std=c11", "-O2", "-fPIC", "-shared", "-o", target, kernel.source, "-lm"],
            check=True,
        )
        run: Callable[[int], int] = self._ffi.dlopen(target).run
        return run

    def describe(self) -> str:
        line = subprocess.run(["gcc", "--version"], capture_output=True, text=True, check=True)
        return line.stdout.splitlines()[0] + " -O2"


class Pywasmedge(Engine):
    """This project; ``tier`` is a name of ``pywasmedge.Tier``."""

    name = "pywasmedge"

    def __init__(self, tier: str = "OPTIMISED") -> None:
        import pywasmedge

        self.tier = pywasmedge.Tier[tier]

    def configure(self) -> Any:
        """A configuration with every proposal and this tier."""
        from pywasmedge import Configure, Proposal

        conf = Configure(tier=self.tier)
        conf.add_proposal(Proposal.TAIL_CALL)
        return conf

    def load(self, kernel: Kernel) -> Callable[[int], int]:
        from pywasmedge import VM

        vm = VM(self.configure())
        vm.load_wasm_from_file(kernel.wasm)
        vm.validate()
        run: Callable[[int], int] = vm.instantiate().exports.run
        return run

    def describe(self) -> str:
        import llvmlite

        import pywasmedge

        return (
            f"pywasmedge {pywasmedge.__version__}, tier {self.tier.name.lower()}, "
            f"llvmlite {llvmlite.__version__}"
        )


class Wasmtime(Engine):
    """The ``wasmtime`` package from PyPI."""

    name = "wasmtime"

    def __init__(self) -> None:
        if importlib.util.find_spec("wasmtime") is None:
            raise UnavailableError(f"wasmtime is missing: {sys.executable} -m pip install wasmtime")
        import wasmtime

        config = wasmtime.Config()
        config.wasm_tail_call = True
        self.engine = wasmtime.Engine(config)

    def load(self, kernel: Kernel) -> Callable[[int], int]:
        import wasmtime

        store = wasmtime.Store(self.engine)
        module = wasmtime.Module.from_file(self.engine, str(kernel.wasm))
        function = wasmtime.Instance(store, module, []).exports(store)["run"]
        return lambda n: function(store, n)

    def describe(self) -> str:
        from importlib.metadata import version

        return f"wasmtime {version('wasmtime')}"


def available(tier: str) -> tuple[list[Engine], list[str]]:
    """The engines this machine has, and a line for each it has not; ``tier`` is ours."""
    engines: list[Engine] = []
    missing = []
    for make in (Gcc, lambda: Pywasmedge(tier), Wasmtime):
        try:
            engines.append(make())
        except UnavailableError as reason:
            missing.append(str(reason))
    return engines, missing
