"""Finding and loading plugins; those written in Python."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from forwarder import Guest
from plugin_hosts import SHIPPED_NAMES

from pywasmedge import VM, Configure, HostModule
from pywasmedge.plugins import Plugin, PluginError, PluginModule, PluginOption, search
from pywasmedge.plugins.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SMALL = """\
\"\"\"A small plugin.

More about it.
\"\"\"
from pywasmedge import HostModule, i32
__version__ = "1.5"
host = HostModule({module!r})

@host.function
def answer() -> i32:
    return 42
"""


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Registry:
    """An empty registry, for VMs as well; nothing is installed."""
    made = Registry()
    monkeypatch.setattr("pywasmedge.plugins.registry.registry", made)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("WASMEDGE_PLUGIN_PATH", raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
    return made


def write(path: Path, text: str = SMALL, module: str = "small") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace("{module!r}", repr(module)))
    return path


def names(registry: Registry) -> list[str]:
    return [plugin.name for plugin in registry.loaded()]


def test_a_file(registry: Registry, tmp_path: Path) -> None:
    file = write(tmp_path / "tiny.py")
    (plugin,) = registry.load(file)
    assert (plugin.name, plugin.version, plugin.description, plugin.file) == (
        "tiny",
        "1.5",
        "A small plugin.",
        str(file),
    )
    assert [module.name for module in plugin.modules] == ["small"]
    assert registry.find("tiny") is plugin
    assert registry.find("other") is None
    assert registry.load(file) == []
    with VM() as vm:
        found = vm.store.find("small")
        assert found is not None
        assert found.exports.answer() == 42
    assert VM(Configure(forbidden_plugins=frozenset(["tiny"]))).store.names() == []


def test_order_and_folders(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for name in ("b/deep.py", "a.py", "_left.py", ".hidden/x.py", "data.txt"):
        write(one / name, module=name)
    write(one / "package" / "__init__.py", module="package")
    write(one / "package" / "part.py", module="part")
    write(two / "a.py", module="second")
    write(tmp_path / "home/.wasmedge/plugin/mine.py", module="mine")
    beside = write(tmp_path / "lib/wasmedge/beside.py", module="beside")
    monkeypatch.setattr(search, "_LIBRARY_FOLDER", str(beside.parents[1]))
    info = write(tmp_path / "site/x-1.dist-info/entry_points.txt", "[pywasmedge.plugins]\n"
        "entry = plugin_of_x : nested.host\n\n[console_scripts]\nno = plugin_of_x\n")  # fmt: skip
    write(tmp_path / "site/plugin_of_x.py", SMALL + "class nested:\n    host = host\n", "entry")
    monkeypatch.setenv("WASMEDGE_PLUGIN_PATH", f":{one}:{tmp_path / 'nowhere'}:{two / 'a.py'}:")
    for _ in range(2):
        registry.load_default()
        found = ["a", "deep", "package", "beside", "mine", "entry"]
        assert names(registry) == [*found, *SHIPPED_NAMES]
        assert list(registry.refused()) == [str(two / "a.py")]
    assert registry.find("a").modules[0].name == "a.py"  # type: ignore[union-attr]
    assert info.exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import os\nos._exit(9)\n", "no plugin: it does not use pywasmedge"),
        ("import pywasmedge\n", "no plugin: it declares neither a Plugin nor a HostModule"),
        ("pywasmedge = \n", "fails when it is loaded: SyntaxError"),
        ("import pywasmedge\n1 / 0\n", "fails when it is loaded: ZeroDivisionError"),
        ("import pywasmedge, sys\nsys.exit(3)\n", "fails when it is loaded: SystemExit: 3"),
        ("import pywasmedge_of_nobody\n", "fails when it is loaded: ModuleNotFoundError"),
        (SMALL + "host.function(lambda a: a)\n", "fails when it is loaded: TypeError"),
        (SMALL + "other = HostModule('small')\n", "two modules are called small"),
        (
            "from pywasmedge.plugins import Plugin\na, b = Plugin('a'), Plugin('b')\n",
            "more than one plugin: a, b",
        ),
        ("from pywasmedge.plugins import Plugin\nPlugin('')\n", "a plugin without a name"),
        ("from pywasmedge.plugins import Plugin\nPlugin('x', [3])\n", "3 is no module"),
    ],
)
def test_files_that_are_refused(
    registry: Registry,
    tmp_path: Path,
    text: str,
    reason: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    file = write(tmp_path / "folder" / "bad.py", text)
    good = write(tmp_path / "folder" / "good.py")
    assert [plugin.file for plugin in registry.load(file.parent)] == [str(good)]
    assert reason in registry.refused()[str(file)]
    assert f"plugin skipped: {file}: " in capfd.readouterr().err
    registry.load(file.parent)
    assert capfd.readouterr().err == ""
    with pytest.raises(PluginError, match=re.escape(reason)):
        registry.load(file)


def test_a_path_that_does_not_exist(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="there is no such file"):
        registry.load(tmp_path / "nowhere.py")


def test_an_entry_point_that_fails(
    registry: Registry, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(
        tmp_path / "site/y-1.egg-info/entry_points.txt",
        "[pywasmedge.plugins]\none = nowhere_at_all\ntwo = os:nothing\nthree = os:path [extra]\n",
    )
    registry.load_default()
    assert names(registry) == SHIPPED_NAMES
    reasons = registry.refused()
    assert "ModuleNotFoundError" in reasons["entry point one = nowhere_at_all"]
    assert "AttributeError" in reasons["entry point two = os:nothing"]
    assert "no plugin" in reasons["entry point three = os:path"]
    assert capfd.readouterr().err.count("plugin skipped: entry point") == 3


def test_what_others_may_write_to(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    folder = tmp_path / "outer" / "inner"
    file = write(folder / "plugin.py")
    for place, mode in (file, 0o666), (folder, 0o777), (folder, 0o1777), (folder.parent, 0o777):
        usual = place.stat().st_mode
        place.chmod(mode)
        with pytest.raises(PluginError, match=re.escape(f"anyone may write to {place}")):
            registry.load(file)
        place.chmod(usual)
    file.chmod(0o666)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert len(registry.load(file)) == 1


def test_modules_that_clash_or_fail(registry: Registry, capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> Any:
        raise ValueError("no luck")

    registry.add(Plugin("one", [HostModule("shared"), PluginModule("failing", fail)]))
    registry.add(Plugin("two", [HostModule("shared"), HostModule("own")]))
    with VM() as vm:
        assert vm.store.names() == ["own", "shared"]
        assert "plugin one: module failing: ValueError('no luck')" in capfd.readouterr().err
        with VM(store=vm.store) as other:
            assert other.store.names() == ["own", "shared"]
    assert vm.store.names() == []
    with pytest.raises(PluginError, match="there already"):
        registry.add(Plugin("one"))
    with pytest.raises(PluginError, match="no module nothing"):
        registry.find("two").create("nothing")  # type: ignore[union-attr]


def test_options() -> None:
    options = {
        type_: PluginOption(f"of-{type_.__name__}", type_)
        for type_ in (str, int, float, bool, list)
    }
    assert [option.value for option in options.values()] == ["", 0, 0.0, False, []]
    for type_, text, value in (
        (str, "x y", "x y"),
        (int, "-3", -3),
        (float, "1e3", 1000.0),
        (bool, "1", True),
        (list, "a", ["a"]),
        (list, "b", ["a", "b"]),
    ):
        options[type_].set(text)
        assert options[type_].value == value
    for type_, text in (int, "1.5"), (float, "x"), (bool, "true"):
        with pytest.raises(PluginError, match=f"of-{type_.__name__}"):
            options[type_].set(text)
    for name in ("", "x", "-x", "_ab", "a b", "ab=", "ä1"):
        with pytest.raises(PluginError, match="no name"):
            PluginOption(name)
    with pytest.raises(PluginError, match="no type"):
        PluginOption("name", dict)


def test_option_names_that_clash(tmp_path: Path) -> None:
    text = SMALL + "from pywasmedge.plugins import PluginOption\none = PluginOption({0!r})\n"
    for name, option in ("a", "reactor"), ("b", "mine"), ("c", "mine"):
        write(tmp_path / "p" / f"{name}.py", text.replace("{0!r}", repr(option)), name)
    environment = {**os.environ, "HOME": str(tmp_path), "WASMEDGE_PLUGIN_PATH": str(tmp_path / "p")}
    command = [sys.executable, "-m", "pywasmedge", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert "plugin a: there is another option --reactor" in done.stderr
    assert "plugin c: there is another option --mine" in done.stderr
    assert done.stdout.count("--mine TEXT") == 1


def test_the_example(registry: Registry) -> None:
    (plugin,) = registry.load(ROOT / "docs" / "examples" / "normalise_plugin.py")
    assert (plugin.name, plugin.version) == ("unicode", "1.0")
    with VM() as vm:
        instance = vm.store.find("unicode")
        assert instance is not None
        types = {
            name: instance.find_function(name).type  # type: ignore[union-attr]
            for name in instance.list_functions()
        }
        guest = Guest(vm, "unicode", types)
        text = guest.put("e\u0301")
        assert guest.call("normalise", *text, 0, 2, 8) == 0
        assert bytes(guest.memory[:2]).decode() == "\xe9"
        assert guest.memory[8] == 2
        assert guest.call("normalise", *text, 0, 1, 8) == 1
        assert guest.call("width", *guest.put("e\u0301漢")) == 3


@pytest.fixture(scope="module")
def guide() -> Iterator[dict[str, str]]:
    text = (ROOT / "docs" / "PLUGINS.md").read_text(encoding="utf-8")
    yield dict(re.findall(r"^```(python|c)\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


def test_the_guide(guide: dict[str, str], tmp_path: Path) -> None:
    """Its first section, as a newcomer follows it."""
    clang = shutil.which("clang-14") or shutil.which("clang") or pytest.skip("needs clang")
    write(tmp_path / ".wasmedge" / "plugin" / "text.py", guide["python"])
    (tmp_path / "guest.c").write_text(guide["c"])
    command = [clang, "--target=wasm32-wasi", "guest.c", "-o", "guest.wasm"]
    if subprocess.run(command, cwd=tmp_path, capture_output=True).returncode:
        pytest.skip("needs wasi-libc")
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "WASMEDGE_PLUGIN_PATH": "",
    }
    outputs = [
        subprocess.run(
            [sys.executable, "-m", "pywasmedge", *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for words in (["plugin", "list"], ["guest.wasm"])
    ]
    assert "    shout(i32, i32, i32, i32) -> (i32)\n" in outputs[0]
    assert outputs[1] == "HELLO\n"
