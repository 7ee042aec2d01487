"""Plugins in shared libraries, and hosts that load them."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from capi_host import INCLUDE, WARNINGS, compiler
from testdata import IMPORTS, TESTS

from pywasmedge import FunctionType, ValType
from pywasmedge.plugins.shipped import SHIPPED

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = TESTS / "plugins"
SHIPPED_NAMES = [plugin.name for plugin in SHIPPED]
"""The plugins that come with the package; ``wasmedge_process`` is the first."""
COUNT = str(1 + len(SHIPPED_NAMES))
"""How many plugins there are with one more."""
EXTENSION_MODULES = sorted(
    plugin.create(module.name).name for plugin in SHIPPED[1:] for module in plugin.modules
)
"""What guests find of them in every VM but the module wasmedge_process."""
I32 = ValType.I32
TYPES = {"describe": FunctionType((I32, I32), (I32,)), "count": FunctionType((), (I32,))}


def library(source: Path | str, target: Path, *flags: str) -> Path:
    """Build a plugin as its author does: not linked with anything."""
    cxx = str(source).endswith(".cpp")
    command = [compiler("c++" if cxx else "c"), *WARNINGS, "-shared", "-fPIC", f"-I{INCLUDE}"]
    done = subprocess.run(
        [*command, str(SOURCES / source), *flags, "-o", str(target)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return target


def environment(home: Path, path: object = "") -> dict[str, str]:
    """One in which only these plugins are found."""
    return {**os.environ, "HOME": str(home), "WASMEDGE_PLUGIN_PATH": str(path)}


def python(code: str, home: Path, path: object = "", **more: str) -> str:
    """What a Python program prints, which has to succeed; its errors come first."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment(home, path), "PYTHONPATH": IMPORTS, **more},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr + done.stdout


def command(*words: object, home: Path, path: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pywasmedge", *map(str, words)],
        env=environment(home, path),
        capture_output=True,
        text=True,
    )


def plugin_folder(folder: Path, sources: Path) -> None:
    """Make one plugin in C, one in C++ and one in Python."""
    library("probe.c", folder / "first.so")
    (sources / "cxx.cpp").write_text(
        "#include <wasmedge/plugin.h>\n#include <string>\nnamespace {\n"
        'const std::string name = "cxx_module";\n'
        "WasmEdge_ModuleInstanceContext *create(const WasmEdge_ModuleDescriptor *) {\n"
        "  return WasmEdge_ModuleInstanceCreate(\n"
        "      WasmEdge_StringWrap(name.data(), static_cast<uint32_t>(name.size())));\n}\n"
        'WasmEdge_ModuleDescriptor modules[] = {{"cxx_module", "", create}};\n'
        'const WasmEdge_PluginDescriptor plugin = {"cxx", "", 1, {1, 0, 0, 0}, 1, 0, modules,'
        " nullptr};\n}\n"
        "const WasmEdge_PluginDescriptor *WasmEdge_Plugin_GetDescriptor() { return &plugin; }\n"
    )
    library(sources / "cxx.cpp", folder / "second.so")
    (folder / "third.py").write_text(
        "from pywasmedge import HostModule\nhost = HostModule('python_module')\n"
    )
