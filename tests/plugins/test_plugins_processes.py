"""Plugins and the process they are in: threads that load at once, forks, crashes, tools."""

from __future__ import annotations

import signal
from pathlib import Path

import capi_host
import pytest
from forwarder import binary
from memcheck import slow, under_valgrind
from plugin_hosts import COUNT, SHIPPED_NAMES, TYPES, command, environment, library, python


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library("probe.c", tmp_path_factory.mktemp("plugins") / "probe.so")


@pytest.fixture
def guest(tmp_path: Path) -> Path:
    file = tmp_path / "guest.wasm"
    file.write_bytes(binary("probe_module", TYPES))
    return file


def test_threads_and_forks_in_c(probe: Path, guest: Path, tmp_path: Path) -> None:
    program = capi_host.build("plugin_threads.c")
    done = capi_host.run(program, guest, probe, COUNT, env=environment(tmp_path))
    assert done.returncode == 0, done.stderr


def test_threads_in_python(probe: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "a.so").write_bytes(probe.read_bytes())
    (folder / "slow.py").write_text(
        "import time\nfrom pywasmedge import HostModule\nhost = HostModule('slow')\n"
        "print('loaded', flush=True)\ntime.sleep(0.2)\n"
    )
    (folder / "bad.py").write_text("import pywasmedge\nprint('tried', flush=True)\n1 / 0\n")
    code = f"""
import threading
from pywasmedge import plugins
start, found = threading.Barrier(6), []
def load(number):
    start.wait()
    if number % 2:
        plugins.load({str(folder)!r})
    else:
        plugins.load_default()
    found.append([plugins.find(name) is not None for name in ("probe", "slow", "bad")])
threads = [threading.Thread(target=load, args=(n,)) for n in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(found == [[True, True, False]] * 6, sorted(p.name for p in plugins.loaded()))
"""
    lines = python(code, tmp_path, folder).splitlines()
    assert sum("plugin skipped" in line for line in lines) == 1
    assert sorted(line for line in lines if line in ("loaded", "tried")) == ["loaded", "tried"]
    assert lines[-1] == f"True {sorted(['probe', 'slow', *SHIPPED_NAMES])}"


@pytest.mark.long
def test_forks_in_python(probe: Path, tmp_path: Path) -> None:
    """The child loads and uses plugins that the parent was loading, or had loaded."""
    code = """
import os, signal, threading
from forwarder import Guest
from pywasmedge import VM, plugins
from plugin_hosts import TYPES
ended = threading.Event()
def load():
    while not ended.is_set():
        plugins.load_default()
threads = [threading.Thread(target=load) for _ in range(2)]
for thread in threads: thread.start()
statuses = set()
for _ in range(20):
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        status = 1
        try:
            plugins.load_default()
            with VM() as vm:
                status = int(Guest(vm, "probe_module", TYPES).call("count") != 1)
        finally:
            os._exit(status)
    statuses.add(os.waitpid(child, 0)[1])
ended.set()
for thread in threads: thread.join()
print(statuses)
"""
    assert python(code, tmp_path, probe).splitlines()[-1] == "{0}"


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("abort()", -signal.SIGABRT),
        ("*(volatile int *)8 = 1", -signal.SIGSEGV),
        ("__builtin_trap()", -signal.SIGILL),
        ("_exit(7)", 7),
    ],
)
@pytest.mark.parametrize("where", ["constructor", "descriptor"])
def test_a_plugin_that_crashes_ends_the_process(
    action: str, status: int, where: str, tmp_path: Path
) -> None:
    constructor, descriptor = (action, "(void)0") if where == "constructor" else ("(void)0", action)
    (tmp_path / "crash.c").write_text(
        "#include <stdlib.h>\n#include <unistd.h>\n"
        f"__attribute__((constructor)) static void begin(void) {{ {constructor}; }}\n"
        f"void *WasmEdge_Plugin_GetDescriptor(void) {{ {descriptor}; return 0; }}\n"
    )
    file = library(tmp_path / "crash.c", tmp_path / "crash.so", "-Wno-array-bounds")
    done = command("plugin", "list", home=tmp_path, path=file)
    assert (done.returncode, done.stdout) == (status, "")
    code = "import pywasmedge\nprint('alive')"
    assert python(code, tmp_path, file) == "alive\n"  # nothing is loaded unasked


def test_a_crash_does_not_concern_who_loads_no_plugins(tmp_path: Path) -> None:
    source = "void *WasmEdge_Plugin_GetDescriptor(void) { __builtin_trap(); }\n"
    (tmp_path / "crash.c").write_text(source)
    file = library(tmp_path / "crash.c", tmp_path / "crash.so")
    guest = tmp_path / "guest.wasm"
    guest.write_bytes(binary("nothing", {}))
    words = ("--reactor", guest, "no_such_function")
    assert command(*words, home=tmp_path, path=file).returncode == -signal.SIGILL
    done = command("--no-plugins", *words, home=tmp_path, path=file)
    assert done.returncode == 1
    assert "no_such_function" in done.stderr


@slow
def test_valgrind(
    probe: Path, guest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in environment(tmp_path, "").items():
        monkeypatch.setenv(key, value)
    under_valgrind(("plugin_host", (guest, probe, COUNT)), tmp_path)
    process_guest = capi_host.ROOT / "c_examples" / "plugins" / "process_guest.wasm"
    under_valgrind(("plugin_process", (process_guest,)), tmp_path)
