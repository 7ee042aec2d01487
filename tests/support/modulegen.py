"""Random valid modules: typed programs over the whole instruction table.

Every module terminates (loops and calls burn fuel, then trap) and never makes a NaN whose bits
are not determined, so two engines must agree on everything it does.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import wasmbuild as wb

from pywasmedge.base.config import DEFAULT_PROPOSALS, Proposal
from pywasmedge.base.types import ValType
from pywasmedge.isa.opcodes import enabled, rows
from pywasmedge.isa.row import SPECIAL

if TYPE_CHECKING:
    from random import Random

    from pywasmedge.isa.row import Row

NUMBERS = ("i32", "i64", "f32", "f64")
TYPES = (*NUMBERS, "v128", "funcref", "externref")
FUEL = 200
"""Loop iterations and calls before a program gives up."""

INTEGERS = [0, 1, 2, 7, 31, 32, 63, 64, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF]
FLOATS = ["0.0", "-0.0", "1.0", "-1.5", "0.5", "3e9", "-2147483649.0", "1e19", "1e-40", "inf"]
NAN_FREE = ("abs", "neg", "copysign", "load", "convert", "reinterpret", "splat", "replace_lane")
"""Words in the mnemonics of instructions that make no NaN by themselves."""


class Generator:
    """One random module; ``binary`` is what comes out."""

    def __init__(self, random: Random, *proposals: Proposal) -> None:
        """Prepare a module that may use ``proposals`` besides the default ones."""
        self.random = random
        self.proposals = frozenset((*DEFAULT_PROPOSALS, *proposals))
        pick, chance = random.choice, random.random
        self.signatures = [self._signature() for _ in range(random.randint(1, 5))]
        self.functions = [pick(self.signatures) for _ in range(random.randint(1, 5))]
        self.globals = [(pick(TYPES[:-2]), chance() < 0.7) for _ in range(random.randint(0, 6))]
        self.globals.append(("i32", True))  # the fuel
        self.table = 0 if chance() < 0.5 else random.randint(1, 8)

    def _signature(self) -> tuple[list[str], list[str]]:
        few = self.random.choices
        params = few(TYPES, k=self.random.randint(0, 4))
        return params, few(TYPES, k=self.random.choice((0, 1, 1, 1, 2, 3, 4)))

    def binary(self) -> bytes:
        """The module: every function, global and the memory is exported."""
        random, count = self.random, len(self.functions)
        elements = [random.randrange(count) for _ in range(self.table)]
        globals_ = [
            wb.global_(type_, self._constant(type_), mutable=mutable)
            for type_, mutable in self.globals[:-1]
        ]
        globals_.append(wb.global_("i32", f"i32.const {FUEL}", mutable=True))
        return wb.wasm(
            types=[
                f"{' '.join(params)} -> {' '.join(results)}" for params, results in self.signatures
            ],
            funcs=[self.signatures.index(signature) for signature in self.functions],
            tables=[wb.table(self.table + 2, 20), wb.table(3, 9, ValType.EXTERNREF)],
            memories=[wb.limits(1, 3)],
            globals_=globals_,
            exports=[
                *((f"f{i}", "func", i) for i in range(count)),
                *((f"g{i}", "global", i) for i in range(len(self.globals))),
                ("memory", "memory", 0),
            ],
            elements=[wb.element("i32.const 1", elements), b"\1\0" + wb.vec([b"\0"] * 3)],
            data_count=2,
            code=[Body(self, signature).binary() for signature in self.functions],
            datas=[
                wb.data("i32.const 8", random.randbytes(64)),
                b"\1" + wb.name(random.randbytes(20)),
            ],
        )

    def _constant(self, type_: str) -> str:
        random = self.random
        if type_ in ("i32", "i64"):
            value = random.choice(INTEGERS) * random.choice((1, -1))
            if type_ == "i64" and random.random() < 0.5:
                value = random.getrandbits(64) - 2**63
            return f"{type_}.const {value}"
        if type_ in ("f32", "f64"):
            return f"{type_}.const {random.choice(FLOATS)}"
        if type_ == "v128":
            return f"v128.const {random.randbytes(16).hex()}"
        return f"ref.null {type_}"


class Body:
    """One function body: statements made of expressions, as text for ``wasmbuild.asm``."""

    def __init__(self, module: Generator, signature: tuple[list[str], list[str]]) -> None:
        self.module = module
        self.random = module.random
        self.params, self.results = signature
        self.locals = [*self.params, *self.random.choices(TYPES, k=self.random.randint(0, 6))]
        self.scratch = {type_: len(self.locals) + i for i, type_ in enumerate(TYPES[:5])}
        self.labels: list[list[str]] = [self.results]
        self.budget = self.random.randint(5, 120)

    def binary(self) -> bytes:
        """The body in the binary format."""
        text = " ".join((self._burn(), *self._block(self.results)))
        groups = [(1, type_) for type_ in (*self.locals[len(self.params) :], *TYPES[:5])]
        return wb.body(text, groups)

    def _burn(self) -> str:
        fuel = len(self.module.globals) - 1
        return (
            f"global.get {fuel} i32.eqz if void unreachable end "
            f"global.get {fuel} i32.const 1 i32.sub global.set {fuel}"
        )

    def _block(self, results: list[str]) -> list[str]:
        """Statements, then ``results``; sometimes ending in a jump and unreachable code."""
        text: list[str] = []
        for _ in range(self.random.randint(0, 4)):
            if self.budget <= 0:
                break
            text += self.statement()
        if self.random.random() < 0.15:
            return [*text, *self._jump(), *self._unreachable(results)]
        for type_ in results:
            text += self.value(type_)
        return text

    def _jump(self) -> list[str]:
        kind = self.random.randrange(4)
        tail_calls = Proposal.TAIL_CALL in self.module.proposals
        callable_ = any(results == self.results for _, results in self.module.functions)
        if tail_calls and callable_ and self.random.random() < 0.5:
            call = self._call(self.results)[0]
            return [*call[:-1], f"return_{call[-1]}"]
        if kind == 0:
            return ["unreachable"]
        if kind == 1:
            return [*self.values(self.results), "return"]
        depth = self.random.randrange(len(self.labels))
        types = self.labels[-1 - depth]
        if kind == 2:
            return [*self.values(types), f"br {depth}"]
        same = [d for d in range(len(self.labels)) if self.labels[-1 - d] == types]
        targets = self.random.choices(same, k=self.random.randint(0, 4))
        listed = " ".join(map(str, [len(targets), *targets, depth]))
        return [*self.values(types), *self.value("i32"), f"br_table {listed}"]

    def _unreachable(self, results: list[str]) -> list[str]:
        """Code on a polymorphic stack that leaves ``results``, or takes them from nowhere."""
        text: list[str] = []
        for _ in range(self.random.randint(0, 3)):
            row = self.random.choice(simple_rows(self.module.proposals))
            text += [self._instruction(row), *(["drop"] if row.type.split("->")[1] else [])]
        if self.random.random() < 0.5:
            text += ["select", "drop", "block void", *self._nested("block", []), "end"]
        if self.random.random() < 0.5:
            text += self.values(results)
        return text

    # --- statements ----------------------------------------------------------------------

    def statement(self) -> list[str]:
        """Instructions that leave the stack as it was."""
        self.budget -= 1
        random = self.random
        kind = random.choice((
            "set", "set", "set", "global", "store", "store", "drop", "drop",
            "control", "control", "br_if", "bulk", "table", "loop", "call", "values",
        ))  # fmt: skip
        if kind == "set" and self.locals:
            index = random.randrange(len(self.locals))
            return [*self.value(self.locals[index]), f"local.set {index}"]
        if kind == "global":
            writable = [i for i, (_, mutable) in enumerate(self.module.globals[:-1]) if mutable]
            if writable:
                index = random.choice(writable)
                return [*self.value(self.module.globals[index][0]), f"global.set {index}"]
        if kind == "store":
            return self._apply(random.choice(self._rows_making("")))
        if kind == "control":
            return self._control([], random.choice(("block", "if")))
        if kind == "loop":
            return self._control([], "loop")
        if kind == "br_if":
            depth = random.randrange(len(self.labels))
            types = self.labels[-1 - depth]
            text = [*self.values(types), *self.value("i32"), f"br_if {depth}"]
            return [*text, *(["drop"] * len(types))]
        if kind == "bulk":
            code = random.choice((
                "memory.fill 0", "memory.copy 0 0", "memory.init 1 0", "table.init 1 0",
                "table.copy 0 0", "table.copy 1 1",
            ))  # fmt: skip
            if random.random() < 0.2:
                return [random.choice(("data.drop 1", "elem.drop 1", "nop"))]
            return [*self._small(), *self._small(), *self._small(), code]
        if kind == "table":
            table, type_ = random.choice(((0, "funcref"), (1, "externref")))
            if random.random() < 0.3:
                return [*self._small(), *self.value(type_), *self._small(), f"table.fill {table}"]
            return [*self._small(), *self.value(type_), f"table.set {table}"]
        if kind == "call":
            text, called = self._call()
            return [*text, *["drop"] * len(called)]
        if kind == "values":
            return self._typed_block()
        return [*self.value(random.choice(TYPES)), "drop"]

    def _control(self, results: list[str], kind: str) -> list[str]:
        """A block, loop or if with ``results``."""
        text = self.value("i32") if kind == "if" else []
        text.append(f"{kind} {results[0] if results else 'void'}")
        text += self._nested(kind, results)
        if kind == "if" and (results or self.random.random() < 0.6):
            text += ["else", *self._nested(kind, results)]
        return [*text, "end"]

    def _typed_block(self) -> list[str]:
        """A block that takes and leaves several values."""
        random = self.random
        index = random.randrange(len(self.module.signatures))
        params, results = self.module.signatures[index]
        kind = random.choice(("block", "loop", "if"))
        text = self.values(params) + (self.value("i32") if kind == "if" else [])
        text.append(f"{kind} {index}")
        self.labels.append(params if kind == "loop" else results)
        for branch in range(2 if kind == "if" else 1):
            text += ["else"] * branch + ["drop"] * len(params)
            text += [self._burn()] * (kind == "loop") + self._block(results)
        self.labels.pop()
        return [*text, "end", *["drop"] * len(results)]

    def _nested(self, kind: str, results: list[str]) -> list[str]:
        self.labels.append([] if kind == "loop" else results)
        burn = [self._burn()] if kind == "loop" else []
        text = [*burn, *self._block(results)]
        self.labels.pop()
        return text

    # --- expressions ---------------------------------------------------------------------

    def values(self, types: list[str]) -> list[str]:
        """Instructions that push values of ``types``."""
        return [word for type_ in types for word in self.value(type_)]

    def value(self, type_: str) -> list[str]:
        """Instructions that push one value of ``type_``."""
        random = self.random
        self.budget -= 1
        if self.budget > 0 and random.random() < 0.75:
            kind = random.random()
            if kind < 0.6 and self._rows_making(type_):
                return self._apply(random.choice(self._rows_making(type_)))
            if kind < 0.72:
                return self._control([type_], random.choice(("block", "if", "loop")))
            if kind < 0.8:
                text = [*self.value(type_), *self.value(type_), *self.value("i32")]
                plain = type_ in TYPES[:5] and random.random() < 0.7
                return [*text, "select" if plain else f"select_t {type_}"]
            if kind < 0.86 and type_ in self.locals:
                places = [i for i, known in enumerate(self.locals) if known == type_]
                return [*self.value(type_), f"local.tee {random.choice(places)}"]
            if kind < 0.92:
                return self._special(type_)
            if any(results == [type_] for _, results in self.module.functions):
                return self._call([type_])[0]
        places = [f"local.get {i}" for i, known in enumerate(self.locals) if known == type_]
        places += [
            f"global.get {i}"
            for i, (known, _) in enumerate(self.module.globals[:-1])
            if known == type_
        ]
        if type_ == "funcref":
            places.append(f"ref.func {random.randrange(len(self.module.functions))}")
        if places and random.random() < 0.7:
            return [random.choice(places)]
        return [self.module._constant(type_)]

    def _special(self, type_: str) -> list[str]:
        if type_ == "i32":
            choices = (
                ["memory.size 0"],
                [*self._small(), "memory.grow 0"],
                [*self.value("externref"), "ref.is_null"],
                [*self.value("funcref"), "ref.is_null"],
                ["table.size 0"],
                [*self.value("externref"), *self._small(), "table.grow 1"],
            )
            return self.random.choice(choices)
        if type_ in ("funcref", "externref"):
            return [*self._small(), f"table.get {int(type_ == 'externref')}"]
        return [self.module._constant(type_)]

    def _rows_making(self, type_: str) -> tuple[Row, ...]:
        return rows_making(self.module.proposals, type_)

    def _small(self) -> list[str]:
        """An i32 that is mostly a good index."""
        if self.random.random() < 0.1:
            return self.value("i32")
        return [f"i32.const {self.random.randrange(6)}"]

    def _call(self, results: list[str] | None = None) -> tuple[list[str], list[str]]:
        """A call, direct or by table, of a function with ``results`` (or any), and its results."""
        random = self.random
        known = [
            (index, signature)
            for index, signature in enumerate(self.module.functions)
            if results is None or signature[1] == results
        ]
        index, signature = random.choice(known)
        text = self.values(signature[0])
        if random.random() < 0.5:
            type_ = self.module.signatures.index(signature)
            return [*text, *self._small(), f"call_indirect {type_} 0"], signature[1]
        return [*text, f"call {index}"], signature[1]

    def _apply(self, row: Row) -> list[str]:
        """An instruction of the table with operands; one that often traps only now and then."""
        operands, _, result = row.type.partition("->")
        if self.random.random() < 0.8 and any(
            word in row.mnemonic for word in (".div_", ".rem_", ".trunc_f")
        ):
            return self.value(result.strip())
        text = []
        address = any(kind.startswith("memarg") for kind in row.immediates)
        for place, type_ in enumerate(operands.split()):
            text += self.value(type_)
            if address and place == 0 and self.random.random() < 0.9:
                exact = any("exact" in kind for kind in row.immediates)
                text += [f"i32.const {0x7FF8 if exact else 0x7FFF}", "i32.and"]
        return [*text, self._instruction(row), *self._without_nan(row, result.strip())]

    def _instruction(self, row: Row) -> str:
        words = [row.mnemonic.replace(" ", "_")]
        random = self.random
        for kind in row.immediates:
            name, _, argument = kind.partition(":")
            if name.startswith("memarg"):
                least = int(argument) if name == "memarg_exact" else 0
                align = random.randint(least, int(argument))
                far = random.random() < 0.05
                near = (0, 8) if least else (0, 1, 8)
                words.append(f"{align} {random.choice((65535, 2**32 - 1) if far else near)}")
            elif name == "lane":
                words.append(str(random.randrange(int(argument))))
            elif name == "lanes16":
                words.append(bytes(random.randrange(32) for _ in range(16)).hex())
            elif name == "v128":
                words.append(random.randbytes(16).hex())
            elif name in ("i32", "i64"):
                words.append(str(random.choice(INTEGERS)))
            elif name in ("f32", "f64"):
                words.append(random.choice(FLOATS))
            else:
                words.append("0")
        return " ".join(words)

    def _without_nan(self, row: Row, result: str) -> list[str]:
        """Replace a NaN that ``row`` may have made by zero."""
        shape = row.mnemonic.partition(".")[0]
        floats = (
            result if result in ("f32", "f64") else shape if shape in ("f32x4", "f64x2") else ""
        )
        comparison = row.mnemonic.partition(".")[2] in ("eq", "ne", "lt", "gt", "le", "ge")
        if not floats or comparison or any(word in row.mnemonic for word in NAN_FREE):
            return []
        local = self.scratch[result]
        same = [f"local.get {local}", f"local.get {local}", f"{floats}.eq"]
        if result == "v128":
            return [f"local.tee {local}", *same, "v128.and"]
        return [f"local.tee {local}", f"{floats}.const 0", *same, "select"]


@cache
def simple_rows(proposals: frozenset[Proposal]) -> tuple[Row, ...]:
    """Enabled instructions whose type is fixed (and that need no other thread to end)."""
    return tuple(
        row
        for row in rows()
        if row.type != SPECIAL
        and enabled(row, proposals)
        and not {"mem", "table", "elem", "data"} & set(row.immediates)
        and ".wait" not in row.mnemonic
    )


@cache
def rows_making(proposals: frozenset[Proposal], type_: str) -> tuple[Row, ...]:
    """Those of the simple instructions that leave ``type_`` (or nothing)."""
    return tuple(
        row for row in simple_rows(proposals) if row.type.partition("->")[2].strip() == type_
    )
