"""Build of the native parts; everything else about the package is in pyproject.toml."""

from __future__ import annotations

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_ext import build_ext

sys.path.insert(0, str(Path(__file__).parent / "src"))
from build_native import LIBRARY, build_library


class BuildNative(build_ext):
    """Builds libwasmedge_c.so, then the cffi module that is linked with it."""

    def run(self) -> None:
        self._root = Path("" if self.inplace or self.editable_mode else self.build_lib)
        super().run()

    def build_extensions(self) -> None:
        package = self._root / "pywasmedge"
        library = build_library(self.compiler, package, Path(self.build_temp))
        for extension in self.extensions:
            extension.extra_objects = [*extension.extra_objects, str(library)]
        super().build_extensions()

    def get_outputs(self) -> list[str]:
        return [*super().get_outputs(), str(Path(self.build_lib, "pywasmedge", LIBRARY))]


setup(cffi_modules=["src/build_native.py:builder"], cmdclass={"build_ext": BuildNative})
