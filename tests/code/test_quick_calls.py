"""First calls that are compiled without Python: what is known of the code, and what Python does."""

from __future__ import annotations

import gc
import os
import threading
from typing import TYPE_CHECKING

import cached_module
import pytest
import wasmbuild as wb

from pywasmedge import VM, Configure, Tier, Trap
from pywasmedge.cache import flush
from pywasmedge.code import pieces
from pywasmedge.code.compiled import CompiledModule
from pywasmedge.compiler.codegen import Level
from pywasmedge.kernel.native import address

if TYPE_CHECKING:
    from pathlib import Path


def machine(binary: bytes, **options: object) -> VM:
    vm = VM(Configure(lazy=True, **options))  # type: ignore[arg-type]
    vm.load_wasm(binary)
    vm.validate()
    vm.instantiate()
    return vm


def compiled(vm: VM) -> CompiledModule:
    return vm.active_module._core.compiled  # type: ignore[no-any-return, union-attr]


@pytest.fixture
def no_python(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("Python compiles")

    monkeypatch.setattr(CompiledModule, "ensure", fail)


@pytest.mark.parametrize("tier", [Tier.QUICK, Tier.AUTO])
def test_first_calls_do_without_python(no_python: None, tier: Tier) -> None:
    vm = machine(cached_module.binary(), tier=tier)
    module = compiled(vm)
    assert module.level(3) is None
    assert vm.execute("f3", 5) == cached_module.result(3, 5)
    assert module.level(3) == Level.QUICK
    assert module.level(4) is None


def test_a_backtrace_names_such_code(no_python: None) -> None:
    bodies = [wb.body("call 1 i32.const 1 i32.add"), wb.body("unreachable")]
    vm = machine(
        wb.wasm(types=["-> i32"], funcs=[0, 0], exports=[("outer", "func", 0)], code=bodies)
    )
    with pytest.raises(Trap) as caught:
        vm.execute("outer")
    assert caught.value.backtrace == ("func[1]", "outer")


def test_such_code_is_registered_when_somebody_asks_and_goes_with_its_module() -> None:
    vm = machine(cached_module.binary(), tier=Tier.QUICK)
    vm.execute("f1", 5)
    entry = int(address(compiled(vm).code[1]))
    found = pieces.find(entry)
    assert found is not None
    assert (found.entries, found.level, found.start) == ({"f1": 0}, Level.QUICK, entry)
    assert pieces.find(entry + found.size - 1) is found
    assert found.module is compiled(vm).module
    del found, vm
    gc.collect()
    assert all(piece.start != entry for piece in pieces.pieces())


def test_optimised_code_takes_over() -> None:
    vm = machine(cached_module.binary())
    vm.execute("f1", 5)
    module = compiled(vm)
    module.improvement(1).make()
    assert module.level(1) == Level.OPTIMISED
    assert vm.execute("f1", 5) == cached_module.result(1, 5)


def test_threads_that_need_the_same_function_at_once_get_it() -> None:
    for _ in range(5):
        vm = machine(cached_module.binary(), tier=Tier.QUICK)
        barrier = threading.Barrier(4)
        results: list[bool] = []

        def work(
            vm: VM = vm, barrier: threading.Barrier = barrier, out: list[bool] = results
        ) -> None:
            barrier.wait()
            out.extend(
                vm.execute(f"f{i}", 5) == cached_module.result(i, 5)
                for i in range(cached_module.FUNCTIONS)
            )

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [True] * 4 * cached_module.FUNCTIONS


def test_a_child_of_a_fork_compiles_on() -> None:
    vm = machine(cached_module.binary(), tier=Tier.QUICK)
    vm.execute("f1", 5)
    pid = os.fork()
    if pid == 0:
        good = vm.execute("f2", 5) == cached_module.result(2, 5)
        os._exit(0 if good and vm.execute("f1", 5) == cached_module.result(1, 5) else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert vm.execute("f2", 5) == cached_module.result(2, 5)


def test_such_code_is_not_kept_for_the_next_run(tmp_path: Path) -> None:
    place = str(tmp_path / "cache")
    for _ in range(2):
        vm = machine(cached_module.binary(), tier=Tier.QUICK, cache=place)
        assert not compiled(vm).has_code(1)
        assert vm.execute("f1", 5) == cached_module.result(1, 5)
        flush()


def test_python_makes_the_code_from_when_it_is_watched() -> None:
    """In a child process: there is no way back."""

    class Watcher:
        def __init__(self) -> None:
            self.names: set[str] = set()

        def added(self, piece: pieces.Piece) -> None:
            self.names.update(getattr(piece, "entries", ()))

        def removed(self, starts: object) -> None:
            pass

    pid = os.fork()
    if pid == 0:
        vm = machine(cached_module.binary(), tier=Tier.QUICK)
        vm.execute("f1", 5)
        watcher = Watcher()
        pieces.watch(watcher)
        before = set(watcher.names)
        watcher.names.clear()
        vm.execute("f2", 5)
        os._exit(0 if "f1" in before and watcher.names == {"f2"} else 1)
    assert os.waitpid(pid, 0)[1] == 0
