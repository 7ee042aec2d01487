"""Vector instructions: complete, and doing what a plain model says."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import pytest
import wasmbuild as wb
from numeric_model import from_float, signed, to_float
from vector_model import WIDTH, evaluate_vector, join, matches, source_shape

from pywasmedge import VM, Configure, ErrCode, LoadError, Proposal, Tier, Trap, ValidationError
from pywasmedge.isa.simd import SIMD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vector_model import Operand

    from pywasmedge import Exports
    from pywasmedge.isa.row import Row

ROWS = [row for row in SIMD if not row.immediates]
"""Instructions that depend on their operands alone."""

REALS = [0.0, 1.0, 0.5, 1.5, 2.5, 0.99999994, 2.0**31, 2.0**31 + 1, 2.0**32, 2.0**63, 1e-40, 3e38]
EDGES = {
    8: [0, 1, 0x7F, 0x80, 0x81, 0xFF, 0x55],
    16: [0, 1, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF],
    32: [0, 1, 0x7FFF, 0x8000, 0xFFFF8000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF],
    64: [0, 1, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1],
}
NANS = {32: [0x7FC00000, 0xFFC00000, 0x7FA00000, 0x7F800001], 64: [0x7FF8 << 48, 0x7FF4 << 48]}
COUNTS = [0, 1, 7, 8, 9, 15, 16, 31, 32, 33, 63, 64, 127, 0xFFFFFFFF]

CORE = [Tier.QUICK, Tier.OPTIMISED]


def pool(shape: str) -> list[int]:
    """Lanes of ``shape`` that are likely to be special."""
    width = WIDTH[shape]
    if shape[0] == "i":
        return EDGES[width]
    numbers = [sign * value for value in [*REALS, math.inf] for sign in (1.0, -1.0)]
    return [from_float(number, width) for number in numbers] + NANS[width]


class Case:
    """An instruction as a function; operand ``place`` may be a constant."""

    def __init__(self, row: Row, place: int | None = None, constant: Operand = 0) -> None:
        params, _, results = row.type.partition("->")
        self.row, self.place, self.constant = row, place, constant
        self.operands, self.result = params.split(), results.strip()

    @property
    def type(self) -> str:
        """The function's type: floats come as integers of their size."""
        types = [type_.replace("f", "i") for type_ in self.operands]
        return f"{' '.join(types)} -> {self.result}"

    @property
    def body(self) -> bytes:
        """The function's code."""
        text = []
        for i, type_ in enumerate(self.operands):
            if i == self.place:
                text.append(self._constant(type_))
                continue
            text.append(f"local.get {i}")
            if type_[0] == "f":
                text.append(f"{type_}.reinterpret_{type_.replace('f', 'i')}")
        return wb.body(" ".join((*text, self.row.mnemonic)))

    def _constant(self, type_: str) -> str:
        if isinstance(self.constant, bytes):
            return f"v128.const {self.constant.hex()}"
        width = int(type_[1:])
        value = to_float if type_[0] == "f" else signed
        return f"{type_}.const {value(self.constant, width)}"

    def operand(self, index: int, pick: random.Random) -> Operand:
        """A random operand."""
        type_, mnemonic = self.operands[index], self.row.mnemonic
        if index == self.place:
            return self.constant
        if type_ == "v128":
            if mnemonic == "i8x16.swizzle" and index == 1:
                return bytes(pick.choice((0, 3, 15, 16, 31, 127, 128, 255)) for _ in range(16))
            shape = source_shape(mnemonic)
            width, special = WIDTH[shape], pool(shape)
            lanes = [
                pick.choice(special) if pick.random() < 0.8 else pick.getrandbits(width)
                for _ in range(128 // width)
            ]
            return join(width, lanes)
        if mnemonic.endswith("splat"):
            return pick.choice(pool(f"{type_}x{128 // int(type_[1:])}"))
        return pick.choice(COUNTS)


def cases() -> Iterator[Case]:
    """Every instruction with variable operands and with some constant ones."""
    pick = random.Random(1)
    for row in ROWS:
        case = Case(row)
        yield case
        shape = source_shape(row.mnemonic)
        width = WIDTH[shape]
        uniform = [0, (1 << width) - 1]
        if shape[0] == "f":
            reals = (0.0, -0.0, 1.0, -1.0, 2.0, math.inf, -math.inf, math.nan)
            uniform = [from_float(real, width) for real in reals]
        for place, type_ in enumerate(case.operands):
            if type_ == "v128" and len(case.operands) > 1:
                for lane in uniform:
                    yield Case(row, place, join(width, [lane] * (128 // width)))
                yield Case(row, place, case.operand(place, pick))
            elif type_ != "v128":
                for _ in range(4):
                    constant = case.operand(place, pick)
                    if type_[0] == "f":  # the text of a constant does not keep every NaN
                        constant = from_float(pick.choice(REALS), int(type_[1:]))
                    yield Case(row, place, constant)


def exports(binary: bytes, tier: Tier = Tier.OPTIMISED) -> Exports:
    """The exports of an instance."""
    vm = VM(Configure(tier=tier, lazy=False))
    vm.load_wasm_from_bytes(binary)
    vm.validate()
    return vm.instantiate().exports


def functions(entries: Sequence[tuple[str, str, bytes]], **extra: object) -> bytes:
    """A module that exports functions: (name, type, body)."""
    types = sorted({type_ for _, type_, _ in entries})
    return wb.wasm(
        types=types,
        funcs=[types.index(type_) for _, type_, _ in entries],
        exports=[(name, "func", i) for i, (name, _, _) in enumerate(entries)],
        code=[body for _, _, body in entries],
        **extra,  # type: ignore[arg-type]
    )


def test_all_instructions_are_there() -> None:
    assert len(SIMD) == 236
    assert len({row.code for row in SIMD}) == len({row.mnemonic for row in SIMD}) == 236
    assert max(row.code for row in SIMD) == 0xFF


@pytest.mark.parametrize("tier", CORE, ids=lambda tier: tier.name.lower())
@pytest.mark.long
def test_results(tier: Tier) -> None:
    all_cases = list(cases())
    called = exports(functions([(f"f{i}", c.type, c.body) for i, c in enumerate(all_cases)]), tier)
    pick = random.Random(2)
    wrong = []
    for i, case in enumerate(all_cases):
        function = called[f"f{i}"]
        for _ in range(60 if case.place is None else 12):
            operands = [case.operand(index, pick) for index in range(len(case.operands))]
            result = function(*operands)
            if not matches(evaluate_vector(case.row.mnemonic, operands), result):
                shown = [x.hex() if isinstance(x, bytes) else hex(x) for x in operands]
                wrong.append((case.row.mnemonic, case.place, shown, result))
    assert not wrong, wrong[:10]


def test_shuffle() -> None:
    """Masks of bytes, of wider lanes, of one operand."""
    masks = [
        bytes(range(16)),
        bytes(range(16, 32)),
        bytes(range(8, 24)),
        bytes.fromhex("0405060700010203 18191a1b 0c0d0e0f"),
        bytes.fromhex("0203 0001 1e1f 1c1d 0e0f 1011 0203 0405"),
        bytes(15 - i for i in range(16)),
        bytes.fromhex("0102 0304 0506 0708 090a 0b0c 0d0e 0f10"),
        bytes(31 if i % 2 else 0 for i in range(16)),
    ]
    entries = [
        (f"f{i}", "v128 v128 -> v128", wb.body(f"local.get 0 local.get 1 i8x16.shuffle {m.hex()}"))
        for i, m in enumerate(masks)
    ]
    called = exports(functions(entries))
    a, b = bytes(range(100, 116)), bytes(range(200, 216))
    for i, mask in enumerate(masks):
        assert called[f"f{i}"](a, b) == bytes((a + b)[lane] for lane in mask), mask.hex()


@pytest.mark.parametrize("shape", WIDTH)
def test_lanes(shape: str) -> None:
    """Every lane is read and replaced where it is."""
    width = WIDTH[shape]
    count = 128 // width
    scalar = f"{shape[0]}{max(width, 32)}"
    kinds = ["_s", "_u"] if width < 32 else [""]
    entries = []
    for lane in range(count):
        for kind in kinds:
            code = f"local.get 0 {shape}.extract_lane{kind} {lane}"
            entries.append((f"get{kind}{lane}", f"v128 -> {scalar}", wb.body(code)))
        code = f"local.get 0 local.get 1 {shape}.replace_lane {lane}"
        entries.append((f"set{lane}", f"v128 {scalar} -> v128", wb.body(code)))
    called = exports(functions(entries))
    if shape[0] == "f":
        values = [from_float(0.5 + i, width) for i in range(count)]
    else:
        values = [(1 << width) - 3 * i - 1 for i in range(count)]
    vector = join(width, values)
    new = 0.25 if shape[0] == "f" else 0x123456789ABCDEF0 & (1 << max(width, 32)) - 1
    bits = from_float(0.25, width) if shape[0] == "f" else int(new) & (1 << width) - 1
    for lane in range(count):
        if shape[0] == "f":
            assert called[f"get{lane}"](vector) == 0.5 + lane
        else:
            assert called[f"get{kinds[-1]}{lane}"](vector) & (1 << width) - 1 == values[lane]
            assert called[f"get{kinds[0]}{lane}"](vector) == -3 * lane - 1
        expected = join(width, [*values[:lane], bits, *values[lane + 1 :]])
        assert called[f"set{lane}"](vector, new) == expected


MEMORY = [row for row in SIMD if row.immediates and row.immediates[0].startswith("memarg")]
CONTENT = bytes(range(1, 65))
VECTOR = bytes(range(0xF0, 0x100))


def accessed(mnemonic: str) -> int:
    """Bytes a vector memory instruction reads or writes."""
    name = mnemonic.removeprefix("v128.load").removeprefix("v128.store")
    digits = name.partition("_")[0]
    if not digits:
        return 16
    bits, _, lanes = digits.partition("x")
    return int(bits) * int(lanes or 1) // 8


def read(mnemonic: str, lane: int) -> bytes:
    """What a load from the bytes 1, 2, 3... gives."""
    size = accessed(mnemonic)
    name, kind = mnemonic.removeprefix("v128.load"), mnemonic[-2:]
    raw = CONTENT[:size]
    if name.endswith("splat"):
        return raw * (16 // size)
    if name.endswith("lane"):
        return VECTOR[: lane * size] + raw + VECTOR[(lane + 1) * size :]
    if "x" in name:
        width = int(name.partition("x")[0])
        shape = {8: "i8x16", 16: "i16x8", 32: "i32x4"}[width]
        wide = {8: "i16x8", 16: "i32x4", 32: "i64x2"}[width]
        result = evaluate_vector(f"{wide}.extend_low_{shape}{kind}", [raw + bytes(8)])
        assert isinstance(result, bytes)
        return result
    return raw + bytes(16 - size)


@pytest.mark.parametrize("row", MEMORY, ids=lambda row: row.mnemonic)
def test_memory(row: Row) -> None:
    """Unaligned addresses and offsets work; the first byte outside of the memory traps."""
    size = accessed(row.mnemonic)
    lane = 16 // size - 1 if len(row.immediates) > 1 else 0
    params, _, result = row.type.partition("->")
    vector = "local.get 1" if "v128" in params else ""
    index = lane if len(row.immediates) > 1 else ""
    code = f"local.get 0 {vector} {row.mnemonic} 0 3 {index}"
    entries = [
        ("f", f"i32 v128 -> {result}", wb.body(code)),
        ("load", "i32 -> v128", wb.body("local.get 0 v128.load 0 0")),
    ]
    binary = functions(entries, memories=[wb.limits(1, 1)], datas=[wb.data("i32.const 8", CONTENT)])
    called = exports(binary)
    last = 65536 - size - 3
    if not result:
        written = VECTOR[lane * size : (lane + 1) * size]
        called.f(5, VECTOR)
        assert called.load(8) == written + CONTENT[size:16]
        called.f(last, VECTOR)
        assert called.load(65520)[-size:] == written
        before = called.load(65520)
    else:
        assert called.f(5, VECTOR) == read(row.mnemonic, lane)
        called.f(last, VECTOR)
    for address in (last + 1, 65536, 0x7FFFFFFF, 0xFFFFFFFF):
        with pytest.raises(Trap) as trap:
            called.f(address, VECTOR)
        assert trap.value.code == ErrCode.MEMORY_OUT_OF_BOUNDS
    if not result:
        assert called.load(65520) == before


def test_globals_locals_select_and_calls_carry_vectors() -> None:
    select = "local.get 0 local.get 1 local.get 2 select_t v128"
    entries = [
        ("keep", "v128 -> v128", wb.body("local.get 0 global.set 0 global.get 0")),
        ("pick", "v128 v128 i32 -> v128", wb.body(select)),
        ("swap", "v128 v128 -> v128 v128", wb.body("local.get 1 local.get 0")),
        ("fresh", "-> v128", wb.body("local.get 0", [(1, "v128")])),
        ("call", "v128 v128 -> v128", wb.body("local.get 0 local.get 1 call 2 v128.andnot")),
    ]
    called = exports(
        functions(entries, globals_=[wb.global_("v128", f"v128.const {'00' * 16}", mutable=True)])
    )
    a, b = bytes(range(16)), bytes(range(16, 32))
    assert called.keep(a) == a
    assert called.pick(a, b, 1) == a
    assert called.pick(a, b, 0) == b
    assert called.swap(a, b) == (b, a)
    assert called.fresh() == bytes(16)
    assert called.call(a, b) == bytes(y & ~x for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("v128.const 000102030405060708090a0b0c0d0e0f i8x16.extract_lane_s 16 drop", 0x55),
        ("v128.const 000102030405060708090a0b0c0d0e0f i64x2.extract_lane 2 drop", 0x55),
        ("i32.const 0 v128.load 5 0 drop", 0x40),
        ("i32.const 0 v128.load8_splat 1 0 drop", 0x40),
        ("i32.const 0 i32.const 0 i8x16.add drop", 0x41),
    ],
)
def test_invalid(code: str, error: int) -> None:
    with pytest.raises(ValidationError) as failure:
        exports(functions([("f", "->", wb.body(code))], memories=[wb.limits(1)]))
    assert failure.value.code == error


def test_without_the_proposal() -> None:
    configure = Configure()
    configure.remove_proposal(Proposal.SIMD)
    binary = functions([("f", "->", wb.body("i32.const 0 i8x16.splat drop"))])
    with pytest.raises(LoadError) as failure:
        VM(configure).run_wasm_from_bytes(binary, "f")
    assert failure.value.code == ErrCode.ILLEGAL_OPCODE
