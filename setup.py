"""Build of the native parts; everything else about the package is in pyproject.toml."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_ext import build_ext

sys.path.insert(0, str(Path(__file__).parent / "src"))
from build_native import LIBRARY, build_library

STENCILS = f"compiler/baseline/stencils-{platform.machine()}.bin"


class BuildNative(build_ext):
    """Builds libwasmedge_c.so, the cffi module that is linked with it, and the stencils."""

    def run(self) -> None:
        self._root = Path("" if self.inplace or self.editable_mode else self.build_lib)
        super().run()  # in the tree, this copies the cffi module at the end
        self.build_stencils()

    def build_extensions(self) -> None:
        package = self._root / "pywasmedge"
        library = build_library(self.compiler, package, Path(self.build_temp))
        for extension in self.extensions:
            extension.extra_objects = [*extension.extra_objects, str(library)]
        super().build_extensions()

    def build_stencils(self) -> None:
        """Have the package that was just built make the stencils for its own kernel.

        One that was built with sanitizers cannot be loaded into this interpreter.
        """
        if platform.machine() == "x86_64" and not os.environ.get("PYWASMEDGE_SANITIZE"):
            target = (self._root / "pywasmedge" / STENCILS).resolve()
            command = [sys.executable, "-m", "pywasmedge.compiler.baseline.build", target]
            subprocess.run(command, check=True, cwd=self._root)

    def get_outputs(self) -> list[str]:
        made = [Path(self.build_lib, "pywasmedge", name) for name in (LIBRARY, STENCILS)]
        return [*super().get_outputs(), *map(str, made)]


setup(cffi_modules=["src/build_native.py:builder"], cmdclass={"build_ext": BuildNative})
