"""How the library finds and starts Python, and that the host's process is left as it was."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import capi_host
import pytest
from starting import (
    GUEST,
    LIBRARY,
    NOTHING,
    PACKAGE,
    Installation,
    fails,
    places_of_digests,
    run,
    succeeds,
)


@pytest.fixture(scope="module")
def host() -> Path:
    return capi_host.build("start.c")


# --- a host of its own ---------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["run", "try", "pure", "process", "thread"])
def test_empty_environment(host: Path, mode: str) -> None:
    expected = {"run": "6765\n", "try": "loader made\nparse 0x00\n"}
    assert succeeds(host, mode) == expected.get(mode, "")


def test_the_environment_of_python_does_not_matter(host: Path, tmp_path: Path) -> None:
    (tmp_path / "threading.py").write_text("raise SystemExit('wrong module')\n")
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('wrong module')\n")
    environment = {
        "PYTHONHOME": str(tmp_path),
        "PYTHONPATH": str(tmp_path),
        "PYTHONSTARTUP": str(tmp_path / "sitecustomize.py"),
        "PYTHONVERBOSE": "1",
        "PYTHONMALLOC": "nonsense",
        "LC_ALL": "no_SUCH.locale",
        "PATH": str(tmp_path),
    }
    assert succeeds(host, "run", **environment) == "6765\n"


def test_standard_streams_may_be_closed(host: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" run "$1" <&- 2>&-', str(host), str(GUEST)],
        env=NOTHING,
        capture_output=True,
        check=True,
        timeout=capi_host.SECONDS,
    )
    assert done.stdout == b"6765\n"


@pytest.mark.parametrize("redirections", ["</", "2</", "</ 2</", "</ 2>&-"])
def test_standard_streams_may_be_directories(host: Path, redirections: str) -> None:
    """Python ends the process if it is started with them."""
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" run "$1" {redirections}', str(host), str(GUEST)],
        env=NOTHING,
        stdout=subprocess.PIPE,
        check=True,
        timeout=capi_host.SECONDS,
    )
    assert done.stdout == b"6765\n"


@pytest.mark.parametrize("mode", ["fork-first", "fork", "fork-contexts", "fork-threads"])
def test_fork(host: Path, mode: str) -> None:
    assert succeeds(host, mode) == ""


def test_threads_that_come_and_go(host: Path) -> None:
    """10,000 threads that make one call each, after 1,000 to warm up: less than 64 bytes each."""
    assert int(succeeds(host, "threads")) * 1024 < 10_000 * 64


def test_the_interpreter_is_that_of_the_environment(tmp_path: Path) -> None:
    source = tmp_path / "prefix.c"
    source.write_text(
        "#include <dlfcn.h>\n#include <wasmedge/wasmedge.h>\n"
        "int main(void) {\n"
        "  WasmEdge_LoaderDelete(WasmEdge_LoaderCreate(0));\n"
        '  int (*ensure)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "PyGILState_Ensure");\n'
        "  int (*run)(const char *) ="
        ' (int (*)(const char *))dlsym(RTLD_DEFAULT, "PyRun_SimpleString");\n'
        "  ensure();\n"
        '  return run("import json, sys; print(json.dumps([sys.prefix, sys.base_prefix,'
        ' sys.executable, sys.version_info[:2]]), flush=True)");\n}\n'
    )
    program = capi_host.build(source, "-D_GNU_SOURCE", "-ldl")
    done = capi_host.run(program, env={"PYWASMEDGE_PYTHON": sys.executable}, cwd="/")
    expected = [sys.prefix, sys.base_prefix, sys.executable, [*sys.version_info[:2]]]
    assert json.loads(done.stdout) == expected


# --- hosts that load the library ------------------------------------------------------------------


@pytest.fixture(scope="module")
def loader() -> Path:
    return capi_host.build("start_dlopen.c", "-D_GNU_SOURCE", "-ldl")


def test_dlopen_local_by_a_relative_path(loader: Path) -> None:
    done = capi_host.run(loader, f"./{LIBRARY.name}", env=NOTHING, cwd=LIBRARY.parent)
    assert (done.stdout, done.stderr) == ("made\n", "")


def test_same_library_twice(loader: Path, tmp_path: Path) -> None:
    link = tmp_path / "libwasmedge_c.so"
    link.symlink_to(LIBRARY)
    done = capi_host.run(loader, LIBRARY, link, env=NOTHING)
    assert (done.stdout, done.stderr) == ("made\nmade\n", "")


@pytest.mark.parametrize("whole_package", [False, True])
def test_second_copy_of_the_library(loader: Path, tmp_path: Path, whole_package: bool) -> None:
    copy = tmp_path / "pywasmedge" / LIBRARY.name
    if whole_package:
        shutil.copytree(PACKAGE, copy.parent)
    else:
        copy.parent.mkdir()
        shutil.copy(LIBRARY, copy)
    done = capi_host.run(loader, LIBRARY, copy, env=NOTHING)
    assert done.returncode == 0
    assert done.stdout == "made\nNULL\n"
    assert "another copy of the library" in done.stderr
    assert str(PACKAGE) in done.stderr
    assert str(copy) in done.stderr


CTYPES = """
import ctypes, sys, threading
if "before" in sys.argv:
    import pywasmedge.capi
load = getattr(ctypes, sys.argv[1])  # CDLL lets go of the interpreter lock, PyDLL does not
library = load(sys.argv[2])
create = library.WasmEdge_LoaderCreate
create.argtypes, create.restype = [ctypes.c_void_p], ctypes.c_void_p
made = []
threads = [threading.Thread(target=lambda: made.append(create(None))) for _ in range(4)]
for thread in threads:
    thread.start()
made.append(create(None))
for thread in threads:
    thread.join()
assert all(made), made
if "after" in sys.argv:
    import pywasmedge
    from pathlib import Path
    assert pywasmedge.Loader().parse_bytes(Path(sys.argv[3]).read_bytes())
if "bare" in sys.argv:
    assert "site" not in sys.modules
print("made")
"""


def ctypes_host(python: str, *arguments: str, env: dict[str, str]) -> str:
    done = capi_host.run(python, *arguments, env=env, cwd="/")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("load", ["CDLL", "PyDLL"])
@pytest.mark.parametrize("when", ["before", "after", "never"])
def test_host_in_python(load: str, when: str) -> None:
    environment = {"PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), *sys.path[1:]])}
    arguments = [load, str(LIBRARY), str(GUEST), when]
    assert ctypes_host(sys.executable, "-c", CTYPES, *arguments, env=environment) == "made\n"


BUSY_FINDERS = """
import ctypes, sys, threading
from importlib.machinery import ModuleSpec
asked, wrong, ready, ended = set(), [], threading.Event(), threading.Event()
class Finder:
    def __init__(self, is_last):
        self.is_last = is_last
    def find_spec(self, name, path=None, target=None):
        if name.startswith("probe"):
            asked.add(self)
            return ModuleSpec(name, self) if self.is_last else None
    def create_module(self, spec):
        return None
    exec_module = create_module
finders = [Finder(False) for _ in range(100)] + [Finder(True)]
def import_probes():
    number = 0
    while not ended.is_set() and not wrong:
        asked.clear()
        try:
            __import__(f"probe{number}")
            if len(asked) != len(finders):
                wrong.append("a finder was not asked")
        except ImportError as error:
            wrong.append(error)
        number += 1
        ready.set()
sys.meta_path += finders
sys.setswitchinterval(1e-6)
thread = threading.Thread(target=import_probes)
thread.start()
ready.wait()
create = ctypes.CDLL(sys.argv[1]).WasmEdge_LoaderCreate
create.argtypes, create.restype = [ctypes.c_void_p], ctypes.c_void_p
loader = create(None)
ended.set()
thread.join()
assert loader and not wrong, wrong
"""


def test_a_thread_of_the_host_imports_while_the_library_starts() -> None:
    """Threads go through the list of finders all the time: nothing may vanish from it."""
    assert (
        ctypes_host(base_python(), "-I", "-S", "-c", BUSY_FINDERS, str(LIBRARY), env=NOTHING) == ""
    )


def base_python() -> str:
    """The interpreter below the virtual environment of these tests."""
    base: str = getattr(sys, "_base_executable", sys.executable)
    return base


def test_host_in_the_python_below_the_environment() -> None:
    """It has neither the package nor what that needs; the library knows where they are."""
    arguments = ["-I", "-S", "-c", CTYPES, "CDLL", str(LIBRARY), str(GUEST), "bare"]
    assert ctypes_host(base_python(), *arguments, env=NOTHING) == "made\n"


def libpython() -> list[str]:
    """Arguments for compiling a host that embeds Python; skips without its development files."""
    include = Path(sysconfig.get_path("include"))
    directory = sysconfig.get_config_var("LIBDIR")
    name = sysconfig.get_config_var("LDLIBRARY") or ""
    if not (include / "Python.h").is_file() or not (Path(directory) / name).is_file():
        pytest.skip("no header files or no shared library of Python")
    library = name.removeprefix("lib").removesuffix(".so")
    link = ["-Wl,--no-as-needed", f"-L{directory}", f"-l{library}", f"-Wl,-rpath,{directory}"]
    return [f"-isystem{include}", *link]


def test_host_that_embeds_python() -> None:
    program = capi_host.build("start_embed.c", *libpython())
    # What Python a host gets without a path depends on its working directory.
    done = capi_host.run(program, GUEST, env={"PATH": str(Path(base_python()).parent)})
    assert (done.stdout, done.stderr) == ("True\n", "")


# --- what can be broken ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ("/no/such/python", "there is no such program"),
        ("no-such-python", "there is no such program"),
        ("/", "there is no such program"),
    ],
)
def test_wrong_interpreter_named(host: Path, named: str, reason: str) -> None:
    message = fails(host, PYWASMEDGE_PYTHON=named)
    assert f"{named} (environment variable PYWASMEDGE_PYTHON): {reason}" in message
    assert "Set PYWASMEDGE_PYTHON" in message


def test_program_that_is_no_python(host: Path, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "python3"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    message = fails(host, PYWASMEDGE_PYTHON=str(program))
    assert f"no standard library of Python 3.{sys.version_info[1]} in {tmp_path}/lib" in message


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "installation")


def test_an_installation_of_its_own(host: Path, installation: Installation) -> None:
    installation.add("_cffi_backend.*so", "cffi", "llvmlite")
    named = str(installation.executable)
    assert succeeds(host, "run", PYWASMEDGE_PYTHON=named) == "6765\n"
    directory = str(installation.executable.parent)
    name = installation.executable.name
    assert succeeds(host, "run", PYWASMEDGE_PYTHON=name, PATH=f"/nowhere:{directory}") == "6765\n"


def test_packages_that_only_site_finds(host: Path, installation: Installation) -> None:
    places = [path for path in sys.path if path.endswith("-packages")]
    (installation.packages / "more.pth").write_text("\n".join(places))
    named = str(installation.executable)
    assert succeeds(host, "run", PYWASMEDGE_PYTHON=named) == "6765\n"


def test_package_missing(host: Path, installation: Installation) -> None:
    message = installation.run(host)
    assert "No module named '_cffi_backend'" in message
    installation.add("_cffi_backend.*so", "cffi")
    message = installation.run(host)
    assert "No module named 'llvmlite'" in message
    assert "Install the library again with pip" in message


@pytest.mark.parametrize("module", ["encodings", "os.py", "codecs.py"])
def test_standard_library_broken(host: Path, installation: Installation, module: str) -> None:
    """Python would end the process."""
    path = installation.stdlib / module
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert "no standard library of Python 3." in installation.run(host)


def test_standard_library_incomplete(host: Path, installation: Installation) -> None:
    installation.add("_cffi_backend.*so", "cffi", "llvmlite")
    (installation.stdlib / "threading.py").unlink()
    assert "No module named 'threading'" in installation.run(host)


def test_no_shared_library(host: Path, installation: Installation) -> None:
    """A version of which the loader has none either."""
    named = installation.executable.rename(installation.executable.parent / "python3.99")
    installation.stdlib.rename(installation.stdlib.parent / "python3.99")
    message = fails(host, PYWASMEDGE_PYTHON=str(named))
    assert "shared library cannot be loaded: libpython3.99.so.1.0" in message


def test_configuration_of_newer_releases(host: Path, installation: Installation) -> None:
    """Options of Python 3.14 and later, and its way of saying that it cannot be started."""
    named = installation.executable.rename(installation.executable.parent / "python3.99")
    installation.stdlib.rename(installation.stdlib.parent / "python3.99")
    library = installation.library.parent / "libpython3.99.so.1.0"
    source = capi_host.SOURCES / "start_modern.c"
    command = [capi_host.compiler(), *capi_host.WARNINGS, "-shared", "-fPIC", source, "-o", library]
    subprocess.run(command, check=True)
    message = fails(host, PYWASMEDGE_PYTHON=str(named))
    asked = message.partition("Python cannot be started: ")[2].partition("\n")[0].split()
    assert sorted(asked) == [
        "isolated=0",
        "pathconfig_warnings=0",
        f"program_name={named}",
        "site_import=0",
        "user_site_directory=1",
        "utf8_mode=1",
    ]


def test_only_interpreters_of_other_versions(tmp_path: Path) -> None:
    """The directory of the package tells for which version its dependencies are."""
    packages = tmp_path / "lib" / "python3.99" / "site-packages"
    shutil.copytree(PACKAGE, packages / "pywasmedge")
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin" / "python3"
    python.symlink_to(os.path.realpath(sys.executable))
    host = capi_host.build("start.c", library=packages / "pywasmedge" / LIBRARY.name)
    message = fails(host, PATH=str(tmp_path / "bin"))
    present = f"is Python 3.{sys.version_info[1]}, not 3.99"
    assert f"{python} (environment of the library): {present}" in message
    assert f"(built the library): {present}" in message
    assert f"{python} (PATH): {present}" in message


def test_file_that_names_the_interpreter(tmp_path: Path, installation: Installation) -> None:
    copy = tmp_path / "pywasmedge"
    shutil.copytree(PACKAGE, copy)
    host = capi_host.build("start.c", library=copy / LIBRARY.name)
    (copy / "python_path").write_text(f"{installation.executable}\n")
    assert "No module named '_cffi_backend'" in fails(host)
    installation.add("_cffi_backend.*so", "cffi", "llvmlite")
    assert succeeds(host, "run") == "6765\n"
    (copy / "python_path").write_text("/no/longer/there\n")
    assert succeeds(host, "run") == "6765\n", "the interpreter of the build"


def test_library_without_its_package(tmp_path: Path) -> None:
    """A copy of the file alone is enough only where Python finds the package."""
    copy = tmp_path / "lib" / LIBRARY.name
    copy.parent.mkdir()
    shutil.copy(LIBRARY, copy)
    host = capi_host.build("start.c", library=copy)
    installation = Installation(tmp_path / "installation")
    installation.add("_cffi_backend.*so", "cffi", "llvmlite")
    message = installation.run(host)
    assert "No module named 'pywasmedge'" in message
    assert str(copy) in message
    (installation.packages / "pywasmedge").symlink_to(PACKAGE)
    assert succeeds(host, "run", PYWASMEDGE_PYTHON=str(installation.executable)) == "6765\n"


def test_package_of_another_build(tmp_path: Path) -> None:
    """What the two shared objects know about each other must be the same."""
    copy = tmp_path / "pywasmedge"
    shutil.copytree(PACKAGE, copy)
    native = next(copy.glob("_native*.so"))
    content = native.read_bytes()
    library = (copy / LIBRARY.name).read_bytes()
    digests = {content[at : at + 16] for at in places_of_digests(content)}
    digest = next(d for d in digests if d + b"\0" in library)
    native.write_bytes(content.replace(digest, digest[::-1]))
    host = capi_host.build("start.c", library=copy / LIBRARY.name)
    done = run(host, "try", PYWASMEDGE_PYTHON=sys.executable)
    assert done.stdout == "loader NULL\nparse 0x04\n"
    assert "built from other sources" in done.stderr


def test_messages_are_only_for_failures(host: Path) -> None:
    """A file that is not there is no reason to talk about Python."""
    done = capi_host.run(host, "try", "/no/such/file.wasm", env=NOTHING)
    assert "libwasmedge_c.so:" not in done.stderr
    assert done.stdout == "loader made\nparse 0x20\n"
