"""The guides of the C API: programs and failures print what they say, tables are complete."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import capi_host
import pytest
import starting as start

sys.path.append(str(capi_host.ROOT / "src"))

from build_sources import Function, public_functions
from pywasmedge.base.errors import ErrCode

if TYPE_CHECKING:
    from collections.abc import Callable

DOCS = capi_host.ROOT / "docs"
GUIDE = (DOCS / "C_API.md").read_text(encoding="utf-8")
PYTHON_GUIDE = (DOCS / "PYTHON.md").read_text(encoding="utf-8")
TEXT_GUIDE = (DOCS / "TEXT.md").read_text(encoding="utf-8")
HEADER = (capi_host.INCLUDE / "wasmedge" / "wasmedge.h").read_text(encoding="utf-8")
CODES = (capi_host.INCLUDE / "wasmedge" / "enum_errcode.h").read_text(encoding="utf-8")
MODULES = sorted((capi_host.ROOT / "c_examples").glob("*.wasm"))


# --- the programs of the guide --------------------------------------------------------------------


def programs(guide: str, language: str) -> list[tuple[str, str, str]]:
    """Heading with number, code and output of each program of a guide."""
    found = []
    pattern = rf"^```{language}\n(.*?)^```\n\n^```text\n(.*?)^```"
    for section in guide.split("\n## ")[1:]:
        title = section.partition("\n")[0]
        blocks = re.findall(pattern, section, re.M | re.S)
        found += [(f"{title} {n}", *block) for n, block in enumerate(blocks, 1)]
    return found


IN_C = programs(GUIDE, "c")
IN_PYTHON = programs(PYTHON_GUIDE, "python") + programs(TEXT_GUIDE, "python")


def test_every_block_of_the_guides_is_tested() -> None:
    assert GUIDE.count("\n```c\n") == len(IN_C)
    assert all("int main(void)" in code for _, code, _ in IN_C)
    assert len(re.findall(r"^```c .*$", GUIDE, re.M)) == 1
    assert (PYTHON_GUIDE + TEXT_GUIDE).count("\n```python") == len(IN_PYTHON)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the guide's programs are compiled and run: its header and the modules are there."""
    made = tmp_path_factory.mktemp("guide")
    (header,) = re.findall(r"^```c guide\.h\n(.*?)^```", GUIDE, re.M | re.S)
    (made / "guide.h").write_text(header)
    for module in MODULES:
        shutil.copy(module, made)
    return made


@pytest.mark.parametrize(("title", "code", "output"), IN_C, ids=[p[0] for p in IN_C])
def test_program(folder: Path, title: str, code: str, output: str) -> None:
    source = folder / (re.sub(r"\W+", "_", title) + ".c")
    source.write_text(code)
    done = capi_host.run(capi_host.build(source, f"-I{folder}"), env={}, cwd=folder)
    assert (done.returncode, done.stdout) == (0, output), done.stderr


@pytest.mark.parametrize(
    ("code", "output"), [p[1:] for p in IN_PYTHON], ids=[p[0] for p in IN_PYTHON]
)
def test_program_in_python(
    code: str, output: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(MODULES[0].parent)
    exec(compile(code, "PYTHON.md", "exec"), {})
    assert capsys.readouterr().out == output


# --- the tables -----------------------------------------------------------------------------------

TABLES = (DOCS / "C_API_REFERENCE.md").read_text(encoding="utf-8")
FUNCTIONS = {f.name.removeprefix("WasmEdge_"): f for f in public_functions(("wasmedge.h",))}
CONTEXTS = {
    name
    for name in re.findall(r"^typedef struct WasmEdge_(\w+) WasmEdge_\1;", HEADER, re.M)
    if name not in ("Value", "String", "Result", "Limit")
}


def rows(heading: str) -> list[list[str]]:
    """Cells of the rows of all tables of a section."""
    section = TABLES.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found = re.findall(r"^\| (.*) \|$", section, re.M)
    return [re.split(r" \| ?", row) for row in found if not row.startswith("---")]


def names(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def gives_something(function: Function) -> bool:
    """Whether it gives a pointer, or strings that may be borrowed."""
    out = [p.declaration for p in function.parameters]
    pointers = any(re.search(r"\*\*\w|WasmEdge_String \*", declaration) for declaration in out)
    return "*" in function.returns or function.returns == "WasmEdge_String" or pointers


def test_ownership_of_everything_that_is_given() -> None:
    listed = [name for row in rows("Ownership") for name in names(row[0]) if name in FUNCTIONS]
    assert set(listed) == {name for name, f in FUNCTIONS.items() if gives_something(f)}
    assert {name for name in listed if listed.count(name) > 1} == {"VMGetFunctionList"}


def test_the_caller_owns_what_functions_with_create_give() -> None:
    for row in rows("Ownership"):
        for name in names(row[0]):
            if "Create" in name or "Async" in name:
                assert row[1].startswith("the caller"), name


def test_functions_that_take_over() -> None:
    sentence = re.findall(r"^These take over .*?\. The pointer", TABLES, re.M | re.S)[0]
    adding = {name for name in FUNCTIONS if re.fullmatch(r"ModuleInstanceAdd\w+", name)}
    assert set(names(sentence)) == adding


def test_threads_has_every_context() -> None:
    listed = [name for row in rows("Threads") for name in names(row[0])]
    assert sorted(listed) == sorted(CONTEXTS)


def test_parameters_that_may_be_null() -> None:
    nullable = {(name, p) for name, f in FUNCTIONS.items() for p in f.nullable}
    listed = {
        (name, p)
        for row in rows("NULL")
        if len(row) == 3
        for name in names(row[2])
        for p in names(row[0])
        if p in FUNCTIONS[name].nullable
    }
    assert listed == nullable


def test_result_codes() -> None:
    declared = re.findall(r"WasmEdge_ErrCode_(\w+) = (0x\w\w),?\s*/\*\*< (.*?) \*/", CODES, re.S)
    assert len(declared) > 70
    expected = [
        [code, name, ErrCode(int(code, 16)).message, re.sub(r"WasmEdge_(\w+)", r"`\1`", reason)]
        for name, code, reason in declared
    ]
    assert rows("Result codes")[1:] == expected


# --- the messages of the troubleshooting guide ----------------------------------------------------

TROUBLES = (DOCS / "TROUBLESHOOTING.md").read_text(encoding="utf-8")
QUOTED = re.findall(r"^```text\n(.*?)\n```", TROUBLES, re.M | re.S)
SOURCE = capi_host.SOURCES / "troubles.c"
GUEST = capi_host.ROOT / "c_examples" / "quick_start.wasm"


def host(*arguments: str, program: Path | None = None, **env: str) -> str:
    """What the test's host prints."""
    done = capi_host.run(program or capi_host.build(SOURCE), *arguments, env=env, cwd="/")
    if done.returncode == 77:
        pytest.skip("needs seccomp")
    return done.stdout + done.stderr


def fib(program: Path | None = None, **env: str) -> str:
    return host(str(GUEST), "fib", program=program, **env)


def limited(limit: str) -> str:
    """The host with a lower limit of the process."""
    script = f'ulimit {limit}; exec "$0" "$@"'
    program = str(capi_host.build(SOURCE))
    return host("-c", script, program, str(GUEST), "fib", program=Path("/bin/sh"))


def copied(tmp_path: Path) -> Path:
    """A copy of the package; its library."""
    copy = tmp_path / "pywasmedge"
    shutil.copytree(start.PACKAGE, copy)
    return copy / capi_host.LIBRARY.name


def compiling(*arguments: str) -> str:
    command = [capi_host.compiler(), str(SOURCE), "-o", "/dev/null", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, env={"PATH": os.environ["PATH"]}
    ).stderr


def not_on_the_search_path(tmp_path: Path) -> str:
    tool = shutil.which("pkg-config") or pytest.skip("needs pkg-config")
    command, nowhere = [tool, "--cflags", "wasmedge_c"], {"PKG_CONFIG_LIBDIR": str(tmp_path)}
    return subprocess.run(command, capture_output=True, text=True, env=nowhere).stderr


def without_rpath(tmp_path: Path) -> str:
    program = tmp_path / "host"
    flags = [f"-I{capi_host.INCLUDE}", f"-L{capi_host.LIBRARY.parent}", "-lwasmedge_c"]
    command = [capi_host.compiler(), str(SOURCE), "-o", str(program), *flags]
    subprocess.run(command, check=True)
    return fib(program)


def wrapper(tmp_path: Path) -> str:
    program = tmp_path / "python3"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return fib(PYWASMEDGE_PYTHON=str(program))


def other_version(tmp_path: Path) -> str:
    packages = tmp_path / "lib" / "python3.99" / "site-packages"
    packages.mkdir(parents=True)
    return fib(capi_host.build(SOURCE, library=copied(packages)))


def without_library(tmp_path: Path) -> str:
    made = start.Installation(tmp_path / "installation")
    named = made.executable.rename(made.executable.parent / "python3.99")
    made.stdlib.rename(made.stdlib.parent / "python3.99")
    return fib(PYWASMEDGE_PYTHON=str(named))


def without_packages(tmp_path: Path, *present: str) -> str:
    made = start.Installation(tmp_path / "installation")
    made.add(*present)
    return fib(PYWASMEDGE_PYTHON=str(made.executable))


def library_alone(tmp_path: Path) -> str:
    copy = tmp_path / capi_host.LIBRARY.name
    shutil.copy(capi_host.LIBRARY, copy)
    made = start.Installation(tmp_path / "installation")  # which does not have the package
    program = capi_host.build(SOURCE, library=copy)
    return fib(program, PYWASMEDGE_PYTHON=str(made.executable))


def other_sources(tmp_path: Path) -> str:
    library = copied(tmp_path)
    native = next(library.parent.glob("_native*.so"))
    content, known = native.read_bytes(), library.read_bytes()
    digests = {content[at : at + 16] for at in start.places_of_digests(content)}
    digest = next(d for d in digests if d + b"\0" in known)
    native.write_bytes(content.replace(digest, digest[::-1]))
    return fib(capi_host.build(SOURCE, library=library), PYWASMEDGE_PYTHON=sys.executable)


def second_copy(tmp_path: Path) -> str:
    loader = capi_host.build("start_dlopen.c", "-D_GNU_SOURCE", "-ldl")
    return host(str(capi_host.LIBRARY), str(copied(tmp_path)), program=loader)


def another_python(tmp_path: Path) -> str:
    source = tmp_path / "host.c"
    source.write_text(SOURCE.read_text() + "int Py_IsInitialized(void) { return 0; }\n")
    return fib(capi_host.build(source, "-rdynamic"))


def directory_as_input(tmp_path: Path) -> str:
    program = str(capi_host.build(SOURCE))
    return host("-c", 'exec "$@" </', "", program, str(GUEST), "fib", program=Path("/bin/sh"))


CAUSES: dict[str, Callable[[Path], str]] = {
    "no headers": lambda _: compiling(),
    "not linked": lambda _: compiling(f"-I{capi_host.INCLUDE}"),
    "no directory": lambda _: compiling(f"-I{capi_host.INCLUDE}", "-lwasmedge_c"),
    "pkg-config": not_on_the_search_path,
    "no rpath": without_rpath,
    "no such Python": lambda _: fib(PYWASMEDGE_PYTHON="/no/such/python"),
    "wrapper": wrapper,
    "other version": other_version,
    "no shared library": without_library,
    "no cffi": without_packages,
    "no llvmlite": lambda path: without_packages(path, "_cffi_backend.*so", "cffi"),
    "library alone": library_alone,
    "other sources": other_sources,
    "second copy": second_copy,
    "another Python": another_python,
    "input": directory_as_input,
    "no WASI": lambda _: host(str(GUEST.with_name("wasi_guest.wasm")), "_start"),
    "stack": lambda _: limited("-s 1024"),
    "little address space": lambda _: limited("-v 200000"),
    "hardly any address space": lambda _: limited("-v 30000"),
    "sealed": lambda _: host(str(GUEST), "fib", "sealed"),
}
"""What makes the host of the test fail, each in its own way."""


def is_quoted(quoted: str, output: str) -> bool:
    return (
        re.search(re.sub(r"<[\w ]+>", ".+", re.escape(quoted).replace(r"\ ", " ")), output)
        is not None
    )


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is printed, by cause; without those that this machine cannot show."""
    made = {}
    for cause, make in CAUSES.items():
        try:
            made[cause] = make(tmp_path_factory.mktemp("trouble"))
        except pytest.skip.Exception:
            continue
    return made


@pytest.mark.parametrize("cause", CAUSES)
def test_what_is_printed_is_quoted(cause: str, outputs: dict[str, str]) -> None:
    if cause not in outputs:
        pytest.skip("cannot be shown here")
    assert any(is_quoted(quoted, outputs[cause]) for quoted in QUOTED), outputs[cause]


@pytest.mark.parametrize("quoted", QUOTED)
def test_what_is_quoted_is_printed(quoted: str, outputs: dict[str, str]) -> None:
    found = any(is_quoted(quoted, output) for output in outputs.values())
    if not found and len(outputs) < len(CAUSES):
        pytest.skip("perhaps cannot be shown here")
    assert found


HANDLER_HOST = """
int main(int argc, char **argv) {
  const WasmEdge_Value n[2] = {WasmEdge_ValueGenI32(1), WasmEdge_ValueGenI32(0)};
  const WasmEdge_String name = WasmEdge_StringWrap("divide", 6);
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  const WasmEdge_Value ones[2] = {n[0], n[0]};
  WasmEdge_VMRunWasmFromFile(vm, argv[argc - 1], name, ones, 2, NULL, 0);
  install();
  puts(WasmEdge_ResultGetMessage(WasmEdge_VMExecute(vm, name, n, 2, NULL, 0)));
  printf("%d", asked);
  fflush(stdout);
  raise(SIGILL);
}
"""


def test_handler_that_passes_on(tmp_path: Path) -> None:
    """The trap gets to the library through the host's handler, which is asked first."""
    (block,) = re.findall(r"^```c\n(.*?)^```", TROUBLES, re.M | re.S)
    own = (
        "static int asked;\nstatic int is_mine(siginfo_t *i) { ++asked; return i->si_code <= 0; }\n"
    )
    headers = ("signal", "stdio", "unistd", "wasmedge/wasmedge")
    source = tmp_path / "handler.c"
    source.write_text(
        "#define _GNU_SOURCE\n"
        + "".join(f"#include <{header}.h>\n" for header in headers)
        + own
        + block
        + HANDLER_HOST
    )
    guest = GUEST.with_name("step_by_step.wasm")
    done = capi_host.run(capi_host.build(source), guest)
    assert (done.returncode, done.stdout) == (1, "integer divide by zero\n1")


# --- all documents --------------------------------------------------------------------------------

DOCUMENTS = [capi_host.ROOT / "README.md", *sorted(DOCS.glob("*.md"))]


def anchors(document: Path) -> set[str]:
    """Where links into a document can lead."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=[d.name for d in DOCUMENTS])
def test_links(document: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name) if name else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link
