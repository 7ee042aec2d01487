"""Imports obey the layers of docs/ARCHITECTURE.md: a file imports from its own layer or lower.

The layers and their order are read from the table in that document. Imports inside functions
and under ``TYPE_CHECKING`` count like any other.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path, PurePath

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pywasmedge"
DOCUMENT = ROOT / "docs" / "ARCHITECTURE.md"

APART = frozenset({"wasi", "plugins", "cli", "capi"})
"""Parts that never import each other, whatever their layers."""

SOLE_IMPORTERS = {
    "llvmlite": {"compiler/codegen.py"},
    "pywasmedge._native": {"kernel/native.py"},
}
"""Modules that only these files import."""

UPWARD: dict[tuple[str, str], str] = {
    (
        "runtime/function.py",
        "pywasmedge.host.functions",
    ): "function instances are made from Python callables, when a host does so",
}
"""Allowed upward imports: (file, imported module) and the reason."""


def layers() -> dict[str, int]:
    """Name of each part and the number of its layer, lowest first."""
    section = DOCUMENT.read_text().partition("## Rooms")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?`) \|", section, re.MULTILINE)
    return {name: number for number, row in enumerate(rows) for name in re.findall(r"`(\w+)`", row)}


def part_of(module: str) -> str:
    """``pywasmedge.base.errors`` -> ``base``; the package itself is on top: ``""``."""
    return [*module.split("."), ""][1]


def imported(relative: PurePath, source: str) -> set[tuple[str, int]]:
    """Absolute names of the modules a file of the package imports, each with a line number."""
    package = ("pywasmedge", *relative.parent.parts)
    found = set()
    for node in ast.walk(ast.parse(source, str(relative))):
        if isinstance(node, ast.Import):
            found |= {(alias.name, node.lineno) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *([node.module] if node.module else [])))
            for alias in node.names:
                name = f"{module}.{alias.name}"
                found.add((name if is_module(name) else module, node.lineno))
    return found


def is_module(name: str) -> bool:
    """Whether a name of this package is a file or folder of its own, or the extension."""
    if name in SOLE_IMPORTERS:
        return True
    path = ROOT.joinpath(*name.split("."))
    return name.startswith("pywasmedge.") and (path.is_dir() or path.with_suffix(".py").is_file())


def violations(relative: PurePath, source: str) -> list[str]:
    """What is wrong with the imports of a file of the package."""
    order = layers()
    top = len(order)
    own = relative.parts[0].removesuffix(".py")
    if own in ("__init__", "__main__"):
        own_layer = top
    elif own in order:
        own_layer = order[own]
    else:
        return [f"{relative} is in no layer of docs/ARCHITECTURE.md"]
    wrong = []
    for module, line in sorted(imported(relative, source)):
        place = f"{relative}:{line} imports {module}"
        for name, importers in SOLE_IMPORTERS.items():
            if f"{module}.".startswith(f"{name}.") and str(relative) not in importers:
                wrong.append(f"{place}, which only {', '.join(sorted(importers))} may")
        if module.split(".")[0] != "pywasmedge" or (str(relative), module) in UPWARD:
            continue
        part = part_of(module)
        if module in SOLE_IMPORTERS:
            pass
        elif part and part not in order:
            wrong.append(f"{place}, which is in no layer")
        elif (order[part] if part else top) > own_layer:
            wrong.append(f"{place} from a higher layer")
        elif {own, part} <= APART and own != part:
            wrong.append(f"{place}; {own} and {part} must not know each other")
    return wrong


FILES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("relative", FILES, ids=str)
def test_imports(relative: Path) -> None:
    wrong = violations(relative, (PACKAGE / relative).read_text())
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("file", "source", "complaint"),
    [
        ("base/types.py", "from ..module import ast", "higher layer"),
        ("base/types.py", "def f():\n    from ..module.ast import Module", "higher layer"),
        ("base/types.py", "import pywasmedge.walk.stack", "higher layer"),
        ("walk/stack.py", "from pywasmedge import vm", "higher layer"),
        ("walk/stack.py", "from .. import compiler", "higher layer"),
        ("cli/tool.py", "from ..wasi import abi", "must not know"),
        ("compiler/unit.py", "import llvmlite.binding", "only compiler/codegen.py"),
        ("runtime/store.py", "from .._native import lib", "kernel/native.py may"),
        ("extra/new.py", "import os", "no layer"),
        ("walk/stack.py", "from ..base.types import ValType", None),
        ("compiler/codegen.py", "import llvmlite.binding", None),
        ("cli/tool.py", "from ..base import errors", None),
    ],
)
def test_the_rules_bite(file: str, source: str, complaint: str | None) -> None:
    found = violations(PurePath(file), source)
    assert bool(found) == bool(complaint)
    assert all(complaint in text for text in found if complaint)


def test_every_layer_is_found() -> None:
    order = layers()
    assert order["base"] == 0
    assert order["base"] < order["isa"] < order["module"] < order["walk"]
    assert order["walk"] < order["compiler"] < order["code"] < order["prepare"] < order["runtime"]
    assert order["runtime"] < order["host"] < order["wasi"] < order["cli"]


def test_what_start_up_does_without() -> None:
    """Modules that are slow to import and that the C API needs not, unless Python itself does."""
    slow = "{'typing', 'dataclasses', 'inspect', 'llvmlite', 'ctypes'}"
    code = "import sys; before = {*sys.modules}; import pywasmedge.capi; "
    code += f"print({slow} & {{*sys.modules}} - before)"
    command = [sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "set()\n"


def test_allowed_upward_imports_exist() -> None:
    """An exception that nothing needs any more is removed."""
    for file, module in UPWARD:
        source = (PACKAGE / file).read_text()
        assert module in {name for name, _ in imported(PurePath(file), source)}, (file, module)
