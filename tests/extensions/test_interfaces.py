"""Modules, functions and types of the extensions, compared with the published interfaces."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
import testdata
from extension import Extension, plugin_of, types_of

from pywasmedge import VM, FunctionType, Trap, ValType
from pywasmedge.plugins.shipped import SHIPPED

LIBRARIES = {"PIL", "numpy", "onnxruntime", "ai_edge_litert", "openvino", "cryptography", "ssl"}
"""What is imported when a function needs it."""


@pytest.fixture(scope="module")
def interfaces() -> dict[str, Any]:
    path = testdata.require("extensions/extensions-api.json")
    return json.loads(path.read_text())["modules"]  # type: ignore[no-any-return]


def modules() -> dict[str, Any]:
    """The host modules of all plugins that come with the package, by import name."""
    found = {}
    for plugin in SHIPPED:
        surroundings = plugin.surroundings()
        for module in plugin.modules:
            instance = plugin.create(module.name, surroundings)
            found[instance.name] = (plugin.name, module.name, types_of(instance))
    return found


def test_every_module_and_function(interfaces: dict[str, Any]) -> None:
    here = modules()
    here.pop("wasmedge_process")
    for name, (plugin, module, types) in here.items():
        published = interfaces[name]
        assert (plugin, module) == (published["plugin"], published["descriptor"]), name
        expected = {
            function: FunctionType(
                tuple(ValType[kind.upper()] for kind in declared["params"]),
                tuple(ValType[kind.upper()] for kind in declared["results"]),
            )
            for function, declared in published["functions"].items()
        }
        assert types == expected, name


def test_nothing_heavy_is_imported_at_start() -> None:
    """A VM with all modules, and a look at each of their functions, import no library."""
    code = (
        "import sys; from pywasmedge import VM, plugins; plugins.load_default(); vm = VM();"
        "names = [m.name for m in vm._plugin_modules];"
        "[vm.store.find(n).list_functions() for n in names];"
        f"print(len(names), sorted({LIBRARIES!r} & {{*sys.modules}}),"
        " sorted(n for n in sys.modules if n.startswith('pywasmedge.extensions')))"
    )
    environment = {**os.environ, "WASMEDGE_PLUGIN_PATH": "", "HOME": "/nonexistent"}
    start = code.replace("[vm.store.find(n).list_functions() for n in names];", "")
    done = [
        subprocess.run(
            [sys.executable, "-c", text], capture_output=True, text=True, env=environment
        )
        for text in (start, code)
    ]
    assert [each.returncode for each in done] == [0, 0], [each.stderr for each in done]
    assert done[0].stdout.split(" ", 1)[1] == "[] []\n"
    assert " [] [" in done[1].stdout


@pytest.mark.parametrize("plugin", [p.name for p in SHIPPED if p.name != "wasmedge_process"])
def test_a_guest_without_memory_traps_or_gets_a_number(plugin: str) -> None:
    for module in plugin_of(plugin).modules:
        instance = module.make(plugin_of(plugin).surroundings())
        guest = Extension(plugin, instance.name, pages=None)
        for name, type_ in types_of(instance).items():
            try:
                guest.call(name, *[0] * len(type_.params))
            except Trap as trap:
                assert "outside" in str(trap) or "bytes 0x0 to" in str(trap), name


def test_vms_without_plugins_do_not_have_them() -> None:
    assert VM().store.find("wasmedge_image") is None
