"""Build of the native parts; everything else about the package is in pyproject.toml."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import sysconfig
from pathlib import Path

from setuptools import setup
from setuptools.command.build_ext import build_ext

from distutils.ccompiler import new_compiler  # isort: skip  # those of setuptools
from distutils.command.build_scripts import build_scripts  # isort: skip
from distutils.sysconfig import customize_compiler  # isort: skip

sys.path.insert(0, str(Path(__file__).parent / "src"))
from build_native import COMMANDS, LAUNCHER, LIBRARY, build_launcher, build_library

STENCILS = f"compiler/baseline/stencils-{platform.machine()}.bin"
TABLES = f"compiler/baseline/quick-{platform.machine()}.bin"


class BuildNative(build_ext):
    """Builds libwasmedge_c.so, the cffi module that is linked with it, and the stencils."""

    def run(self) -> None:
        self._root = Path("" if self.inplace or self.editable_mode else self.build_lib)
        super().run()  # in the tree, this copies the cffi module at the end
        self.build_stencils()

    def build_extensions(self) -> None:
        if os.environ.get("PYWASMEDGE_PORTABLE"):  # this machine's folders mean nothing on others
            words = self.compiler.linker_so
            self.compiler.linker_so = [word for word in words if not word.startswith("-Wl,-rpath")]
        package = self._root / "pywasmedge"
        library = build_library(self.compiler, package, Path(self.build_temp))
        for extension in self.extensions:
            extension.extra_objects = [*extension.extra_objects, str(library)]
        super().build_extensions()

    def build_stencils(self) -> None:
        """Have the package that was just built make stencils and tables for its own kernel.

        One that was built with sanitizers cannot be loaded into this interpreter.
        """
        if platform.machine() == "x86_64" and not os.environ.get("PYWASMEDGE_SANITIZE"):
            for file, maker in ((STENCILS, "build"), (TABLES, "tables")):
                target = (self._root / "pywasmedge" / file).resolve()
                command = [sys.executable, "-m", f"pywasmedge.compiler.baseline.{maker}", target]
                subprocess.run(command, check=True, cwd=self._root)

    def get_outputs(self) -> list[str]:
        made = [Path(self.build_lib, "pywasmedge", name) for name in (LIBRARY, STENCILS, TABLES)]
        return [*super().get_outputs(), *map(str, made)]


class BuildCommands(build_scripts):
    """Builds the commands, which are programs."""

    def run(self) -> None:
        compiler = new_compiler()
        customize_compiler(compiler)
        temporary = Path(self.get_finalized_command("build").build_temp)
        for command in COMMANDS:
            build_launcher(compiler, command, Path(self.build_dir), temporary)


# One wheel serves all versions from 3.10 on: what needs the interpreter's insides is not used.
has_stable_interface = not sysconfig.get_config_var("Py_GIL_DISABLED")
setup(
    cffi_modules=["src/build_native.py:builder"],
    scripts=[LAUNCHER],
    cmdclass={"build_ext": BuildNative, "build_scripts": BuildCommands},
    options={"bdist_wheel": {"py_limited_api": "cp310"}} if has_stable_interface else {},
)
