"""One wheel serves all versions of Python, on machines without a compiler."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import capi_host
import pytest
import testdata

pytestmark = [pytest.mark.first, pytest.mark.long]
ROOT = Path(__file__).parents[2]
GUESTS = testdata.GUESTS
KEPT = ROOT / "build" / "dependencies"
"""What the package needs, by version of Python, for the next run of these tests."""
SECONDS = 300
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("PY")}
NO_TOOLS = {"PATH": "/nonexistent", "HOME": "/nonexistent"}
OWN = f"3.{sys.version_info[1]}"

HOST = """\
#include <stdio.h>
#include <wasmedge/wasmedge.h>

int main(int count, char **arguments) {
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  WasmEdge_Value param = WasmEdge_ValueGenI32(20), result = param;
  WasmEdge_String name = WasmEdge_StringWrap("fib", 3);
  WasmEdge_Result ended = WasmEdge_VMRunWasmFromFile(vm, arguments[1], name, &param, 1, &result, 1);
  if (!WasmEdge_ResultOK(ended)) return 1;
  printf("%lld\\n", (long long)WasmEdge_ValueGetI64(result));
  WasmEdge_VMDelete(vm);
  return 0;
}
"""


def interpreters() -> dict[str, str]:
    """The interpreters of this machine by version: this one, those in PATH and pyenv's."""
    found = {OWN: sys.executable}
    for minor in range(10, 20):
        candidates = [shutil.which(f"python3.{minor}")]
        candidates += map(str, Path.home().glob(f".pyenv/versions/*/bin/python3.{minor}"))
        for path in filter(None, candidates):
            command = [path, "-c", f"import sys, venv; assert sys.version_info[1] == {minor}"]
            if subprocess.run(command, env=CLEAN, capture_output=True).returncode == 0:
                found.setdefault(f"3.{minor}", path)
    return found


VERSIONS = interpreters()


def output(*command: str | Path, env: dict[str, str] = CLEAN, cwd: Path = Path("/")) -> str:
    """What a command that must succeed prints."""
    words = [os.fspath(word) for word in command]
    done = subprocess.run(
        words, env=env, cwd=cwd, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``make wheel`` makes, but for the name that auditwheel gives it."""
    capi_host.compiler()
    folder = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"
    tree.mkdir()
    for name in ("src", "include", "pywasmedge", "packaging", ".ci", "c_examples"):
        ignored = shutil.ignore_patterns("*.so", "stencils-*.bin", "__pycache__", "build")
        shutil.copytree(ROOT / name, tree / name, symlinks=True, ignore=ignored)
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "Makefile"):
        shutil.copy(ROOT / name, tree)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    output(*command, "-w", folder, tree, env=CLEAN | {"PYWASMEDGE_PORTABLE": "1"})
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A host that was built elsewhere; where its library is, the dynamic loader must be told."""
    folder = tmp_path_factory.mktemp("host")
    (folder / "host.c").write_text(HOST)
    flags = [f"-I{ROOT}/include", f"-L{capi_host.LIBRARY.parent}", "-lwasmedge_c"]
    output(capi_host.compiler(), folder / "host.c", "-o", folder / "host", *flags)
    return folder / "host"


def dependencies(version: str) -> Path:
    """A folder with what the package needs in this version; fetched once."""
    kept = KEPT / version
    if not kept.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        fresh = KEPT / f"{version}.{os.getpid()}"
        pip = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check"]
        options = ["--python-version", version, "--only-binary=:all:", "-d", fresh]
        done = subprocess.run(
            [*pip, *options, "cffi>=1.15", "llvmlite==0.50.*"],
            env=CLEAN,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        if done.returncode != 0:
            pytest.skip(f"cffi and llvmlite for Python {version} cannot be fetched: {done.stderr}")
        fresh.rename(kept)
    return kept


def test_the_wheel_serves_all_versions(wheel: Path) -> None:
    assert wheel.name.startswith("pywasmedge-")
    assert "-cp310-abi3-linux_" in wheel.name


def test_the_wheel_knows_nothing_of_the_machine_that_built_it(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    places = [sys.prefix, sys.base_prefix, str(wheel.parent)]
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.read_bytes()[:4] == b"\x7fELF":
            assert [place for place in places if place.encode() in path.read_bytes()] == [], path


def test_only_functions_that_all_versions_have(wheel: Path, tmp_path: Path) -> None:
    """The library has no symbol of Python; the module those of 3.10's stable interface."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    tool = shutil.which("nm")
    if tool is None:
        pytest.skip("no nm")
    package = tmp_path / "pywasmedge"
    wanted = {
        name: {
            line.split()[-1]
            for line in output(tool, "-D", "--undefined-only", package / name).splitlines()
            if line.split()[-1].lstrip("_").startswith("Py")
        }
        for name in ("libwasmedge_c.so", "_native.abi3.so")
    }
    assert wanted["libwasmedge_c.so"] == set()
    assert wanted["_native.abi3.so"].isdisjoint(
        {"PyBuffer_FillInfo", "PyObject_GetBuffer", "_Py_IncRef", "_Py_DecRef", "Py_TYPE"}
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_fresh_environment(version: str, wheel: Path, host: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    output(VERSIONS[version], "-m", "venv", "--without-pip", environment)
    python = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-index"]
    output(*pip, "--find-links", dependencies(version), wheel)

    command = environment / "bin" / "wasmedge"
    assert output(command, GUESTS / "hello.wasm", env=NO_TOOLS) == "hello, world\n"
    for tier in ("quick", "optimised"):
        words = ["--tier", tier, "--reactor", GUESTS / "library.wasm", "fib", "20"]
        assert output(command, *words, env=NO_TOOLS) == "6765\n"
    program = "import pywasmedge, sys; print(sys.version_info[1], pywasmedge.VM().stage.name)"
    printed = output(python, "-c", program, env=NO_TOOLS)
    assert printed == f"{version.removeprefix('3.')} INITED\n"
    output(environment / "bin" / "wasmedgec", GUESTS / "library.wasm", tmp_path / "library.so")
    words = ["--reactor", tmp_path / "library.so", "fib", "20"]
    assert output(command, *words, env=NO_TOOLS) == "6765\n"

    config = environment / "bin" / "pywasmedge-config"
    headers = Path(output(config, "--includedir", env=NO_TOOLS).strip())
    assert (headers / "wasmedge" / "wasmedge.h").is_file()
    library = output(config, "--libdir", env=NO_TOOLS).strip()
    if shared_library(version):
        loader = NO_TOOLS | {"LD_LIBRARY_PATH": library}
        assert output(host, GUESTS / "library.wasm", env=loader) == "6765\n"


def shared_library(version: str) -> bool:
    """Whether this version has what a C host needs."""
    program = "import sysconfig; print(sysconfig.get_config_var('Py_ENABLE_SHARED'))"
    return output(VERSIONS[version], "-c", program) == "1\n"


def test_the_newest_of_several_versions_in_a_prefix(wheel: Path, tmp_path: Path) -> None:
    """The command takes the package whose interpreter is there."""
    other = tmp_path / "lib" / "python3.39" / "site-packages" / "pywasmedge" / "cli"
    other.mkdir(parents=True)
    (other / "start.py").write_text("raise SystemExit('the wrong package')\n")
    environment = tmp_path
    output(sys.executable, "-m", "venv", "--without-pip", environment)
    pip = [sys.executable, "-m", "pip", "--python", environment / "bin" / "python", "install"]
    output(*pip, "-q", "--no-index", "--find-links", dependencies(OWN), wheel)
    command = environment / "bin" / "wasmedge"
    assert output(command, GUESTS / "hello.wasm", env=NO_TOOLS) == "hello, world\n"
    link = tmp_path / "link"
    link.symlink_to(command)
    assert output(link, GUESTS / "hello.wasm", env=NO_TOOLS) == "hello, world\n"
