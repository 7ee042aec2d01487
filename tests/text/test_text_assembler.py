"""Text to binary: abbreviations, numbers, strings, names, errors with positions."""

from __future__ import annotations

import math
import struct
from fractions import Fraction
from random import Random

import pytest

from pywasmedge.base.config import Configure, Proposal
from pywasmedge.base.errors import ErrCode, LoadError, WatError
from pywasmedge.isa.opcodes import every_row
from pywasmedge.isa.row import PLANNED
from pywasmedge.module.loader import load
from pywasmedge.module.names import read_names
from pywasmedge.module.reader import u32
from pywasmedge.text import assemble
from pywasmedge.text.encode import unsigned
from pywasmedge.text.instructions import NULL, TABLE


def refused(text: str | bytes) -> WatError:
    with pytest.raises(WatError) as caught:
        assemble(text)
    return caught.value


def essence(text: str) -> bytes:
    """The binary of a text without its custom sections."""
    binary = assemble(text)
    out, at = binary[:8], 8
    while at < len(binary):
        size, content = u32(binary, at + 1, len(binary))
        if binary[at]:
            out += binary[at : content + size]
        at = content + size
    return out


def constant(kind: str, token: str) -> bytes:
    """The bytes of a constant instruction."""
    binary = assemble(f"(module (global {kind} ({kind}.const {token})))")
    return binary[13:-1]


# --- what means the same -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("(func)", "(module (func))"),
        ("(func nop)", "(func (nop))"),
        (
            "(func (param i32 i64) (local f32 f64))",
            "(func (param i32) (param i64) (local f32) (local f64))",
        ),
        ("(func (result i32) (i32.const 1))", "(func (result i32) i32.const 1)"),
        (
            "(func (result i32) (i32.add (i32.const 1) (i32.const 2)))",
            "(func (result i32) i32.const 1 i32.const 2 i32.add)",
        ),
        (
            "(func (if (i32.const 1) (then (nop)) (else (unreachable))))",
            "(func i32.const 1 if nop else unreachable end)",
        ),
        ("(func (if (i32.const 1) (then)))", "(func i32.const 1 if end)"),
        (
            "(func (block (loop (br 1))))",
            "(func block $a loop $b br $a end $b end $a)",
        ),
        (
            "(func (try_table (catch_all 0)))",
            "(func try_table (catch_all 0) end)",
        ),
        (
            "(tag) (func (try (do (nop)) (catch 0) (catch_all (rethrow 0))))",
            "(tag) (func try nop catch 0 catch_all rethrow 0 end)",
        ),
        ("(func (try (do) (delegate 0)))", "(func try delegate 0)"),
        ('(func (export "f"))', '(func) (export "f" (func 0))'),
        ('(func (import "a" "b") (param i32))', '(import "a" "b" (func (param i32)))'),
        ('(memory (data "abc"))', '(memory 1 1) (data (i32.const 0) "abc")'),
        ("(table funcref (elem 0)) (func)", "(table 1 1 funcref) (elem (i32.const 0) 0) (func)"),
        ("(memory 1) (data (i32.const 7))", "(memory 1) (data (offset i32.const 7))"),
        ("(elem funcref (ref.null func))", "(elem funcref (item ref.null func))"),
        ("(type (func)) (func (type 0))", "(func)"),
        ("(func (block (type 0))) (type (func))", "(type (func)) (func block (type 0) end)"),
        ("(table 1 (ref null func))", "(table 1 funcref)"),
        (
            "(memory 1) (func (drop (i32.load align=4 (i32.const 0))))",
            "(memory 1) (func (drop (i32.load offset=0 (i32.const 0))))",
        ),
        ("(global i32 (i32.const 0x0_ff))", "(global i32 (i32.const 2_55))"),
        ("(type (sub final (func)))", "(type (func))"),
        ("(func (; a (; nested ;) comment ;) nop ;; another\n)", "(func nop)"),
        ('(func (@note "any" (thing) , ; [}) nop)', "(func nop)"),
    ],
)
def test_abbreviations(short: str, long: str) -> None:
    assert essence(short) == essence(long)


def test_every_instruction_has_a_keyword() -> None:
    written = {row.mnemonic for row in every_row() if not row.mnemonic.endswith((NULL, " t"))}
    assert written - set(TABLE) == {
        *("block", "loop", "if", "else", "end"),
        *("try", "catch", "catch_all", "delegate", "try_table"),
    }


# --- numbers -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "value"),
    [
        ("0", 0),
        ("-1", 2**32 - 1),
        ("4294967295", 2**32 - 1),
        ("-2147483648", 2**31),
        ("0x7fff_ffff", 2**31 - 1),
        ("+0xFF", 255),
        ("0" * 10_000 + "9", 9),
    ],
)
def test_integers(token: str, value: int) -> None:
    signed = value - (value >> 31 << 32)
    assert constant("i32", token) == constant("i32", str(signed))
    module = load(assemble(f"(global i32 (i32.const {token}))"), Configure())
    start, _ = module.globals[0].init
    from pywasmedge.module.reader import s32

    assert s32(module.data, start + 1, len(module.data))[0] == signed


@pytest.mark.parametrize("token", ["4294967296", "-2147483649", "0x1_0000_0000", "9" * 100_000])
def test_integers_too_large(token: str) -> None:
    assert refused(f"(func (i32.const {token}))").message == "constant out of range"


@pytest.mark.parametrize(
    "token", ["1_", "_1", "1__0", "0x", "0x_1", "0X1", "1e3", "--1", "0b1", "\u0661"]
)
def test_no_integers(token: str) -> None:
    refused(f"(func (i32.const {token}))")


def exact(text: str, kind: str) -> int:
    """The bits that a number has, computed with fractions: nearest, ties to even."""
    mantissa, smallest, limit = (24, -149, 128) if kind == "f32" else (53, -1074, 1024)
    value = Fraction(text)
    if not value:
        return 0
    exponent = max(math.floor(math.log2(value)) - mantissa + 1, smallest)
    while value >= Fraction(2) ** (exponent + mantissa):
        exponent += 1
    while exponent > smallest and value < Fraction(2) ** (exponent + mantissa - 1):
        exponent -= 1
    units = value / Fraction(2) ** exponent
    rounded = round(units)  # ties to even
    number = Fraction(rounded) * Fraction(2) ** exponent
    assert number < Fraction(2) ** limit
    form = "<f" if kind == "f32" else "<d"
    return int.from_bytes(struct.pack(form, float(number)), "little")


@pytest.mark.parametrize("kind", ["f32", "f64"])
def test_decimal_numbers_are_rounded_once(kind: str) -> None:
    random = Random(11)
    size = int(kind[1:]) // 8
    for _ in range(2000):
        digits = str(random.randrange(1, 10 ** random.randrange(1, 25)))
        text = f"{digits}e{random.randrange(-60, 12)}"
        bits = int.from_bytes(constant(kind, text)[1:], "little")
        assert bits == exact(text, kind), text
        assert len(constant(kind, text)) == size + 1


def test_ties_of_f32_are_ties_of_the_number_not_of_its_f64() -> None:
    # 1 + 2^-24 lies between two numbers; a little more or less, which f64 cannot see, decides.
    tie = Fraction(1) + Fraction(1, 2**24)
    digits = f"{tie.numerator * 10**24 // tie.denominator:d}"
    text = f"{digits[0]}.{digits[1:]}"
    assert Fraction(text) == tie
    assert constant("f32", text)[1:] == struct.pack("<f", 1.0)
    assert constant("f32", text + "0" * 30 + "1")[1:] == struct.pack("<I", 0x3F800001)
    below = text[:-1] + str(int(text[-1]) - 1) + "9" * 30
    assert constant("f32", below)[1:] == struct.pack("<f", 1.0)


@pytest.mark.parametrize(
    ("kind", "token", "bits"),
    [
        ("f32", "0x1p-149", 1),
        ("f32", "0x1p-150", 0),
        ("f32", "0x1.8p-150", 1),
        ("f32", "0x1.fffffep127", 0x7F7FFFFF),
        ("f32", "0x1.fffffefp127", 0x7F7FFFFF),
        ("f32", "-0x0p0", 0x80000000),
        ("f32", "-nan:0x200000", 0xFFA00000),
        ("f32", "nan", 0x7FC00000),
        ("f32", "-inf", 0xFF800000),
        ("f64", "0x1p-1074", 1),
        ("f64", "0x1.00000000000008p0", 0x3FF0000000000000),
        ("f64", "0x1.00000000000018p0", 0x3FF0000000000002),
        ("f64", "0x0.0000000000001p-1022", 1),
        ("f64", "0x1.p1", 0x4000000000000000),
        ("f64", "0x" + "0" * 1000 + "1" + "0" * 1000 + "p-4000", 0x3FF0000000000000),
        ("f64", "1e-999999999999", 0),
        ("f64", "0x1p-99999999999999999999", 0),
        ("f64", "nan:0xf_ffff_ffff_ffff", 0x7FFFFFFFFFFFFFFF),
    ],
)
def test_floating_point(kind: str, token: str, bits: int) -> None:
    assert int.from_bytes(constant(kind, token)[1:], "little") == bits


@pytest.mark.parametrize(
    "token",
    [
        "1e39",
        "0x1p128",
        "0x1.ffffffp127",
        "nan:0x0",
        "nan:0x800000",
        "1e999999999999",
        "3.4028236e38",
    ],
)
def test_floating_point_out_of_range(token: str) -> None:
    assert refused(f"(func (f32.const {token}))").message == "constant out of range"


# --- strings and names -------------------------------------------------------------------


def test_strings() -> None:
    module = load(
        assemble(
            r"""(memory 1) (data (i32.const 0) "a\t\n\r\"\'\\\00\fF" "\u{1F600}\u{0_41}" "ü")"""
        ),
        Configure(),
    )
    start, end = module.datas[0].init
    assert module.data[start:end] == b"a\t\n\r\"'\\\0\xff\xf0\x9f\x98\x80A\xc3\xbc"


@pytest.mark.parametrize(
    "inside", [r"\g", r"\0", r"\u{110000}", r"\u{d800}", r"\u{}", "\\", "\t", "\x7f"]
)
def test_malformed_strings(inside: str) -> None:
    refused(f'(memory 1) (data (i32.const 0) "{inside}")')


def test_names_are_kept() -> None:
    text = (
        '(module $m (import "a" "b" (func $f)) (func $"a b" (param $x i32) (local $y i64)) (func))'
    )
    names = read_names(load(assemble(text), Configure()))
    assert names.module == "m"
    assert names.functions == {0: "f", 1: "a b"}
    assert names.locals(1) == {0: "x", 1: "y"}


def test_quoted_identifiers_are_the_same_identifiers() -> None:
    assert essence(r'(func $ab) (func $"\5c\"") (func (call $"a\62") (call $"\\\""))') == essence(
        "(func) (func) (func (call 0) (call 1))"
    )


# --- errors ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        (
            "(module\n  (func\n    (i32.ad)))",
            3,
            6,
            "unknown operator i32.ad; did you mean 'i32.add'?",
        ),
        ("(func (call $fob)) (func $foo)", 1, 13, "unknown func; did you mean '$foo'?"),
        ("(func get_local 0)", 1, 7, "it is called 'local.get' now"),
        ("(func (param i23))", 1, 14, "did you mean 'i32'?"),
        ("(module (fnc))", 1, 10, "did you mean 'func'?"),
        ("(func\n  (nop)", 2, 8, "a closing parenthesis is missing"),
        ("(func) )", 1, 8, "unexpected token"),
        ("(func block $a end $b)", 1, 20, "mismatching label"),
        ("(func (br $x))", 1, 11, "unknown label"),
        ("(func $a) (func $a)", 1, 17, "duplicate func"),
        ('(func)\n(import "a" "b" (func))', 2, 2, "import after function"),
        ("(func)\r\n(; x ;)\r\n ;; y\r\n  nop", 4, 3, "unexpected token"),
        ("(start 0) (start 0) (func)", 1, 12, "multiple start sections"),
    ],
)
def test_errors_say_where_and_what(text: str, line: int, column: int, words: str) -> None:
    error = refused(text)
    assert (error.line, error.column) == (line, column)
    assert f"line {line}, column {column}: " in str(error)
    assert words in str(error)
    shown, source, caret = str(error).rsplit("\n", 2)
    assert "\n" not in shown
    assert source.strip() == text.replace("\r", "").split("\n")[line - 1].strip()
    assert caret.index("^") - 2 == error.caret


def test_an_error_is_a_load_error_with_a_code() -> None:
    assert isinstance(refused("("), LoadError)
    assert refused("(").code == ErrCode.ILLEGAL_GRAMMAR
    assert refused(b'(data "\xff")').code == ErrCode.MALFORMED_UTF8


def test_long_lines_are_cut_around_the_error() -> None:
    error = refused("(func " + "nop " * 100_000 + "i32.ad)")
    assert len(str(error)) < 400
    assert error.source[error.caret :].startswith("i32.ad")
    assert error.column == 400_007


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"(func \xc3\x28)", "malformed UTF-8 encoding"),
        ("(func \0)", "illegal character"),
        ('(data "abc', "unclosed string"),
        ("(func (; (; ;)", "unclosed comment"),
        ("(@a (b)", "unclosed annotation"),
        ("(func\xa0)", "illegal character"),
        ('(func "a"b)', "unknown operator"),
    ],
)
def test_what_is_no_token(text: str | bytes, words: str) -> None:
    assert refused(text).message == words


# --- sizes -------------------------------------------------------------------------------

DEEP = 100_000


@pytest.mark.parametrize(
    "text",
    [
        "(func " + "(block " * DEEP + ")" * DEEP + ")",
        "(func (result i32) " + "(i32.eqz " * DEEP + "(i32.const 1)" + ")" * DEEP + ")",
        "(func " + "(if (i32.const 1) (then " * DEEP + "))" * DEEP + ")",
        "(func " + "block $a " * DEEP + "br $a " + "end $a " * DEEP + ")",
        "(;" * DEEP + ";)" * DEEP + "(func)",
        "(@a " * DEEP + ")" * DEEP + "(func)",
        "(func (br 0) " + "(try (do " * DEEP + ") (catch_all))" * DEEP + ")",
    ],
    ids=["blocks", "operands", "ifs", "flat", "comments", "annotations", "tries"],
)
def test_deep_nesting_is_harmless(text: str) -> None:
    assert assemble(text).startswith(b"\0asm")


@pytest.mark.parametrize("text", ["(" * 1_000_000, "(module " * 1000, ")", "", "(;", '"' * 99_999])
def test_floods_are_refused(text: str) -> None:
    refused(text) if text else assemble(text)


def test_planned_instructions_are_known_to_the_text_format_only() -> None:
    planned = [row for row in every_row() if row.lowering == PLANNED]
    assert {row.prefix for row in planned} == {0, 0xFB, 0xFC, 0xFD}
    everything = Configure(proposals=set(Proposal))
    for row in planned:
        opcode = bytes((row.prefix, *unsigned(row.code))) if row.prefix else bytes((row.code,))
        expression = b"\1\x7f\0" + opcode + bytes(8)
        with pytest.raises(LoadError) as caught:
            load(b"\0asm\1\0\0\0\6" + bytes((len(expression),)) + expression, everything)
        assert caught.value.code == ErrCode.ILLEGAL_OPCODE, row.mnemonic
