"""Memory that tables of a guest make the host keep is bounded."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from wasmbuild import body, table, wasm

from pywasmedge import VM, Configure, ErrCode, Trap

GROW = "ref.null funcref local.get 0 table.grow "


def grower(*sizes: int) -> bytes:
    """Tables of these sizes; ``grow<n>`` grows table ``n`` and returns its old size or -1."""
    count = len(sizes)
    return wasm(
        types=["i32 -> i32"],
        funcs=[0] * count,
        tables=[table(size) for size in sizes],
        exports=[
            *((f"grow{i}", "func", i) for i in range(count)),
            *((f"t{i}", "table", i) for i in range(count)),
        ],
        code=[body(f"{GROW}{i}") for i in range(count)],
    )


@pytest.mark.parametrize("sizes", [(10_000_001,), (400_000_000,), (0xFFFF_FFFF,), (10_000,) * 1001])
def test_by_default_all_tables_of_an_instance_have_ten_million_elements(
    sizes: tuple[int, ...],
) -> None:
    wanted = f"tables of {sum(sizes)} elements, at most 10000000 are configured"
    with VM() as vm, pytest.raises(Trap, match=re.escape(wanted)) as caught:
        vm.start(grower(*sizes))
    assert caught.value.code == ErrCode.TABLE_OUT_OF_BOUNDS


def test_tables_grow_up_to_the_limit_together() -> None:
    with VM(Configure(max_table_elements=100)) as vm:
        exports = vm.start(grower(10, 20)).exports
        assert exports.grow0(40) == 10
        assert exports.grow1(31) == -1
        assert exports.grow1(30) == 20
        assert exports.grow0(1) == exports.grow1(1) == -1
        assert exports.grow0(0) == 50
        with pytest.raises(Trap, match="exceeds the limit"):
            exports.t0.grow(1)
        assert (exports.t0.size, exports.t1.size) == (50, 50)


def test_every_instance_has_room_of_its_own() -> None:
    with VM(Configure(max_table_elements=10)) as vm:
        for _ in range(3):
            exports = vm.start(grower(10)).exports
            assert exports.grow0(1) == -1


def test_the_limit_can_be_raised_and_no_tables_allowed() -> None:
    with VM(Configure(max_table_elements=11_000_000)) as vm:
        assert vm.start(grower(10_500_000)).exports.grow0(500_001) == -1
    with VM(Configure(max_table_elements=0)) as vm:
        assert vm.start(grower(0)).exports.grow0(1) == -1
        with pytest.raises(Trap, match="at most 0"):
            vm.start(grower(1))


@pytest.mark.parametrize("value", [-1, 1 << 32, 1.5, "1"])
def test_the_limit_is_checked_where_it_is_given(value: object) -> None:
    with pytest.raises((TypeError, ValueError), match="max_table_elements"):
        VM(Configure(max_table_elements=value))  # type: ignore[arg-type]


def resident() -> int:
    """Bytes of memory of this process that are in use."""
    kib = re.search(r"Rss: +(\d+)", Path("/proc/self/smaps_rollup").read_text())
    assert kib
    return int(kib[1]) * 1024


def test_a_small_module_cannot_fill_the_memory() -> None:
    fill = "i32.const 0 ref.func 0 i32.const 10000000 table.fill 0"
    binary = wasm(
        types=["->"],
        funcs=[0],
        tables=[table(10_000_000)],
        exports=[("f", "func", 0)],
        code=[body(fill)],
    )
    before = resident()
    with VM() as vm:
        vm.start(binary).exports.f()
        assert resident() - before < 100 << 20
