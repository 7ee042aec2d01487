"""Code of earlier runs: the next run uses it, computes the same, and adds to it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import cached_module
import capi_host
import pytest
from metering import sums

import pywasmedge
from pywasmedge import VM, Configure, Loader, Tier, Trap, Validator
from pywasmedge.base.config import HostRegistration
from pywasmedge.cache import flush
from pywasmedge.cache.directory import VARIABLE, Directory, directory
from pywasmedge.cache.limit import entries
from pywasmedge.code.compiled import CompiledModule
from pywasmedge.code.quick import SWITCH
from pywasmedge.compiler.codegen import Level
from pywasmedge.prepare.supply import supply

BEST = max(Level)
PACKAGE = Path(pywasmedge.__file__).parents[1]


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "cache")


def machine(configure: Configure, binary: bytes | None = None) -> VM:
    vm = VM(configure)
    vm.load_wasm(cached_module.binary() if binary is None else binary)
    vm.validate()
    vm.instantiate()
    return vm


def prepared(configure: Configure, binary: bytes | None = None) -> CompiledModule:
    """What a process that starts now finds."""
    module = Loader(configure).parse_bytes(cached_module.binary() if binary is None else binary)
    Validator(configure).validate(module)
    return supply(module.ast, configure, guarded=True)


def functions(compiled: CompiledModule) -> set[int]:
    return {i for i in range(len(compiled.module.funcs)) if compiled.has_code(i)}


def run(configure: Configure, *indices: int) -> None:
    vm = machine(configure)
    for index in indices:
        assert vm.execute(f"f{index}", 5) == cached_module.result(index, 5)
    flush()


def opened(place: str) -> Directory:
    found = directory(place, create=False)
    assert found is not None
    return found


def test_the_next_run_has_the_code_of_the_one_before(place: str) -> None:
    configure = Configure(cache=place, tier=Tier.QUICK)
    assert functions(prepared(configure)) == set()
    run(configure, 1, 2)
    compiled = prepared(configure)
    assert functions(compiled) == {1, 2}
    assert compiled.level(1) == compiled.first_level
    assert [compiled.module.checked[i] for i in (0, 1, 2)] == [1, 1, 1]
    run(configure, 2, 7, 1)
    assert functions(prepared(configure)) == {1, 2, 7}


@pytest.mark.parametrize("tier", list(Tier))
def test_nothing_is_compiled_twice(place: str, tier: Tier, monkeypatch: pytest.MonkeyPatch) -> None:
    configure = Configure(cache=place, tier=tier, lazy=True)
    run(configure, *range(9))

    def fail(*_: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr(CompiledModule, "install", fail)
    nothing = SimpleNamespace(make=lambda: None)
    monkeypatch.setattr(CompiledModule, "improvement", lambda *_: nothing)
    run(configure, *range(9))


def test_kept_quick_code_is_improved(place: str) -> None:
    """Also by a run that compiles nothing at first calls."""
    configure = Configure(cache=place)
    run(configure, 1, 2)
    vm = machine(configure)
    compiled = vm.active_module._core.compiled  # type: ignore[union-attr]
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and {compiled.level(1), compiled.level(2)} != {BEST}:
        assert vm.execute("f1", 5) == cached_module.result(1, 5)
        assert vm.execute("f2", 5) == cached_module.result(2, 5)
    vm.close()
    kept = prepared(configure)
    assert [kept.level(i) for i in (1, 2)] == [BEST, BEST]


def test_many_runs_make_one_file_of_few_parts(place: str) -> None:
    configure = Configure(cache=place, tier=Tier.QUICK)
    for index in range(20):
        run(configure, index)
    assert functions(prepared(configure)) == set(range(20))
    assert len(entries(opened(place))) == 1
    run(configure, *range(20))


def test_entries_are_kept_apart(place: str) -> None:
    """By options, proposals and module: what was compiled for one is not used for another."""
    configure = Configure(cache=place, tier=Tier.QUICK)
    run(configure, 1)
    counting = Configure(cache=place, tier=Tier.QUICK, instruction_counting=True)
    assert functions(prepared(counting)) == set()
    assert functions(prepared(Configure(cache=place, tier=Tier.QUICK, exact_traps=True))) == set()
    other = Configure(cache=place, tier=Tier.QUICK)
    other.add_proposal(pywasmedge.Proposal.TAIL_CALL)
    assert functions(prepared(other)) == set()
    assert functions(prepared(Configure(cache=place))) == set()
    assert functions(prepared(Configure(cache=place, tier=Tier.OPTIMISED, lazy=True))) == set()
    binary = cached_module.binary()
    changed = binary.replace(b"\x41\x27\x6a", b"\x41\x26\x6a", 1)
    assert changed != binary
    assert functions(prepared(configure, changed)) == set()
    run(counting, 1)
    assert len(entries(opened(place))) == 2


def test_another_code_generator_has_entries_of_its_own(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure = Configure(cache=place, tier=Tier.QUICK)
    run(configure, 1)
    monkeypatch.setattr("pywasmedge.prepare.kept.generator", lambda _: b"another generato")
    assert functions(prepared(configure)) == set()
    run(configure, 2)
    assert functions(prepared(configure)) == {2}
    monkeypatch.undo()
    assert functions(prepared(configure)) == {1}


@pytest.mark.parametrize("count", [False, True])
def test_metered_code_counts_the_same(place: str, count: bool) -> None:
    configure = Configure(
        cache=place, tier=Tier.QUICK, instruction_counting=count, cost_measuring=True
    )
    seen = []
    for _ in range(3):
        vm = machine(configure)
        for index in (3, 4, 5):
            vm.execute(f"f{index}", 5)
        with pytest.raises(Trap):
            vm.execute("outer", 1)
        seen.append(sums(vm))
        flush()
    assert functions(prepared(configure)) >= {3, 4, 5}
    assert seen[1] == seen[0] == seen[2]
    assert seen[0][1] > 0


def test_a_backtrace_names_cached_functions(place: str) -> None:
    configure = Configure(cache=place, tier=Tier.QUICK)
    traces = []
    for _ in range(2):
        vm = machine(configure)
        with pytest.raises(Trap) as caught:
            vm.execute("outer", 1)
        traces.append(caught.value.backtrace)
        flush()
    assert functions(prepared(configure)) == {cached_module.FUNCTIONS, cached_module.FUNCTIONS + 1}
    assert len(traces[0]) == 2
    assert traces[0] == traces[1]


@pytest.mark.parametrize(
    ("text", "tier", "keeps"),
    [
        ("i32.const 1", Tier.AUTO, False),
        ("loop void nop end i32.const 1", Tier.QUICK, False),
        ("i32.const 1", Tier.OPTIMISED, True),
        ("loop void nop end i32.const 1", Tier.AUTO, True),
    ],
)
def test_small_modules_are_kept_if_llvm_may_compile_them(
    place: str, text: str, tier: Tier, keeps: bool
) -> None:
    import wasmbuild as wb

    binary = wb.wasm(types=["-> i32"], funcs=[0], exports=[("f", "func", 0)], code=[wb.body(text)])
    assert machine(Configure(cache=place, tier=tier), binary).execute("f") == 1
    flush()
    assert os.path.exists(place) == keeps


def test_the_code_outlives_its_file(place: str) -> None:
    configure = Configure(cache=place, tier=Tier.QUICK)
    run(configure, 1)
    vm = machine(configure)
    for usage in entries(opened(place)):
        os.unlink(usage.name, dir_fd=opened(place).fd)
    assert vm.execute("f1", 6) == cached_module.result(1, 6)


def test_what_is_mapped_is_freed_with_the_module(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pywasmedge.code import image, pieces

    monkeypatch.setattr(image, "MAP_FROM", 0)
    configure = Configure(cache=place, tier=Tier.QUICK)
    run(configure, 1)
    vm = machine(configure)
    assert vm.execute("f1", 6) == cached_module.result(1, 6)
    start = vm.active_module._core.compiled._pieces[0]  # type: ignore[union-attr]
    assert pieces.find(start) is not None
    name = entries(opened(place))[0].name
    assert name in Path("/proc/self/maps").read_text()
    vm.close()
    del vm
    assert name not in Path("/proc/self/maps").read_text()
    assert pieces.find(start) is None


def test_processes_share_it(place: str, tmp_path: Path) -> None:
    """A process's code is there for the next one, which compiles nothing."""
    program = tmp_path / "program.wasm"
    program.write_bytes(cached_module.binary())
    script = (
        "import sys; from pywasmedge import VM, Configure, Tier;"
        "from pywasmedge.code.compiled import CompiledModule;"
        "install = CompiledModule.install; made = [];"
        "CompiledModule.install = lambda *args: (made.append(args), install(*args))[1];"
        "vm = VM(Configure(tier=Tier.QUICK)); vm.load_wasm(sys.argv[1]); vm.validate();"
        "vm.instantiate(); print(vm.execute('f9', 5), len(made))"
    )
    environment = {**os.environ, VARIABLE: place, "PYTHONPATH": str(PACKAGE)}
    lines = [
        subprocess.run(
            [sys.executable, "-c", script, program],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for _ in range(2)
    ]
    value = cached_module.result(9, 5)
    assert lines == [f"{value} 1\n", f"{value} 0\n"]


def command(place: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pywasmedge", *words],
        env={**os.environ, VARIABLE: place, "PYTHONPATH": str(PACKAGE)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_uses_looks_at_and_clears_it(place: str, tmp_path: Path) -> None:
    program = str(Path(__file__).parents[1] / "guests" / "wordcount.wasm")
    assert command(place, "cache", "info").stdout.splitlines()[1:] == [
        "modules    0",
        "size       0 bytes of 1.0 GiB",
    ]
    assert not os.path.exists(place)
    assert command(place, "--no-cache", program).returncode == command(place, program).returncode
    lines = command(place, "cache", "info").stdout.splitlines()
    assert lines[:2] == [f"directory  {place}", "modules    1"]
    elsewhere = str(tmp_path / "elsewhere")
    command(place, "--cache-dir", elsewhere, program)
    assert "modules    1" in command(place, "--cache-dir", elsewhere, "cache", "info").stdout
    assert command(place, "cache", "clear").stdout.endswith(f" removed from {place}\n")
    assert "modules    0" in command(place, "cache", "info").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("cache",), "either `cache info` or `cache clear`"),
        (("cache", "info", "x"), "either"),
        (("--no-cache", "cache", "info"), "the cache is off"),
        (("--cache-dir", "{place}", "cache", "clear"), "{place} cannot be used as a cache"),
    ],
)
def test_wrong_use_of_the_command(place: str, words: tuple[str, ...], message: str) -> None:
    os.mkdir(place)
    os.chmod(place, 0o777)
    words, message = tuple(w.format(place=place) for w in words), message.format(place=place)
    done = command(place, *words)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stdout == ""


def test_the_environment_switches_it_off(place: str) -> None:
    program = str(Path(__file__).parents[1] / "guests" / "wordcount.wasm")
    home = {"HOME": place, "XDG_CACHE_HOME": place}
    for value, made in (("off", False), ("", True)):
        subprocess.run(
            [sys.executable, "-m", "pywasmedge", program],
            env={**os.environ, **home, VARIABLE: value, "PYTHONPATH": str(PACKAGE)},
            capture_output=True,
            check=False,
        )
        assert os.path.exists(os.path.join(place, "pywasmedge")) == made


def test_a_vm_that_is_closed_has_saved_its_code(place: str) -> None:
    """Hosts in C may end at any time after that."""
    configure = Configure(cache=place, tier=Tier.QUICK)
    configure.host_registrations.add(HostRegistration.WASI)
    vm = machine(configure)
    vm.execute("f1", 5)
    vm.close()
    assert functions(prepared(configure)) == {1}


def test_hosts_in_c_use_it(place: str, tmp_path: Path) -> None:
    """What a VM has made is saved when it is deleted, whatever ends the process afterwards."""
    program = tmp_path / "program.wasm"
    program.write_bytes(cached_module.binary())
    host = capi_host.build("cache.c")
    environment = {VARIABLE: place, "PYWASMEDGE_PYTHON": sys.executable, SWITCH: "python"}
    words = (str(program), "f9", "5")
    for more in ((), ("delete",), ()):
        done = capi_host.run(host, *words, *more, env=environment)
        assert done.stdout == f"{cached_module.result(9, 5)}\n"
    assert functions(prepared(Configure(cache=place))) == {9}


# ---- Decoded modules -----------------------------------------------------------------------------

BINARIES = sorted(Path(__file__).parents[1].glob("[gw][ua][et]*/*.wasm"))


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every module is large enough to be kept decoded."""
    monkeypatch.setattr("pywasmedge.prepare.source._KEPT_FROM", 0)


def forbid(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError

    for name in names:
        monkeypatch.setattr(f"pywasmedge.{name}", fail)


def contents(tree: object) -> dict[str, object]:
    found = {name: getattr(tree, name) for name in type(tree).__slots__}  # type: ignore[attr-defined]
    lists = ("funcs", "bodies", "func_types", "datas")
    return {name: list(v) if name in lists else v for name, v in found.items() if name != "digest"}


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("path", BINARIES, ids=lambda path: path.stem)
def test_a_kept_module_is_the_decoded_one(
    place: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure = Configure(cache=place)
    for proposal in pywasmedge.Proposal:
        configure.add_proposal(proposal)
    decoded = Loader(configure).parse_file(path)
    flush()
    forbid(monkeypatch, "module.loader.load", "prepare.loader._check")
    kept = Loader(configure).parse_file(path)
    assert contents(kept.ast) == contents(decoded.ast)
    assert kept.ast.digest == decoded.ast.digest != b""
    assert not kept.ast.validated
    again = Loader(configure).parse_bytes(path.read_bytes())
    assert contents(again.ast) == contents(decoded.ast)
    Validator(configure).validate(kept)
    assert kept.ast.validated


@pytest.mark.usefixtures("large")
def test_the_second_run_neither_decodes_nor_validates(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure = Configure(cache=place, tier=Tier.QUICK)
    binary = cached_module.binary()
    assert VM(configure).run_wasm_from_bytes(binary, "f1", 5) == cached_module.result(1, 5)
    flush()
    forbid(monkeypatch, "module.loader.load", "walk.rules._Rules", "walk.walker.Walk")
    assert VM(configure).run_wasm_from_bytes(binary, "f1", 5) == cached_module.result(1, 5)


@pytest.mark.usefixtures("large")
def test_what_was_not_validated_still_is_when_it_is_called(place: str) -> None:
    """The cache remembers each body by itself."""
    from pywasmedge import ValidationError
    from pywasmedge.base.config import Validation

    binary = cached_module.binary()
    broken = binary.replace(b"\x41\x05\x6a", b"\x41\x05\x8c", 1)  # f32.neg of an i32, in f0
    lazy = Configure(cache=place, tier=Tier.QUICK, validation=Validation.LAZY)
    assert broken != binary
    for _ in range(2):
        assert VM(lazy).run_wasm_from_bytes(broken, "f1", 5) == cached_module.result(1, 5)
        with pytest.raises(ValidationError):
            VM(lazy).run_wasm_from_bytes(broken, "f0", 5)
        module = Loader(lazy).load(broken)
        with pytest.raises(ValidationError):
            Validator(lazy).validate(module)
        flush()


@pytest.mark.usefixtures("large")
def test_a_complete_validation_is_remembered(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    configure = Configure(cache=place, tier=Tier.QUICK)
    binary = cached_module.binary()
    VM(configure).run_wasm_from_bytes(binary, "f1", 5)
    flush()
    Validator(configure).validate(Loader(configure).parse_bytes(binary))
    flush()
    forbid(monkeypatch, "walk.walker.Walk")
    Validator(configure).validate(Loader(configure).parse_bytes(binary))


@pytest.mark.usefixtures("large")
def test_invalid_and_malformed_modules_are_refused_again(place: str) -> None:
    import wasmbuild as wb

    from pywasmedge import LoadError, ValidationError

    configure = Configure(cache=place)
    invalid = wb.wasm(types=["-> i32"], funcs=[0], code=[wb.body("nop")])
    undeclared = wb.wasm(types=["-> i32"], funcs=[7], code=[wb.body("i32.const 1")])
    for _ in range(2):
        for binary in (invalid, undeclared):
            with pytest.raises(ValidationError):
                VM(configure).run_wasm_from_bytes(binary, "f")
            with pytest.raises(ValidationError):
                Validator(configure).validate(Loader(configure).parse_bytes(binary))
        with pytest.raises(LoadError):
            Loader(configure).parse_bytes(invalid[:-3])
        flush()


@pytest.mark.usefixtures("large")
def test_a_saved_module_brings_only_its_own_classes(place: str) -> None:
    from pywasmedge.cache.modules import _unpickler

    chunk = memoryview(b"cposix\nsystem\n(S'true'\ntR.")
    with pytest.raises(ValueError, match=r"posix\.system"):
        _unpickler(chunk, b"").load()
