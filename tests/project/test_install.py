"""Ways of installing, and of building and running hosts against what is installed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import capi_host
import pytest
import testdata

import pywasmedge
from pywasmedge.cli import config, launched

pytestmark = [pytest.mark.first, pytest.mark.long]
ROOT = Path(__file__).parents[2]
GUEST = testdata.GUESTS / "library.wasm"
SECONDS = 300
DEPENDENCIES = ("_cffi_backend.*so", "cffi", "llvmlite")

HOST = """\
#include <stdio.h>
#include <wasmedge/wasmedge.h>

int main(int count, char **arguments) {
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  WasmEdge_Value param = WasmEdge_ValueGenI32(20), result = param;
  WasmEdge_String name = WasmEdge_StringWrap("fib", 3);
  if (count != 2 || !WasmEdge_ResultOK(
          WasmEdge_VMRunWasmFromFile(vm, arguments[1], name, &param, 1, &result, 1)))
    return 1;
  printf("%lld\\n", (long long)WasmEdge_ValueGetI64(result));
  WasmEdge_VMDelete(vm);
  return 0;
}
"""


CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("PY")}
"""The environment without what directs the Python of these tests."""


def output(*command: str | Path, env: dict[str, str] = CLEAN, cwd: Path | None = None) -> str:
    """What a command that must succeed prints."""
    done = subprocess.run(
        [os.fspath(word) for word in command],
        env=env,
        cwd=cwd or Path("/"),
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def pip(*arguments: str | Path, python: str | Path = sys.executable) -> None:
    """Run this environment's pip for an interpreter, without looking anything up."""
    if importlib.util.find_spec("pip") is None:
        pytest.skip("needs pip")
    command = [sys.executable, "-m", "pip", "--python", python]
    output(*command, "install", "-q", "--no-deps", "--no-index", *arguments)


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, unpacked: whatever builds in it shows that it is complete."""
    for module in ("pip", "setuptools"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"needs {module}")
    capi_host.compiler()
    directory = tmp_path_factory.mktemp("install")
    copy = directory / "copy"
    copy.mkdir()
    for name in ("src", "include", "pywasmedge", "packaging", ".ci", "c_examples"):
        ignored = shutil.ignore_patterns(
            "*.so", "stencils-*.bin", "quick-*.bin", "__pycache__", "build"
        )
        shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=ignored)
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "Makefile"):
        shutil.copy(ROOT / name, copy)
    output(sys.executable, "setup.py", "-q", "sdist", "-d", directory / "sdist", cwd=copy)
    shutil.unpack_archive(next(directory.glob("sdist/*.tar.gz")), directory / "sdist")
    return next(path for path in directory.glob("sdist/*") if path.is_dir())


@pytest.fixture(scope="session")
def wheel(source: Path) -> Path:
    """The project, built once."""
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    output(*command, "-w", source.parent, source)
    return next(source.parent.glob("*.whl"))


@pytest.fixture(scope="session")
def dependencies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with nothing but links to what the package needs at run time."""
    directory = tmp_path_factory.mktemp("dependencies")
    for pattern in DEPENDENCIES:
        found = next(match for path in sys.path for match in Path(path).glob(pattern))
        (directory / found.name).symlink_to(found)
    return directory


def make_environment(directory: Path, dependencies: Path, python: str = sys.executable) -> Path:
    """A virtual environment that has the dependencies; returns its interpreter."""
    output(python, "-m", "venv", "--without-pip", directory)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for link in dependencies.iterdir():
        (directory / "lib" / version / "site-packages" / link.name).symlink_to(link.resolve())
    return directory / "bin" / "python"


@pytest.fixture(scope="session")
def environment(wheel: Path, dependencies: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the project installed."""
    directory = tmp_path_factory.mktemp("environment")
    pip(wheel, python=make_environment(directory, dependencies))
    return directory


@pytest.fixture(scope="session")
def installer(source: Path) -> object:
    """The module ``packaging/install.py``."""
    spec = importlib.util.spec_from_file_location("installer", source / "packaging" / "install.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def prefix(
    installer: object, wheel: Path, dependencies: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """What ``make install PREFIX=...`` makes, moved to another place."""
    made = tmp_path_factory.mktemp("prefix") / "made"
    for _ in range(2):  # the second one replaces the first
        installer.install(made, wheel, ["-q", "--no-deps", "--no-index"])  # type: ignore[attr-defined]
    for link in dependencies.iterdir():
        (made / "lib" / "pywasmedge" / link.name).symlink_to(link.resolve())
    moved = made.parent / "moved to a place with spaces"
    made.rename(moved)
    return moved


def build(directory: Path, *flags: str, language: str = "c") -> Path:
    """Compile the host."""
    source, program = directory / f"host.{language}", directory / "host"
    source.write_text(HOST)
    compiler = capi_host.compiler()
    output(compiler, *capi_host.WARNINGS, source, "-o", program, *flags, cwd=directory)
    return program


def runs(program: Path) -> None:
    """The host needs no environment and no working directory."""
    assert output(program, GUEST, env={}) == "6765\n"


def words(text: str) -> list[str]:
    """Arguments as a shell would split them."""
    import shlex

    return shlex.split(text)


# --- pip -----------------------------------------------------------------------------------------


def test_the_source_distribution_is_complete(source: Path) -> None:
    copy = source.parents[1] / "copy"
    files = [
        str(path.relative_to(copy))
        for name in ("src", "include", "pywasmedge", "packaging", "c_examples")
        for path in (copy / name).rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    ]
    assert "c_examples/Makefile" in files
    assert [name for name in files if not (source / name).exists()] == []


def test_environment(environment: Path, tmp_path: Path) -> None:
    command = environment / "bin" / "pywasmedge-config"
    flags = words(output(command, "--cflags", "--libs"))
    assert flags[-1] == "-lwasmedge_c"
    assert all(str(environment) in flag for flag in flags[:-1])
    runs(build(tmp_path, *flags))


def test_environment_that_moved(environment: Path, tmp_path: Path) -> None:
    moved = tmp_path / "environment"
    shutil.copytree(environment, moved, symlinks=True)
    package = next(moved.glob("lib/python*/site-packages/pywasmedge"))
    layout = config.Layout(str(package))
    flags = [f"-I{layout.includedir}", f"-L{layout.libdir}", f"-Wl,-rpath,{layout.libdir}"]
    runs(build(tmp_path, *flags, "-lwasmedge_c"))


def test_environment_with_the_system_s_packages(
    wheel: Path, dependencies: Path, tmp_path: Path
) -> None:
    """Dependencies in the packages below: only the module ``site`` knows how they get in."""
    directory = tmp_path / "environment"
    output(sys.executable, "-m", "venv", "--without-pip", directory)
    pip(wheel, python=directory / "bin" / "python")
    packages = next(directory.glob("lib/python*/site-packages"))
    (packages / "more.pth").write_text(f"{dependencies}\n")
    command = directory / "bin" / "pywasmedge-config"
    runs(build(tmp_path, *words(output(command, "--cflags", "--libs"))))


def test_environment_of_the_system_python(wheel: Path, dependencies: Path, tmp_path: Path) -> None:
    system = Path("/usr/bin") / f"python3.{sys.version_info[1]}"
    if not system.exists():
        pytest.skip(f"no {system}")
    directory = tmp_path / "environment"
    pip(wheel, python=make_environment(directory, dependencies, str(system)))
    command = directory / "bin" / "pywasmedge-config"
    runs(build(tmp_path, *words(output(command, "--cflags", "--libs"))))


def test_target(wheel: Path, dependencies: Path, tmp_path: Path) -> None:
    """A directory of its own is served by the interpreter that built the library."""
    directory = tmp_path / "target"
    pip("--target", directory, wheel)
    for link in dependencies.iterdir():
        (directory / link.name).symlink_to(link.resolve())
    package = directory / "pywasmedge"
    flags = [f"-I{package}/include", f"-L{package}", f"-Wl,-rpath,{package}", "-lwasmedge_c"]
    runs(build(tmp_path, *flags))


def test_editable(source: Path, dependencies: Path, tmp_path: Path) -> None:
    directory = tmp_path / "environment"
    python = make_environment(directory, dependencies)
    tree = tmp_path / "source"
    shutil.copytree(source, tree, symlinks=True, ignore=shutil.ignore_patterns("build", "*.so"))
    # The interpreter of the environment builds, so it is the one recorded; the tools are lent.
    tools = os.pathsep.join(path for path in sys.path if path.endswith("-packages"))
    command = [python, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]
    output(*command, "--editable", tree, env=CLEAN | {"PYTHONPATH": tools})
    config_command = directory / "bin" / "pywasmedge-config"
    flags = words(output(config_command, "--cflags", "--libs"))
    assert f"-L{tree}/pywasmedge" in flags
    runs(build(tmp_path, *flags))


# --- a prefix ------------------------------------------------------------------------------------


def test_prefix_layout(prefix: Path) -> None:
    links = {
        str(path.relative_to(prefix)): os.readlink(path)
        for path in prefix.rglob("*")
        if path.is_symlink() and not path.name.startswith(("cffi", "llvmlite", "_cffi"))
    }
    assert links == {
        "lib/libwasmedge_c.so": "pywasmedge/pywasmedge/libwasmedge_c.so",
        "lib/cmake/WasmEdge": "../pywasmedge/pywasmedge/cmake",
        "include/wasmedge": "../lib/pywasmedge/pywasmedge/include/wasmedge",
    }
    assert (prefix / "include" / "wasmedge" / "wasmedge.h").is_file()
    assert {path.name for path in (prefix / "bin").iterdir()} == {
        "wasmedge",
        "wasmedgec",
        "pywasmedge-config",
    }
    copies = [path for path in prefix.rglob("libwasmedge_c.so") if not path.is_symlink()]
    assert len(copies) == 1
    assert not [path for path in (prefix / "lib").iterdir() if path.name.startswith(".")]


def test_nothing_in_a_prefix_knows_its_place(prefix: Path) -> None:
    for path in prefix.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.suffix != ".pyc":
            assert b"prefix0/made" not in path.read_bytes(), path


def test_prefix(prefix: Path, tmp_path: Path) -> None:
    flags = [f"-I{prefix}/include", f"-L{prefix}/lib", f"-Wl,-rpath,{prefix}/lib", "-lwasmedge_c"]
    runs(build(tmp_path, *flags))


def test_commands_of_a_prefix(prefix: Path, tmp_path: Path) -> None:
    command = prefix / "bin" / "pywasmedge-config"
    path = {"PATH": "/usr/bin:/bin"}
    flags = words(output(command, "--cflags", "--libs", env=path))
    assert flags[0] == f"-I{prefix}/include"
    runs(build(tmp_path, *flags))
    wasmedge = prefix / "bin" / "wasmedge"
    assert output(wasmedge, "--reactor", GUEST, "fib", "20", env=path) == "6765\n"
    link = tmp_path / "wasmedge"
    link.symlink_to(wasmedge)
    assert output(link, "--reactor", GUEST, "fib", "10", env=path) == "55\n"


def test_destination_directory(source: Path, tmp_path: Path) -> None:
    """``DESTDIR=stage make install PREFIX=/usr`` writes below ``stage/usr`` and nowhere else."""
    options = ["-q", "--no-deps", "--no-index", "--no-build-isolation"]
    command = [sys.executable, source / "packaging" / "install.py", "/opt/nowhere", *options]
    printed = output(*command, env=CLEAN | {"DESTDIR": str(tmp_path)})
    assert "-L/opt/nowhere/lib" in printed
    assert (tmp_path / "opt" / "nowhere" / "lib" / "libwasmedge_c.so").is_file()
    assert not Path("/opt/nowhere").exists()


# --- build systems -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["wasmedge_c", "wasmedge"])
@pytest.mark.parametrize("where", ["package", "prefix"])
def test_pkg_config(where: str, name: str, environment: Path, prefix: Path, tmp_path: Path) -> None:
    tool = shutil.which("pkg-config") or shutil.which("pkgconf")
    if tool is None:
        pytest.skip("no pkg-config")
    home = environment if where == "package" else prefix
    asked = output(home / "bin" / "pywasmedge-config", "--pkgconfigdir").strip()
    link = tmp_path / "pkgconfig"  # pkg-config and spaces do not go together
    link.symlink_to(Path(asked).parent)
    search = {"PKG_CONFIG_PATH": f"{link}/pkgconfig"}
    if where == "prefix":
        link.unlink()
        link.symlink_to(prefix)
        search = {"PKG_CONFIG_PATH": f"{link}/lib/pkgconfig"}
    assert output(tool, "--modversion", name, env=search).strip() == pywasmedge.__version__
    runs(build(tmp_path, *words(output(tool, "--cflags", "--libs", name, env=search))))


CMAKE = """\
cmake_minimum_required(VERSION 3.16)
project(host C)
find_package(WasmEdge @version@ REQUIRED)
message("found ${WasmEdge_VERSION}")
add_executable(host host.c)
target_link_libraries(host PRIVATE WasmEdge::wasmedge_c)
"""


def cmake(directory: Path, version: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Configure the host's project."""
    tool = shutil.which("cmake")
    if tool is None:
        pytest.skip("no cmake")
    directory.mkdir(exist_ok=True)
    (directory / "host.c").write_text(HOST)
    (directory / "CMakeLists.txt").write_text(CMAKE.replace("@version@", version))
    return subprocess.run(
        [tool, "-S", directory, "-B", directory / "build", *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


@pytest.mark.parametrize("where", ["package", "prefix"])
@pytest.mark.parametrize("how", ["WasmEdge_DIR", "CMAKE_PREFIX_PATH"])
def test_cmake(where: str, how: str, environment: Path, prefix: Path, tmp_path: Path) -> None:
    home = environment if where == "package" else prefix
    option = "--cmakedir" if how == "WasmEdge_DIR" else "--prefix"
    place = output(home / "bin" / "pywasmedge-config", option).strip()
    done = cmake(tmp_path, "0.10", f"-D{how}={place}")
    assert done.returncode == 0, done.stderr
    assert f"found {pywasmedge.__version__}" in done.stderr
    output("cmake", "--build", tmp_path / "build")
    runs(tmp_path / "build" / "host")


@pytest.mark.parametrize(
    ("version", "fits"),
    [("", True), ("0", True), ("0.10.0 EXACT", True), ("0.9", False), ("0.11", False)],
)
def test_cmake_versions(version: str, fits: bool, prefix: Path, tmp_path: Path) -> None:
    done = cmake(tmp_path, version, f"-DWasmEdge_DIR={prefix}/lib/cmake/WasmEdge")
    assert (done.returncode == 0) is fits, done.stderr


def test_cmake_says_what_is_missing(prefix: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone" / "lib" / "cmake" / "WasmEdge"
    shutil.copytree(prefix / "lib" / "cmake" / "WasmEdge", alone)
    done = cmake(tmp_path / "project", "", f"-DWasmEdge_DIR={alone}")
    assert done.returncode != 0
    assert "alone/lib/libwasmedge_c.so does not exist" in " ".join(done.stderr.split())


# --- the command ---------------------------------------------------------------------------------


def test_answers_come_in_the_order_of_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert config.run(["--version", "--libdir", "--prefix"]) == 0
    package = str(Path(pywasmedge.__file__).parent)
    assert capsys.readouterr().out == f"{package} {package} {pywasmedge.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [(["--nothing"], "unknown option"), (["--libs", "x"], "unexpected"), (["--libs=x"], "value")],
)
def test_wrong_questions(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert config.run(arguments) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert complaint in captured.err


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert config.run(["--help"]) == 0
    text = capsys.readouterr().out
    assert config.run([]) == 1
    assert capsys.readouterr().out == text
    assert all(f"--{option.name}" in text for option in config.OPTIONS)


def test_every_command_has_a_file(installer: object, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = [name.rpartition("/")[2] for name in archive.namelist() if ".data/scripts/" in name]
    assert sorted(names) == sorted(launched.COMMANDS) == sorted(installer.commands())  # type: ignore[attr-defined]
    for module in launched.COMMANDS.values():
        assert callable(importlib.import_module(f"pywasmedge.cli.{module}").main)
