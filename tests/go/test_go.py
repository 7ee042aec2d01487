"""Go hosts: the published Go module with the library, and the example program."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import capi_host
import pytest
from capi_host import INCLUDE, LIBRARY, ROOT
from plugin_hosts import EXTENSION_MODULES, plugin_folder

pytestmark = [pytest.mark.first, pytest.mark.long]
HOST = Path(__file__).parents[1] / "go"
EXAMPLE = ROOT / "docs" / "examples" / "go"
OLDEST = (1, 20)
SECONDS = 300
"""A build or run that has not ended by then hangs; a first build takes most of it."""
UNCHECKED = "-gcflags=github.com/second-state/WasmEdge-go/...=-d=checkptr=0"
"""The module passes numbers as pointers, which the pointer checks of -race do not allow."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables for the go command; skips if there is no usable one, or no way to the module."""
    if shutil.which("go") is None:
        pytest.skip("no go on the path")
    libraries = f"-L{LIBRARY.parent} -Wl,-rpath,{LIBRARY.parent}"
    variables = {
        **os.environ,
        "CC": capi_host.compiler(),
        "CGO_ENABLED": "1",
        "CGO_CFLAGS": f"-O2 -g -I{INCLUDE}",
        "CGO_LDFLAGS": libraries,
        "GOWORK": "off",
    }
    variables.setdefault("GOTOOLCHAIN", "local")
    for name, folder in (("GOCACHE", "build"), ("GOMODCACHE", "modules")):
        if not usable(go(variables, "env", name).stdout.strip()):
            variables[name] = str(tmp_path_factory.mktemp("go") / folder)
    version = go(variables, "env", "GOVERSION").stdout
    numbers = re.match(r"go(\d+)\.(\d+)", version)
    if numbers is not None and tuple(map(int, numbers.groups())) < OLDEST:
        pytest.skip(f"{version.strip()} is older than {OLDEST}")
    for module in (HOST, EXAMPLE):
        fetch(variables, module)
    return variables


def usable(folder: str) -> bool:
    """Whether this is a directory that can be written to, after it was made."""
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def go(
    variables: dict[str, str], *arguments: str, folder: Path = HOST
) -> subprocess.CompletedProcess[str]:
    """Runs the go command in a module."""
    return subprocess.run(
        ["go", *arguments],
        cwd=folder,
        env=variables,
        timeout=SECONDS,
        capture_output=True,
        text=True,
        check=False,
    )


def fetch(variables: dict[str, str], module: Path) -> None:
    """Has what a module requires in the cache; skips if it cannot be had."""
    done = go(variables, "mod", "download", folder=module)
    assert "SECURITY ERROR" not in done.stderr, done.stderr
    if done.returncode != 0:
        pytest.skip(
            f"the Go module is not in the cache and cannot be fetched: {done.stderr.strip()}"
        )


def passes(done: subprocess.CompletedProcess[str]) -> str:
    """What a command printed; it has to succeed."""
    assert done.returncode == 0, f"{done.stdout[-8000:]}\n{done.stderr[-8000:]}"
    return done.stdout


@cache
def has_race_detector() -> bool:
    return platform.system() == "Linux" and platform.machine() in ("x86_64", "aarch64")


def test_go_host(environment: dict[str, str]) -> None:
    passes(go(environment, "test", "-count=1", "-vet=off", "./..."))


def test_go_host_with_race_detector(environment: dict[str, str]) -> None:
    if not has_race_detector():
        pytest.skip(f"no race detector for {platform.machine()}")
    passes(go(environment, "test", "-count=1", "-vet=off", "-race", UNCHECKED, "./..."))


def test_go_sources_are_formatted_and_vetted(environment: dict[str, str]) -> None:
    for module in (HOST, EXAMPLE):
        passes(go(environment, "vet", "./...", folder=module))
        if shutil.which("gofmt"):
            done = subprocess.run(["gofmt", "-l", module], capture_output=True, text=True)
            assert passes(done) == ""


def test_go_example(environment: dict[str, str], tmp_path: Path) -> None:
    program = tmp_path / "example"
    passes(go(environment, "build", "-o", str(program), ".", folder=EXAMPLE))
    guest = HOST / "testdata" / "basic.wasm"
    done = subprocess.run([program, guest], cwd=tmp_path, capture_output=True, text=True, env={})
    assert passes(done) == "fib(30) = 832040\n"


def test_plugins_in_a_go_host(environment: dict[str, str], tmp_path: Path) -> None:
    """One in C, one in C++, one in Python, and commands that a guest may or may not run."""
    program = tmp_path / "plugins"
    passes(go(environment, "build", "-o", str(program), "./plugins"))
    folder = tmp_path / "folder"
    folder.mkdir()
    plugin_folder(folder, tmp_path)
    guest = ROOT / "c_examples" / "plugins" / "process_guest.wasm"
    variables = {**os.environ, "HOME": str(tmp_path), "WASMEDGE_PLUGIN_PATH": ""}
    for allowed, printed in ("sh", "status 3\n"), ("ls", "status -1\n"):
        words = [str(program), str(folder), allowed, str(guest), "sh", "-c", "cat; exit 3"]
        done = subprocess.run(words, env=variables, capture_output=True, text=True, timeout=SECONDS)
        text = passes(done)
        assert text.startswith(printed)
        assert f"exit code {3 if allowed == 'sh' else 255}\n" in text
        modules = ["cxx_module", "probe_module", "python_module", "wasi_snapshot_preview1"]
        modules = sorted([*modules, "wasmedge_process", *EXTENSION_MODULES])
        assert text.endswith("".join(f"module {name}\n" for name in modules))


def test_same_release_everywhere() -> None:
    sums = {(module / "go.sum").read_text() for module in (HOST, EXAMPLE)}
    required = {
        re.search(r"WasmEdge-go (\S+)", (module / "go.mod").read_text())[1]  # type: ignore[index]
        for module in (HOST, EXAMPLE)
    }
    assert len(sums) == 1
    assert required == {"v0.10.0"}


def test_readme_example(environment: dict[str, str], tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```go\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    for name in ("go.mod", "go.sum"):
        shutil.copy(EXAMPLE / name, tmp_path)
    (tmp_path / "main.go").write_text(example)
    program = tmp_path / "readme"
    done = go(environment, "build", "-o", str(program), ".", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    (promised,) = re.findall(r"Println\(.*\) // (.+)$", example, re.MULTILINE)
    run = subprocess.run([program], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS)
    assert (run.stdout.strip(), run.stderr) == (promised, "")
