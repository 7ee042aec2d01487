"""What plugins share in a VM, and what they reach in the name of guests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from forwarder import Guest

from pywasmedge import VM, WASI, Configure, HostModule, HostRegistration, i32
from pywasmedge.plugins import Plugin, PluginOption, Requirement, Surroundings
from pywasmedge.plugins.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path


class Shared:
    """What the two modules of the plugin share."""

    made: list[Shared] = []  # noqa: RUF012

    def __init__(self, surroundings: Surroundings | None = None) -> None:
        self.made.append(self)
        self.surroundings = surroundings
        self.count = 0


def counter(name: str) -> HostModule:
    host = HostModule(name, state=Shared)

    @host.function
    def count(shared: Shared) -> i32:
        shared.count += 1
        return shared.count

    return host


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Plugin:
    """A plugin of two modules, the only one that is loaded."""
    Shared.made.clear()
    made = Plugin(
        "two",
        [counter("one"), counter("other")],
        state=Shared,
        options=[PluginOption("two-level", int, 1)],
    )
    registry = Registry()
    registry.add(made)
    monkeypatch.setattr("pywasmedge.plugins.registry.registry", registry)
    return made


def call(vm: VM, name: str) -> int:
    types = {"count": counter(name).functions["count"].type}
    return int(Guest(vm, name, types).call("count"))


def test_modules_of_a_plugin_share_their_state_in_one_vm(plugin: Plugin) -> None:
    first, second = VM(), VM()
    assert [call(first, "one"), call(first, "other"), call(first, "one")] == [1, 2, 3]
    assert [call(second, "other"), call(second, "one")] == [1, 2]


def test_modules_made_one_by_one_share_until_one_comes_again(plugin: Plugin) -> None:
    vms = []
    for _ in range(2):
        vm = VM(Configure(forbidden_plugins=["two"]))
        for name in ("one", "other"):
            vm.register_module(plugin.create(name))
        vms.append(vm)
    assert [call(vms[0], "one"), call(vms[0], "other"), call(vms[1], "other")] == [1, 2, 1]


def test_options_are_those_of_the_time_when_the_vm_was_made(plugin: Plugin) -> None:
    plugin.option("two-level").set("7")
    vm = VM()
    plugin.option("two-level").set("8")
    assert plugin.surroundings().options == {"two-level": 8}
    assert call(vm, "one") == 1
    found = Shared.made[0].surroundings
    assert found is not None
    assert found.options == {"two-level": 7}


# --- files and addresses --------------------------------------------------------------------------


def around(wasi: WASI | None) -> Surroundings:
    """The surroundings of a plugin in a VM with this WASI module."""
    vm = VM()
    if wasi is not None:
        vm.register_module(wasi)
    module = HostModule("empty").instantiate()
    vm.register_module(module)
    made = Surroundings()
    made.add(module)
    made.kept = vm, module  # type: ignore[attr-defined]
    return made


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("in/deep", "out"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "in/file").write_text("inside")
    (tmp_path / "in/deep/file").write_text("deep")
    (tmp_path / "out/secret").write_text("secret")
    (tmp_path / "in/link").symlink_to("../out/secret")
    (tmp_path / "in/absolute").symlink_to(tmp_path / "out/secret")
    return tmp_path


def content(surroundings: Surroundings, path: str | bytes) -> str:
    with open(surroundings.open(path)) as file:
        return file.read()


@pytest.mark.parametrize(
    ("preopens", "path", "expected"),
    [
        ({"/data": "in"}, "/data/file", "inside"),
        ({"/data": "in"}, b"/data/deep/../file", "inside"),
        ({"/": "in"}, "/deep/file", "deep"),
        ({".": "in"}, "deep/file", "deep"),
        ({".": "in"}, "./file", "inside"),
        ({"/": "out", "/deep": "in"}, "/deep/file", "inside"),  # the longest name that fits
    ],
)
def test_files_of_the_guest(
    tree: Path, preopens: dict[str, str], path: str | bytes, expected: str
) -> None:
    wasi = WASI(preopens={name: tree / folder for name, folder in preopens.items()})
    before = len(wasi.env.table)
    assert content(around(wasi), path) == expected
    assert len(wasi.env.table) == before


@pytest.mark.parametrize(
    "path",
    [
        "/data/../out/secret",
        "/data/link",
        "/data/absolute",
        "/data/missing",
        "/data/deep",
        "/data",
        "/datafile",
        "/out/secret",
        "file",
        "",
        "/data/\0",
        "/data/" + "x" * 5000,
    ],
)
def test_files_that_are_not_the_guests(tree: Path, path: str) -> None:
    wasi = WASI(preopens={"/data": tree / "in"})
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError):
        around(wasi).open(path)
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_host_path_of_a_file_is_no_path_of_the_guest(tree: Path) -> None:
    with pytest.raises(OSError):
        around(WASI(preopens={"/data": tree / "in"})).open(str(tree / "in/file"))


def test_writing(tree: Path) -> None:
    writable = around(WASI(preopens={"/data": tree / "in"}))
    with open(writable.open("/data/new", write=True), "w") as file:
        file.write("news")
    assert (tree / "in/new").read_text() == "news"
    readonly = around(WASI(preopens=[f"/data:{tree / 'in'}:readonly"]))
    with pytest.raises(PermissionError):
        readonly.open("/data/new", write=True)
    assert (tree / "in/new").read_text() == "news"
    assert content(readonly, "/data/new") == "news"


def test_without_wasi_there_is_nothing(tree: Path) -> None:
    for attempt in (
        lambda: around(None).open(str(tree / "in/file")),
        lambda: around(None).connect("127.0.0.1", 1),
        lambda: Surroundings().open("file"),
    ):
        with pytest.raises(PermissionError, match="no WASI"):
            attempt()


@pytest.fixture
def port() -> Any:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    ("rules", "host", "allowed"),
    [
        ("tcp:127.0.0.1:*", "127.0.0.1", True),
        ("tcp", "localhost", False),
        ("tcp,dns", "localhost", True),
        ("tcp:127.0.0.2:*", "127.0.0.1", False),
        ("udp", "127.0.0.1", False),
        ("tcp:127.0.0.1:1", "127.0.0.1", False),
        ("", "127.0.0.1", False),
        ("dns", "localhost", False),
    ],
)
def test_addresses(port: int, rules: str, host: str, allowed: bool) -> None:
    surroundings = around(WASI(network=rules))
    if allowed:
        with surroundings.connect(host, port, 10.0) as connection:
            assert connection.getpeername()[1] == port
    else:
        with pytest.raises(PermissionError):
            surroundings.connect(host, port, 10.0)


def test_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        around(WASI(network=True)).connect("127.0.0.1", port, 10.0)


def test_wasi_that_the_vm_made_itself(plugin: Plugin) -> None:
    vm = VM(Configure(host_registrations=[HostRegistration.WASI]))
    assert call(vm, "one") == 1
    surroundings = Shared.made[0].surroundings
    assert surroundings is not None
    with pytest.raises(FileNotFoundError):
        surroundings.open("/etc/passwd")


# --- packages that plugins need -------------------------------------------------------------------


def test_packages_are_listed_with_their_versions() -> None:
    here, missing = Requirement("cffi", "cffi"), Requirement("no", "no-such-package-here", "ask")
    assert here.version() == __import__("cffi").__version__
    assert missing.version() is None
    assert (here.install, missing.install) == ("pip install cffi", "ask")


def test_needs_in_the_list(tmp_path: Path) -> None:
    (tmp_path / "needy.py").write_text(
        "from pywasmedge.plugins import Plugin, Requirement\n"
        "plugin = Plugin('needy', requires=[Requirement('cffi', 'cffi'),\n"
        "    Requirement('none', 'no-such-package-here', \"pip install 'x[y]'\")])\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pywasmedge", "plugin", "list"],
        env={**os.environ, "HOME": str(tmp_path), "WASMEDGE_PLUGIN_PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"  needs   cffi {__import__('cffi').__version__}\n" in done.stdout
    assert "  needs   no-such-package-here is missing: pip install 'x[y]'\n" in done.stdout
