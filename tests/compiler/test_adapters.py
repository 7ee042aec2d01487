"""Calls in both directions with random signatures: adapters, and what guests expect of them."""

from __future__ import annotations

import struct
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
import wasmbuild as wb

from pywasmedge import (
    Configure,
    Executor,
    FunctionInstance,
    FunctionType,
    Loader,
    ModuleInstance,
    Store,
    Validator,
    ValType,
)
from pywasmedge.base.config import Tier
from pywasmedge.code.types import adapters, type_id
from pywasmedge.compiler.abi import frame_slots
from pywasmedge.kernel.native import ffi, lib

if TYPE_CHECKING:
    from collections.abc import Sequence

TYPES = tuple(ValType)
HALF = (ValType.I32, ValType.F32)
"""Types that leave the upper half of their slot unspecified."""


def signatures(random: Random, count: int) -> list[FunctionType]:
    """Different types: all value types, arguments in registers and on the stack."""
    found: dict[FunctionType, None] = {}
    for number in range(count):
        params = random.choices(TYPES, k=random.choice((0, 1, 2, 3, 5, 8, 12, 20, 40)))
        results = random.choices(TYPES, k=random.choice((0, 1, 1, 2, 2, 3, 4, 9)))
        if number % 7 == 0:  # vectors on the stack
            params += [ValType.V128] * 12
        found[FunctionType(tuple(params), tuple(results))] = None
    return list(found)


LONG = [
    FunctionType(TYPES * 140, TYPES * 20),
    FunctionType((ValType.I32,) * 1000, (ValType.I32,) * 600),
    FunctionType((ValType.V128,) * 1000, ()),
]
"""Frames and stack arguments of several pages."""

# ---- A host function of C called through both adapters -------------------------------------------


def words(random: Random, types: Sequence[ValType]) -> list[int]:
    """Random bits for the slots of a frame."""
    return [random.getrandbits(64) for type_ in types for _ in range(type_.slots)]


def specified(types: Sequence[ValType], slots: Sequence[int]) -> list[int]:
    """Slots of a frame without the bits that are not specified."""
    masks = [
        0xFFFF_FFFF if type_ in HALF else 0xFFFF_FFFF_FFFF_FFFF
        for type_ in types
        for _ in range(type_.slots)
    ]
    return [slot & mask for slot, mask in zip(slots, masks, strict=True)]


def test_values_pass_through_both_adapters() -> None:
    random = Random(4)
    received: list[bytes] = []
    replies: list[int] = []

    @ffi.callback("int32_t(void *, we_instance *, uint64_t *)")  # type: ignore[untyped-decorator]
    def host(data: Any, caller: Any, frame: Any) -> int:
        received.append(bytes(ffi.buffer(frame, 8 * len(arguments))))
        for i, reply in enumerate(replies):
            frame[i] = reply
        return 0

    for type_ in [*signatures(random, 60), *LONG]:
        arguments, replies = words(random, type_.params), words(random, type_.results)
        func = ffi.gc(
            lib.we_func_new_host(type_id(type_), ffi.cast("we_hostfn", host), ffi.NULL),
            lib.we_func_free,
        )
        pair = adapters(type_)
        func.native = ffi.cast("void *", pair.native_host_entry)
        func.ctx = ffi.addressof(func, "self")
        func.frame = ffi.cast("void (*)(we_func *, uint64_t *)", pair.frame_entry)
        size = frame_slots(type_)
        frame = ffi.new("uint64_t[]", [*arguments, *[0] * (size - len(arguments)), 77])
        assert lib.we_call(func, frame) == 0
        got = struct.unpack(f"<{len(arguments)}Q", received.pop())
        assert specified(type_.params, got) == specified(type_.params, arguments), type_
        results = [frame[i] for i in range(len(replies))]
        assert specified(type_.results, results) == specified(type_.results, replies), type_
        assert frame[size] == 77


# ---- Guests in between ---------------------------------------------------------------------------


def value(random: Random, type_: ValType) -> Any:
    """A random Python value that comes back as it is."""
    if type_ in (ValType.I32, ValType.I64):
        bits = 31 if type_ == ValType.I32 else 63
        return random.randrange(-(1 << bits), 1 << bits)
    if type_ in (ValType.F32, ValType.F64):
        return float(random.randrange(-(1 << 20), 1 << 20))
    if type_ == ValType.V128:
        return random.randbytes(16)
    return None if type_ == ValType.FUNCREF else random.choice((None, "object", (1, 2)))


def guest(types: Sequence[FunctionType]) -> bytes:
    """For each type ``direct<i>`` and ``nested<i>``: they call import ``i``."""
    count = len(types)
    texts = []
    for i, type_ in enumerate(types):
        push = " ".join(f"local.get {k}" for k in range(len(type_.params)))
        texts += [
            f"{push} call {i}",
            # In a loop, so that what a callee takes off the stack matters.
            f"loop void local.get {len(type_.params)} i32.const 1 i32.add "
            f"local.tee {len(type_.params)} i32.const 9 i32.lt_u if void "
            f"{push} call {i} {'drop ' * len(type_.results)} br 1 end end "
            f"{push} call {count + 2 * i}",
        ]
    names = ("direct", "nested")
    return wb.wasm(
        types=[
            f"{' '.join(t.name.lower() for t in type_.params)} -> "
            f"{' '.join(t.name.lower() for t in type_.results)}"
            for type_ in types
        ],
        imports=[("h", str(i), "func", i) for i in range(count)],
        funcs=[i for i in range(count) for _ in names],
        exports=[
            (f"{name}{i}", "func", count + 2 * i + k)
            for i in range(count)
            for k, name in enumerate(names)
        ],
        code=[wb.body(text, [(1, "i32")]) for text in texts],
    )


@pytest.mark.parametrize("tier", [Tier.QUICK, Tier.OPTIMISED])
def test_guests_and_python_functions_agree_on_where_values_are(tier: Tier) -> None:
    random = Random(11)
    types = [*signatures(random, 30), LONG[0]]
    received: list[tuple[Any, ...]] = []
    replies: list[Any] = []

    def host(*args: Any) -> Any:
        received.append(args)
        return None if not replies else replies[0] if len(replies) == 1 else tuple(replies)

    configure = Configure()
    configure.tier = tier
    module = Loader(configure).parse_bytes(guest(types))
    Validator(configure).validate(module)
    imports = {
        str(i): FunctionInstance.from_callable(host, type_, caller=False)
        for i, type_ in enumerate(types)
    }
    store = Store()
    store.add(ModuleInstance("h", imports))
    instance = Executor(configure).instantiate(store, module)
    for i, type_ in enumerate(types):
        for name, calls in (("direct", 1), ("nested", 9)):
            args = [value(random, t) for t in type_.params]
            replies[:] = [value(random, t) for t in type_.results]
            received.clear()
            result = instance.exports[f"{name}{i}"](*args)
            assert received == [tuple(args)] * calls, (name, type_)
            expected = replies[0] if len(replies) == 1 else tuple(replies) or None
            assert result == expected, (name, type_)
