"""Which code a C host gets for which failure, and what proposals that are off make of modules.

One C host reads modules that are assembled here and says how far each comes.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import capi_host
import pytest
from wasmbuild import (
    PREAMBLE,
    body,
    custom,
    data,
    element,
    expr,
    global_,
    global_type,
    limits,
    name,
    section,
    table,
    vec,
    wasm,
)

from pywasmedge.base.config import Proposal
from pywasmedge.base.types import ValType

if TYPE_CHECKING:
    from pathlib import Path

MUTABLE, SATURATING, SIGN, VALUES, BULK, REFERENCES, SIMD = list(Proposal)[:7]
"""The proposals that are on by default, in the order of their numbers."""


def run(code: str | bytes, type_: str = "->", **parts: object) -> bytes:
    """A module with one function, exported as ``run``."""
    given = {"types": [type_], "funcs": [0], "exports": [("run", "func", 0)], **parts}
    return wasm(code=[body(code)], **given)


def imports(item: str, kind: str, type_: bytes | int, module: str = "host") -> bytes:
    """A module that imports one thing."""
    return wasm(types=["->", "i32 ->"], imports=[(module, item, kind, type_)])


def say(cases: list[tuple[str, bytes]], folder: Path) -> list[str]:
    """What the host says to modules, each with switches for its configuration."""
    lines = []
    for number, (switches, binary) in enumerate(cases):
        path = folder / f"{number}.wasm"
        path.write_bytes(binary)
        lines.append(f"{switches} {path}\n")
    program = capi_host.build("behaviour_codes.c")
    done = subprocess.run(
        [program], input="".join(lines), capture_output=True, text=True, timeout=capi_host.SECONDS
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


MEMORY = [limits(1)]
TABLE = [table(1)]
DATA = [data("i32.const 0", b"")]
EXTERNREF, FUNCREF, V128 = ValType.EXTERNREF, ValType.FUNCREF, ValType.V128

LOAD = [
    (0x22, b""),
    (0x22, PREAMBLE[:7]),
    (0x22, section(0, name("x")[:1])),
    (0x23, b"\0asn" + PREAMBLE[4:]),
    (0x24, b"\0asm\2\0\0\0"),
    (0x25, PREAMBLE + section(13, b"")),
    (0x26, PREAMBLE + b"\1\2\0\0"),
    (0x26, PREAMBLE + b"\1\1\1\x60\0\0"),
    (0x27, PREAMBLE + b"\1\x7f\0"),
    (0x28, PREAMBLE + section(1, b"\0") * 2),
    (0x29, wasm(types=["->"], funcs=[0])),
    (0x2A, wasm(memories=MEMORY, data_count=2, datas=DATA)),
    (0x2B, run("i32.const 0 i32.const 0 i32.const 0 memory.init 0 0", memories=MEMORY, datas=DATA)),
    (0x2B, run("data.drop 0", memories=MEMORY, datas=DATA)),
    (0x2C, PREAMBLE + section(2, vec([name("m") + name("n") + b"\4\0"]))),
    (0x2D, PREAMBLE + section(7, vec([name("n") + b"\4\0"]))),
    (0x2E, run(b"\x3f\1", "-> i32", memories=MEMORY)),
    (0x2F, PREAMBLE + section(6, vec([b"\x7f\2" + expr("i32.const 0")]))),
    (0x30, wasm(types=["->"], funcs=[0], code=[body("", [(2**31, "i32"), (2**31, "i64")])])),
    (0x31, PREAMBLE + section(1, vec([b"\x60\1\x10\0"]))),
    (0x33, PREAMBLE + section(4, vec([b"\x7f\0\0"]))),
    (0x34, wasm(exports=[(b"\xff", "func", 0)])),  # type: ignore[list-item]
    (0x35, PREAMBLE + section(5, vec([b"\2\0"]))),
    (0x35, PREAMBLE + section(3, b"\xff\xff\xff\xff\x1f")),
    (0x36, PREAMBLE + section(5, vec([b"\x81\0\0"]))),
    (0x36, PREAMBLE + section(1, vec([b"\x40\0\0"]))),
    (0x36, PREAMBLE + section(3, b"\x80\x80\x80\x80\x80\x00")),
    (0x37, run(b"\xff")),
    (0x37, run(b"\x05")),
    (0x38, wasm(types=["->"], funcs=[0, 0], code=[b"\0\1", body("")])),
    (0x39, PREAMBLE + section(9, vec([b"\x08"]))),
]
"""By code: modules that do not load."""

SELECT = "ref.null funcref ref.null funcref i32.const 0 select drop"
INDIRECT = "i32.const 0 call_indirect 0 0"
EXTERN_TABLE = [table(1, element=EXTERNREF)]

VALIDATE = [
    (0x40, run("i32.const 0 i32.load 3 0 drop", memories=MEMORY)),
    (0x41, run("i32.const 0")),
    (0x41, run(SELECT)),
    (0x42, run("br 1")),
    (0x43, run("local.get 0 drop")),
    (0x44, wasm(types=["->"], funcs=[1], code=[body("")])),
    (0x45, run("call 1")),
    (0x45, wasm(exports=[("x", "func", 0)])),
    (0x46, run(INDIRECT)),
    (0x41, run(INDIRECT, tables=EXTERN_TABLE)),
    (0x41, run("", tables=EXTERN_TABLE, elements=[element("i32.const 0", [0])])),
    (0x47, run("i32.const 0 i32.load 2 0 drop")),
    (0x48, run("global.get 0 drop")),
    (0x48, wasm(globals_=[global_("i32", "i32.const 0"), global_("i32", "global.get 0")])),
    (0x49, run("elem.drop 0")),
    (0x4A, run("data.drop 0", data_count=0)),
    (0x4B, run("ref.func 0 drop", exports=[])),
    (0x4C, wasm(globals_=[global_("i32", "i32.const 0 i32.eqz")])),
    (
        0x4C,
        wasm(
            imports=[("host", "variable", "global", global_type("i32", mutable=True))],
            globals_=[global_("i32", "global.get 0")],
        ),
    ),
    (0x4D, wasm(memories=MEMORY, tables=TABLE, exports=[("x", "table", 0), ("x", "memory", 0)])),
    (0x4E, run("i32.const 0 global.set 0", globals_=[global_("i32", "i32.const 0")])),
    (0x4F, run(b"\x41\0\x41\0\x41\0\x1c\2\x7f\x7f\x1a")),
    (0x51, wasm(memories=[limits(1), limits(1)])),
    (0x52, wasm(tables=[table(2, 1)])),
    (0x52, wasm(memories=[limits(2, 1)])),
    (0x53, wasm(memories=[limits(65537)])),
    (0x54, wasm(types=["i32 ->"], funcs=[0], code=[body("")], start=0)),
    (0x55, run(b"\xfd\x0c" + bytes(16) + b"\xfd\x15\x10\x1a")),
]
"""Modules that load, but are not valid."""

INSTANTIATE = [
    (0x61, imports("nothing", "func", 1)),
    (0x61, imports("nothing", "memory", limits(1))),
    (0x61, imports("table", "table", table(3))),
    (0x61, imports("table", "table", table(1, 3))),
    (0x61, imports("table", "table", table(1, 4, EXTERNREF))),
    (0x61, imports("memory", "memory", limits(2))),
    (0x61, imports("memory", "memory", limits(1, 1))),
    (0x61, imports("unlimited", "memory", limits(1, 2))),
    (0x61, imports("constant", "global", global_type("i64"))),
    (0x61, imports("constant", "global", global_type("i32", mutable=True))),
    (0x61, imports("variable", "global", global_type("i32"))),
    (0x62, imports("missing", "func", 0)),
    (0x62, imports("nothing", "func", 0, "nobody")),
    (0x87, run("", tables=TABLE, elements=[element("i32.const 1", [0])])),
    (0x88, wasm(memories=MEMORY, datas=[data("i32.const 65536", b"x")])),
    (0x89, run("unreachable", start=0)),
    (
        0x8D,
        wasm(types=["->"], imports=[("host", "failing", "func", 0)], start=0),
    ),
]
"""Valid modules that do not instantiate, with functions, a table 2..4, memories and globals."""

RUN = [
    (0x02, run("call 0")),
    (0x83, run("", "i32 ->")),
    (0x84, run("i32.const 1 i32.const 0 i32.div_u drop")),
    (0x84, run("i64.const 1 i64.const 0 i64.rem_s drop")),
    (0x85, run("i32.const -2147483648 i32.const -1 i32.div_s drop")),
    (0x85, run("f32.const 1e20 i32.trunc_f32_s drop")),
    (0x86, run("f64.const nan i64.trunc_f64_u drop")),
    (0x87, run("i32.const 1 table.get 0 drop", tables=TABLE)),
    (0x88, run("i32.const 65533 i32.load 0 0 drop", memories=MEMORY)),
    (0x89, run("unreachable")),
    (0x8A, run(INDIRECT, tables=TABLE)),
    (0x8B, run("i32.const 1 call_indirect 0 0", tables=TABLE)),
    (
        0x8C,
        run(
            "i32.const 0 i32.const 0 call_indirect 1 0",
            types=["->", "i32 ->"],
            tables=TABLE,
            elements=[element("i32.const 0", [0])],
        ),
    ),
    (
        0x8D,
        wasm(
            types=["->"],
            imports=[("host", "failing", "func", 0)],
            exports=[("run", "func", 0)],
        ),
    ),
]
"""Modules whose function ``run`` fails."""

GOOD = [
    PREAMBLE,
    PREAMBLE + custom("again", b"") * 2,
    imports("nothing", "func", 0),
    imports("table", "table", table(2)),
    imports("table", "table", table(0, 4)),
    imports("memory", "memory", limits(1, 3)),
    imports("unlimited", "memory", limits(0)),
    imports("constant", "global", global_type("i32")),
    imports("variable", "global", global_type("i32", mutable=True)),
    run("", imports=[("host", "nothing", "func", 0)], start=0),
]
STEPS = {"load": LOAD, "validate": VALIDATE, "instantiate": INSTANTIATE, "run": RUN}


@pytest.mark.parametrize("step", STEPS)
def test_codes(step: str, tmp_path: Path) -> None:
    said = say([("", binary) for _, binary in STEPS[step]], tmp_path)
    assert said == [f"{step} 0x{code:02x}" for code, _ in STEPS[step]]


BAD_START = {"types": ["i32 ->"], "funcs": [0], "code": [body("")], "start": 0}
TWICE = [("x", "func", 0), ("x", "func", 0)]
WRONG, UNKNOWN = ("host", "nothing", "func", 1), ("host", "missing", "func", 0)
FAR_DATA, FAR_ELEMENT = data("i32.const 65536", b"x"), element("i32.const 1", [0])
FIRST = [
    ("validate 0x44", wasm(types=["->"], funcs=[1], code=[body("")], tables=[table(2, 1)])),
    ("validate 0x52", wasm(tables=[table(2, 1)], memories=[limits(65537)])),
    ("validate 0x4d", wasm(exports=TWICE, **BAD_START)),  # type: ignore[arg-type]
    ("validate 0x54", wasm(datas=DATA, **BAD_START)),  # type: ignore[arg-type]
    ("validate 0x46", run("br 1", elements=[FAR_ELEMENT], datas=DATA)),
    ("validate 0x47", run("br 1", datas=DATA)),
    (
        "instantiate 0x87",
        run("", tables=TABLE, elements=[FAR_ELEMENT], memories=MEMORY, datas=[FAR_DATA]),
    ),
    ("instantiate 0x88", run("unreachable", start=0, memories=MEMORY, datas=[FAR_DATA])),
    ("instantiate 0x61", wasm(types=["->", "i32 ->"], imports=[WRONG, UNKNOWN])),
    ("instantiate 0x62", wasm(types=["->", "i32 ->"], imports=[UNKNOWN, WRONG])),
]
"""Modules with two failures each."""


def test_which_failure_comes_first(tmp_path: Path) -> None:
    assert say([("", binary) for _, binary in FIRST], tmp_path) == [said for said, _ in FIRST]


def test_modules_that_run(tmp_path: Path) -> None:
    assert say([("", binary) for binary in GOOD], tmp_path) == ["ok"] * len(GOOD)


# --- proposals -----------------------------------------------------------------------------------

TWO_RESULTS = wasm(types=["-> i32 i32"])
BLOCK_TYPE = run("block 0 end")
LOADS_BULK = [
    "i32.const 0 i32.const 0 i32.const 0 memory.copy 0 0",
    "i32.const 0 i32.const 0 i32.const 0 memory.fill 0",
    "i32.const 0 i32.const 0 i32.const 0 table.copy 0 0",
    "elem.drop 0",
    "ref.null funcref drop",
]
LOADS_REFERENCES = [
    "i32.const 0 table.get 0 drop",
    "i32.const 0 ref.null funcref table.set 0",
    "ref.null funcref i32.const 0 table.grow 0 drop",
    "table.size 0 drop",
    "i32.const 0 ref.null funcref i32.const 0 table.fill 0",
    "i32.const 0 i32.const 0 i32.const 0 select_t i32 drop",
]
PARTS = {
    "tables": TABLE,
    "memories": MEMORY,
    "elements": [element("i32.const 0", [0])],
}

OFF: list[tuple[list[Proposal], str, bytes]] = [
    (
        [MUTABLE],
        "load 0x2f",
        imports("variable", "global", global_type("i32", mutable=True)),
    ),
    ([SATURATING], "load 0x37", run("f32.const 0 i32.trunc_sat_f32_s drop")),
    ([SIGN], "load 0x37", run("i32.const 0 i32.extend8_s drop")),
    ([SIMD], "load 0x37", run("i32.const 0 i8x16.splat drop")),
    ([SIMD], "load 0x31", wasm(types=["v128 ->"])),
    ([VALUES], "load 0x31", TWO_RESULTS),
    ([VALUES], "load 0x31", BLOCK_TYPE),
    ([BULK, REFERENCES], "load 0x25", wasm(memories=MEMORY, data_count=0)),
    (
        [BULK, REFERENCES],
        "load 0x2e",
        PREAMBLE + section(5, vec(MEMORY)) + section(11, vec([b"\1" + name("")])),
    ),
    ([BULK, REFERENCES], "load 0x32", wasm(types=["funcref ->"])),
    *(([BULK, REFERENCES], "load 0x37", run(code, **PARTS)) for code in LOADS_BULK),
    ([REFERENCES], "load 0x32", wasm(types=["externref ->"])),
    *(([REFERENCES], "load 0x37", run(code, **PARTS)) for code in LOADS_REFERENCES),
    ([REFERENCES], "load 0x2e", run("i32.const 0 call_indirect 0 1", tables=TABLE)),
    ([REFERENCES], "validate 0x50", wasm(tables=TABLE * 2)),
    # Both off: segments are checked before anything is written.
    (
        [BULK, REFERENCES],
        "instantiate 0x63",
        wasm(memories=MEMORY, datas=[data("i32.const 65536", b"x")]),
    ),
    (
        [BULK, REFERENCES],
        "instantiate 0x64",
        run("", tables=TABLE, elements=[element("i32.const 1", [0])]),
    ),
]
"""Default proposals, what a module meets without them."""


def test_proposals_that_are_off(tmp_path: Path) -> None:
    cases = [("".join(f"-{p} " for p in off), binary) for off, _, binary in OFF]
    assert say(cases, tmp_path) == [said for _, said, _ in OFF]


def test_what_remains_without_one_of_two_proposals(tmp_path: Path) -> None:
    """Either of BulkMemoryOperations and ReferenceTypes is enough for what both brought."""
    cases = [(f"-{one}", run(code, **PARTS)) for one in (BULK, REFERENCES) for code in LOADS_BULK]
    said = say([*cases, (f"-{REFERENCES}", wasm(types=["funcref ->"]))], tmp_path)
    assert not [line for line in said if line.startswith("load")]


def test_default_proposals_are_on(tmp_path: Path) -> None:
    said = say([("", binary) for _, _, binary in OFF], tmp_path)
    assert [line for line in said if line.startswith(("load", "validate"))] == ["validate 0x46"]


MEMORIES = wasm(memories=[limits(1), limits(1)])
SECOND_SIZE = run(b"\x3f\1\x1a", memories=[limits(1), limits(1)])
EXTENDED = wasm(globals_=[global_("i32", "i32.const 1 i32.const 2 i32.add")])
TAIL = wasm(
    types=["->"],
    funcs=[0, 0],
    exports=[("run", "func", 0)],
    code=[body(b"\x12\1"), body("")],
)
ADDED = [
    (Proposal.MULTI_MEMORIES, MEMORIES, "validate 0x51"),
    (Proposal.MULTI_MEMORIES, SECOND_SIZE, "load 0x2e"),
    (Proposal.EXTENDED_CONST, EXTENDED, "validate 0x4c"),
    (Proposal.TAIL_CALL, TAIL, "load 0x37"),
]


@pytest.mark.parametrize(("proposal", "binary", "without"), ADDED)
def test_proposals_that_can_be_added(
    proposal: Proposal, binary: bytes, without: str, tmp_path: Path
) -> None:
    assert say([("", binary), (f"+{proposal}", binary)], tmp_path) == [without, "ok"]


INERT = (
    Proposal.ANNOTATIONS,
    Proposal.MEMORY64,
    Proposal.EXCEPTION_HANDLING,
    Proposal.FUNCTION_REFERENCES,
)


@pytest.mark.parametrize("proposal", INERT, ids=lambda proposal: proposal.name)
def test_proposals_that_change_nothing(proposal: Proposal, tmp_path: Path) -> None:
    cases = [binary for part in STEPS.values() for _, binary in part]
    assert say([(f"+{proposal}", binary) for binary in cases], tmp_path) == say(
        [("", binary) for binary in cases], tmp_path
    )


def test_most_memory_pages(tmp_path: Path) -> None:
    """The limit holds for instantiated memories, growing and (unlike in 0.10.0) starting."""
    grow = run(
        "i32.const 1 memory.grow 0 i32.const -1 i32.ne if void unreachable end",
        memories=[limits(2)],
    )
    cases = [("=3", grow), ("=2", grow), ("=1", grow), ("=0", wasm(memories=[limits(0)]))]
    assert say(cases, tmp_path) == ["run 0x89", "ok", "instantiate 0x88", "ok"]


def test_every_code_that_can_occur_is_tried() -> None:
    """0x21 needs a failing disk; the rest of the left out ones do not come from modules."""
    tried = {code for part in STEPS.values() for code, _ in part}
    tried |= {int(said[-4:], 16) for _, said, _ in OFF}
    loads = set(range(0x20, 0x3A)) - {0x20, 0x21}
    validates = set(range(0x40, 0x56))
    instantiates = {0x61, 0x62, 0x63, 0x64}
    executes = set(range(0x83, 0x8E))
    assert (loads | validates | instantiates | executes | {0x02}) <= tried


ATOMIC_LOAD = "i32.const 1 i32.atomic.load 2 0 drop"
WAITING = "i32.const 0 i32.const 0 i64.const 0 memory.atomic.wait32 2 0 drop"
ATOMIC = [
    ("validate 0x52", wasm(memories=[limits(1, shared=True)])),
    ("run 0x88", run(ATOMIC_LOAD, memories=[limits(1, 1, shared=True)])),
    ("run 0x88", run(WAITING, memories=[limits(1, 1)])),
]
"""Failures that have a code of their own in the core, and none in the C API."""


def test_codes_of_the_threads_proposal(tmp_path: Path) -> None:
    cases = [(f"+{Proposal.THREADS}", binary) for _, binary in ATOMIC]
    assert say(cases, tmp_path) == [said for said, _ in ATOMIC]
