"""The C examples and the upgrade guide: they compile, and the programs print what they should."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import capi_host
import pytest
from capi_host import INCLUDE, LIBRARY, ROOT

EXAMPLES = ROOT / "c_examples"
GUIDE = ROOT / "docs" / "UPGRADE.md"
NAMES = sorted(path.stem for path in (EXAMPLES / "expected").glob("*.txt"))


def tool(name: str) -> str:
    """Path of a program; skips the test if there is none."""
    return shutil.which(name) or pytest.skip(f"needs {name}")


def make(folder: Path, *arguments: str) -> None:
    """Builds in a copy of the examples, with the library of this tree."""
    libraries = f"-L{LIBRARY.parent} -Wl,-rpath,{LIBRARY.parent} -lwasmedge_c"
    variables = (f"WASMEDGE_CFLAGS=-I{INCLUDE}", f"WASMEDGE_LIBS={libraries}")
    command = [tool("make"), *variables, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the examples, built as C."""
    copy = tmp_path_factory.mktemp("examples") / "c_examples"
    shutil.copytree(EXAMPLES, copy, ignore=shutil.ignore_patterns("build"))
    compiler = capi_host.compiler()
    make(copy, " ".join([f"CC={compiler}", *capi_host.filling(compiler)]))
    return copy


@pytest.fixture(scope="module")
def cxx_folder(folder: Path) -> Path:
    """The same, built as C++ as well."""
    make(folder, "cxx", f"CXX={capi_host.compiler('c++')}")
    return folder


def output(folder: Path, name: str, environment: dict[str, str] | None) -> str:
    """What a program of ``build/`` prints; it has to succeed."""
    done = capi_host.run(folder / "build" / name, env=environment, cwd=folder)
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def expected(name: str) -> str:
    return (EXAMPLES / "expected" / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_c_program(folder: Path, name: str) -> None:
    """Without any environment variable: the library finds its interpreter by itself."""
    assert output(folder, name, {}) == expected(name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.long
def test_cxx_program(cxx_folder: Path, name: str) -> None:
    assert output(cxx_folder, f"{name}-cxx", None) == expected(name)


def test_a_failing_check_ends_the_program(folder: Path) -> None:
    """Away from its module a program fails: the checks of the examples are not idle."""
    done = capi_host.run(folder / "build" / "step_by_step", cwd=folder / "build")
    assert done.returncode == 1
    assert "invalid path" in done.stderr


def test_away_from_the_source_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There make asks the installed command where headers and library are."""
    copy = tmp_path / "c_examples"
    shutil.copytree(EXAMPLES, copy, ignore=shutil.ignore_patterns("build"))
    command = tmp_path / "pywasmedge-config"
    code = "import sys; from pywasmedge.cli.config import main; sys.exit(main())"
    command.write_text(
        f"#!/bin/sh\nPYTHONPATH='{ROOT}' exec '{sys.executable}' -c '{code}' \"$@\"\n"
    )
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    subprocess.run(
        [tool("make"), f"CC={capi_host.compiler()}", "build/quick_start"], cwd=copy, check=True
    )
    assert output(copy, "quick_start", {}) == expected("quick_start")


def test_every_program_is_described_and_has_its_output() -> None:
    programs = {path.stem for path in EXAMPLES.glob("*.c")} - {"wasi_guest"}
    described = re.findall(r"^\| `(\w+)` \|", (EXAMPLES / "README.md").read_text(), re.MULTILINE)
    assert sorted(described) == sorted(programs) == NAMES


def test_modules_are_those_of_the_sources(tmp_path: Path) -> None:
    """The committed modules are what wat2wasm makes of the text next to them."""
    wat2wasm = tool("wat2wasm")
    for text in EXAMPLES.glob("*.wat"):
        made = tmp_path / f"{text.stem}.wasm"
        subprocess.run([wat2wasm, text, "-o", made], check=True)
        assert made.read_bytes() == text.with_suffix(".wasm").read_bytes(), text.name


# ---- The upgrade guide ---------------------------------------------------------------------------

# The contexts and names that the guide's snippets refer to.
SURROUNDINGS = """
#include <stddef.h>
#include <wasmedge/wasmedge.h>
WasmEdge_VMContext *vm;
WasmEdge_ExecutorContext *executor;
WasmEdge_StoreContext *store;
WasmEdge_ASTModuleContext *module;
WasmEdge_ModuleInstanceContext *instance;
WasmEdge_FunctionInstanceContext *function;
WasmEdge_ConfigureContext *configure;
WasmEdge_StatisticsContext *statistics;
WasmEdge_String module_name, function_name, memory_name, global_name;
WasmEdge_Value params[1], returns[1];
WasmEdge_Result result;
const char *const args[2], *const commands[1];
"""
# Changes of behaviour only: the old code compiles as well.
COMPILES_STILL = {"Statistics", "Deleting"}


def snippets() -> list[tuple[str, str, str]]:
    """Heading, old and new code of each change."""
    found = []
    for section in GUIDE.read_text().split("\n## ")[1:]:
        title = section.partition("\n")[0]
        blocks = re.findall(r"```c\n(.*?)```", section, re.DOTALL)
        assert len(blocks) == 2, f"{title}: a snippet before and one after"
        found.append((title, *blocks))
    return found


def errors(code: str) -> str:
    """What the compiler says against statements as the body of a function."""
    source = f"{SURROUNDINGS}\nvoid snippet(void) {{\n{code}}}\n"
    flags = ["-std=c11", "-Werror", f"-I{INCLUDE}", "-fsyntax-only", "-x", "c", "-"]
    return subprocess.run(
        [capi_host.compiler(), *flags], input=source, capture_output=True, text=True
    ).stderr


@pytest.mark.parametrize(("title", "before", "after"), snippets())
def test_guide_snippets(title: str, before: str, after: str) -> None:
    assert errors(after) == ""
    assert (errors(before) == "") == (title in COMPILES_STILL)


def test_guide_names() -> None:
    """Tables of renamings: what is on the left is gone, what is on the right exists."""
    header = "".join(path.read_text() for path in (INCLUDE / "wasmedge").glob("*.h"))
    present = set(re.findall(r"\bWasmEdge_\w+", header))
    rows = re.findall(r"^\| (`WasmEdge_\w+`|new) \| (.*) \|$", GUIDE.read_text(), re.MULTILINE)
    assert len(rows) > 30
    for old, new in rows:
        assert old.strip("`") not in present, old
        assert set(re.findall(r"\bWasmEdge_\w+", new)) <= present, new


def test_guide_names_all_that_is_new() -> None:
    """Module instances are new in this version: the guide has each of their functions."""
    header = (INCLUDE / "wasmedge" / "wasmedge.h").read_text()
    functions = set(re.findall(r"\bWasmEdge_ModuleInstance\w+(?=\()", header))
    assert len(functions) == 24
    assert functions <= set(re.findall(r"`(\w+)`", GUIDE.read_text()))
