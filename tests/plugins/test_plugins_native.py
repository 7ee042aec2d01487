"""Plugins in shared libraries, in each kind of host."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import capi_host
import pytest
from forwarder import binary
from plugin_hosts import (
    COUNT,
    EXTENSION_MODULES,
    TYPES,
    command,
    environment,
    library,
    plugin_folder,
    python,
)

from pywasmedge import FunctionType, ValType

if TYPE_CHECKING:
    from collections.abc import Callable

    Build = Callable[..., Path]


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library("probe.c", tmp_path_factory.mktemp("plugins") / "probe.so")


USE = """
from pywasmedge import VM, plugins
from forwarder import Guest
from plugin_hosts import TYPES
plugins.load_default()
def text(guest):
    length = guest.call("describe", 0, 500)
    return bytes(guest.memory[:length]).decode()
"""


def test_in_python(probe: Path, tmp_path: Path) -> None:
    code = """
plugin = plugins.find("probe")
assert (plugin.version, plugin.description, len(plugin.options)) == ("1.2.3.4", "For tests.", 12)
print([module.name for module in plugin.modules], plugin.file)
with VM() as one, VM() as other:
    guests = [Guest(vm, "probe_module", TYPES) for vm in (one, one, other)]
    print([guest.call("count") for guest in guests])
    print(text(guests[0]))
print("closed")
"""
    found = python(USE + code, tmp_path, probe, PROBE_ENDS="1").splitlines()
    errors = [line for line in found if "[error]" in line]
    assert len(errors) == 2  # one per VM
    assert all(line.endswith("plugin probe: module none: it was not created") for line in errors)
    assert sorted(line for line in found if line.startswith("end")) == [
        "end after 1",
        "end after 2",
    ]
    assert [line for line in found if not line.startswith("end") and line not in errors] == [
        f"['probe_module', 'none'] {probe}",
        "[1, 2, 1]",
        "0 0 0 -7 0 0 0 0 0 0 2.5 grain|5",
        "closed",
    ]


VALUES = {
    "toggle": "1",
    "i8": "-128",
    "i16": "-32768",
    "i32": "-2147483648",
    "i64": "-9223372036854775808",
    "u8": "255",
    "u16": "65535",
    "u32": "4294967295",
    "u64": "18446744073709551615",
    "f32": "0.5",
    "f64": "1e+300",
    "text": "grün",
}
DESCRIBED = " ".join(VALUES.values()) + "|5"


def test_options_in_python(probe: Path, tmp_path: Path) -> None:
    code = f"""
plugin = plugins.find("probe")
for name, value in {VALUES!r}.items():
    plugin.option("probe-" + name).set(value)
with VM() as vm:
    print(text(Guest(vm, "probe_module", TYPES)))
for name, value in ("i8", "128"), ("u64", "-1"), ("f64", "x"), ("i32", ""), ("toggle", "yes"):
    try:
        plugin.option("probe-" + name).set(value)
    except plugins.PluginError as error:
        print(error)
"""
    lines = python(USE + code, tmp_path, probe).splitlines()[1:]
    assert lines[0] == DESCRIBED
    assert [line.partition(":")[0] for line in lines[1:]] == [
        f"option --probe-{name}" for name in ("i8", "u64", "f64", "i32", "toggle")
    ]


def test_options_in_the_command(probe: Path, tmp_path: Path) -> None:
    page = command("--help", home=tmp_path, path=probe)
    for name in VALUES:
        assert f"--probe-{name}" in page.stdout
    assert "Probe. [probe]" in page.stdout
    guest = tmp_path / "guest.wasm"
    guest.write_bytes(binary("probe_module", TYPES))
    words = ["--probe-toggle", "--probe-i8=-3", "--probe-text", "word"]
    done = command(*words, "--reactor", guest, "describe", 0, 500, home=tmp_path, path=probe)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{len('1 -3 0 -7 0 0 0 0 0 0 2.5 word|4')}\n"
    done = command("--probe-i8=x", "--reactor", guest, "count", home=tmp_path, path=probe)
    assert done.returncode == 1
    assert done.stderr == "wasmedge: option --probe-i8: no value of type int: x\n"
    forbidden = ("--forbidden-plugin", "probe", "--reactor", guest, "count")
    done = command(*forbidden, home=tmp_path, path=probe)
    assert done.returncode == 1
    assert "unknown import" in done.stderr
    done = command("--no-plugins", "--reactor", guest, "count", home=tmp_path, path=probe)
    assert done.returncode == 1
    assert "unknown import" in done.stderr


def test_in_c(probe: Path, tmp_path: Path) -> None:
    program = capi_host.build("plugin_host.c")
    guest = tmp_path / "guest.wasm"
    guest.write_bytes(binary("probe_module", TYPES))
    done = capi_host.run(program, guest, probe, COUNT, env=environment(tmp_path, probe))
    assert done.returncode == 0, done.stdout + done.stderr


# --- what is refused -------------------------------------------------------------------------


def refusal(file: Path, home: Path) -> str:
    """Why the command does not load a file; the file stays the only one it complains about."""
    done = command("plugin", "list", home=home, path=file)
    assert done.returncode == 0, done.stderr
    assert "wasmedge_process 0.10.0" in done.stdout
    lines = done.stdout[done.stdout.index("refused") :].splitlines()
    assert lines[0] == f"refused {file}"
    assert len(lines) == 2
    assert f"plugin skipped: {file}: {lines[1].strip()}" in done.stderr
    return lines[1].strip()


LOUD = "__attribute__((constructor)) static void loud(void) { __builtin_trap(); }\n"


@pytest.mark.parametrize(
    ("name", "source", "reason"),
    [
        ("plain.c", LOUD, "no plugin: it does not define WasmEdge_Plugin_GetDescriptor"),
        (
            "old.cpp",
            LOUD
            + "namespace WasmEdge { struct Plugin { static bool add(); }; }\n"
            + "bool added() { return WasmEdge::Plugin::add(); }\n",
            "a C++ plugin: it depends on internal classes of WasmEdge and cannot be loaded",
        ),
        (
            "later.cpp",
            LOUD + 'extern "C" void *GetDescriptor() { return nullptr; }\n',
            "a C++ plugin of a later WasmEdge, which cannot be loaded",
        ),
        (
            "null.c",
            "void *WasmEdge_Plugin_GetDescriptor(void) { return 0; }\n",
            "it gives no descriptor",
        ),
        (
            "nameless.c",
            "#include <wasmedge/plugin.h>\nstatic WasmEdge_PluginDescriptor d = {.APIVersion = 1};"
            "const WasmEdge_PluginDescriptor *WasmEdge_Plugin_GetDescriptor(void) { return &d; }\n",
            "a plugin without a name",
        ),
        (
            "damaged.c",
            "#include <wasmedge/plugin.h>\nstatic WasmEdge_PluginDescriptor d ="
            ' {.Name = "d", .APIVersion = 1, .ModuleCount = 1};'
            "const WasmEdge_PluginDescriptor *WasmEdge_Plugin_GetDescriptor(void) { return &d; }\n",
            "the descriptor is damaged",
        ),
    ],
)
def test_refused(name: str, source: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(source)
    file = library(tmp_path / name, tmp_path / "plugin.so", "-Wno-missing-field-initializers")
    assert refusal(file, tmp_path) == reason


def test_a_library_that_needs_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "need.c").write_text(
        "void *nowhere(void);\nvoid *WasmEdge_Plugin_GetDescriptor(void) { return nowhere(); }\n"
    )
    file = library(tmp_path / "need.c", tmp_path / "need.so")
    assert "undefined symbol: nowhere" in refusal(file, tmp_path)


def test_another_version_of_the_interface(tmp_path: Path) -> None:
    file = library("probe.c", tmp_path / "probe.so", "-DAPI_VERSION=5")
    assert refusal(file, tmp_path) == "made for version 5 of the plugin interface, not 1"


@pytest.mark.parametrize("cut", [0, 3, 4, 20, 64, 500, -1, -64])
def test_files_that_are_cut_off(probe: Path, cut: int, tmp_path: Path) -> None:
    file = tmp_path / "cut.so"
    file.write_bytes(probe.read_bytes()[:cut])
    assert refusal(file, tmp_path) in ("no shared library", "a damaged shared library")


def test_another_machine(probe: Path, tmp_path: Path) -> None:
    data = bytearray(probe.read_bytes())
    for offset, value, reason in (
        (18, 0x28, "a shared library for another machine"),
        (4, 1, "no shared library for this machine"),
    ):
        changed = bytearray(data)
        changed[offset] = value
        file = tmp_path / f"other{offset}.so"
        file.write_bytes(changed)
        assert refusal(file, tmp_path) == reason


def test_two_plugins_of_one_name(probe: Path, tmp_path: Path) -> None:
    second = library("probe.c", tmp_path / "second.so")
    done = command("plugin", "list", home=tmp_path, path=f"{probe}:{second}")
    assert f"{second}: a plugin probe is there already from {probe}" in done.stderr
    assert done.stdout.count("probe 1.2.3.4\n") == 1


# --- examples --------------------------------------------------------------------------------

EXAMPLES = capi_host.ROOT / "c_examples" / "plugins"


def test_zlib(tmp_path: Path) -> None:
    file = library(EXAMPLES / "zlib.c", tmp_path / "zlib.so", "-lz")
    guest = EXAMPLES / "zlib_guest.wasm"
    done = command("--zlib-level=9", guest, home=tmp_path, path=file)
    assert (done.returncode, done.stdout) == (0, "compressed, too small a room: -5\n"), done.stderr
    done = command("--zlib-level=0", guest, home=tmp_path, path=file)
    assert (done.returncode, done.stdout) == (1, "")  # the result is longer than the text


def test_zlib_beyond_memory(tmp_path: Path) -> None:
    file = library(EXAMPLES / "zlib.c", tmp_path / "zlib.so", "-lz")
    type_ = FunctionType((ValType.I32,) * 4, (ValType.I32,))
    guest = tmp_path / "guest.wasm"
    guest.write_bytes(binary("zlib", {"compress": type_, "uncompress": type_}))
    for name in ("compress", "uncompress"):
        for args in ((65536, 1, 0, 8), (0, 65537, 0, 8), (0, 1, 65537, 8), (0, 1, 0, 65533)):
            done = command("--reactor", guest, name, *args, home=tmp_path, path=file)
            assert done.returncode == 1, args
            assert "host function failed" in done.stderr


def test_guest_of_wasmedge_process(tmp_path: Path) -> None:
    guest = EXAMPLES / "process_guest.wasm"
    words = (guest, "sh", "-c", "cat; echo $GUEST >&2; exit 3")
    done = command("--allow-command=sh", *words, home=tmp_path, path="")
    assert done.returncode == 3, done.stderr
    assert done.stdout == "status 3\noutput (5 bytes): input\nerrors (4 bytes): yes\n\n"
    done = command(*words, home=tmp_path, path="")
    assert done.returncode == 255
    assert 'Permission denied: Command "sh" is not in the white list.' in done.stdout


def test_plugins_of_all_languages_in_one_run(tmp_path: Path) -> None:
    """From the command, from C and from Python; test_go.py has them in Go."""
    (tmp_path / "p").mkdir()
    plugin_folder(tmp_path / "p", tmp_path)
    done = command("plugin", "list", home=tmp_path, path=tmp_path / "p")
    assert "none Cannot be made." in done.stdout
    for name in ("probe_module", "cxx_module", "python_module", "wasmedge_process"):
        assert f"\n  module  {name}" in done.stdout
    code = "with VM() as vm: print(vm.store.names())"
    lines = python(USE + code, tmp_path, tmp_path / "p").splitlines()
    expected = sorted(["cxx_module", "probe_module", "python_module", *EXTENSION_MODULES])
    assert lines[-1] == repr(expected)
    source = tmp_path / "host.c"
    source.write_text(
        '#include "harness.h"\nint main(void) {\n  WasmEdge_Plugin_loadWithDefaultPluginPaths();\n'
        "  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);\n  WasmEdge_String names[99];\n"
        "  WasmEdge_StoreContext *store = WasmEdge_VMGetStoreContext(vm);\n"
        "  const uint32_t count = WasmEdge_StoreListModule(store, names, 99);\n"
        "  for (uint32_t i = 0; i < count; i++)\n"
        '    printf("%.*s\\n", (int)names[i].Length, names[i].Buf);\n'
        "  WasmEdge_VMDelete(vm);\n  return 0;\n}\n"
    )
    ran = capi_host.run(capi_host.build(source), env=environment(tmp_path, tmp_path / "p"))
    assert (ran.returncode, ran.stdout.splitlines()) == (0, expected), ran.stderr


def test_wasmedge_process_in_c(tmp_path: Path) -> None:
    program = capi_host.build("plugin_process.c")
    done = capi_host.run(program, EXAMPLES / "process_guest.wasm", env=environment(tmp_path))
    assert done.returncode == 0, done.stderr


def test_wasmedge_process_in_python(tmp_path: Path) -> None:
    code = """
from pywasmedge import Configure, HostRegistration
process = HostRegistration.WASMEDGE_PROCESS
for registrations in set(), {process}:
    forbidden = frozenset(["wasmedge_process"])  # has no effect on this one
    with VM(Configure(host_registrations=registrations, forbidden_plugins=forbidden)) as vm:
        print(vm.store.names(), vm.import_module(process))
"""
    before = "from pywasmedge import Configure, HostRegistration, VM\n" + (
        "c = Configure(host_registrations={HostRegistration.WASMEDGE_PROCESS})\n"
        "assert VM(c).store.names() == []\n"
    )
    assert python(before + USE + code, tmp_path).splitlines() == [
        f"{EXTENSION_MODULES} None",
        f"{sorted([*EXTENSION_MODULES, 'wasmedge_process'])}"
        " <ModuleInstance 'wasmedge_process': 11 exports>",
    ]
