"""THE TABLE: one row per instruction (vector and atomic ones in ``simd`` and ``atomic``).

Decoder, checker, code generation, proposal switches and constant expressions derive from it.
The columns are explained in ``row``. Source: WebAssembly 2.0, section 5.4 and appendix A.7, and
the tail-call, extended-const and threads proposals.
"""

from __future__ import annotations

from functools import cache

from ..base.config import Proposal
from .row import SPECIAL, Row, Use, row, use

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

_SAT = Proposal.NON_TRAP_FLOAT_TO_INT_CONVERSIONS
_EXT = Proposal.SIGN_EXTENSION_OPERATORS
_REF = Proposal.REFERENCE_TYPES
_TAIL = Proposal.TAIL_CALL
# Either of two proposals brings these; the C API's switches work that way.
_REF_OR_BULK = _BULK_OR_REF = (Proposal.BULK_MEMORY_OPERATIONS, Proposal.REFERENCE_TYPES)

_When = Proposal | tuple[Proposal, ...] | None


def op(
    code: int,
    mnemonic: str,
    imm: str,
    type_: str,
    low: str | Use,
    when: _When = None,
    *,
    constant: bool = False,
) -> Row:
    """A row with a one-byte opcode."""
    return row(0, code, mnemonic, imm, type_, low, when, constant=constant)


def fc(code: int, mnemonic: str, imm: str, type_: str, low: str | Use, when: _When) -> Row:
    """A row behind the prefix byte 0xFC."""
    return row(0xFC, code, mnemonic, imm, type_, low, when)


# fmt: off
SCALAR: tuple[Row, ...] = (
    # code  mnemonic                 immediates    type                  lowering, proposal
    # control
    op(0x00, "unreachable",           "",           SPECIAL,              SPECIAL),
    op(0x01, "nop",                   "",           SPECIAL,              SPECIAL),
    op(0x02, "block",                 "block",      SPECIAL,              SPECIAL),
    op(0x03, "loop",                  "block",      SPECIAL,              SPECIAL),
    op(0x04, "if",                    "block",      SPECIAL,              SPECIAL),
    op(0x05, "else",                  "",           SPECIAL,              SPECIAL),
    op(0x0B, "end",                   "",           SPECIAL,              SPECIAL, constant=True),
    op(0x0C, "br",                    "label",      SPECIAL,              SPECIAL),
    op(0x0D, "br_if",                 "label",      SPECIAL,              SPECIAL),
    op(0x0E, "br_table",              "labels",     SPECIAL,              SPECIAL),
    op(0x0F, "return",                "",           SPECIAL,              SPECIAL),
    op(0x10, "call",                  "func",       SPECIAL,              SPECIAL),
    op(0x11, "call_indirect",         "type table", SPECIAL,              SPECIAL),
    op(0x12, "return_call",           "func",       SPECIAL,              SPECIAL, _TAIL),
    op(0x13, "return_call_indirect",  "type table", SPECIAL,              SPECIAL, _TAIL),
    # parametric and variables
    op(0x1A, "drop",                  "",           SPECIAL,              SPECIAL),
    op(0x1B, "select",                "",           SPECIAL,              SPECIAL),
    op(0x1C, "select t",              "valtypes",   SPECIAL,              SPECIAL, _REF),
    op(0x20, "local.get",             "local",      SPECIAL,              SPECIAL),
    op(0x21, "local.set",             "local",      SPECIAL,              SPECIAL),
    op(0x22, "local.tee",             "local",      SPECIAL,              SPECIAL),
    op(0x23, "global.get",            "global",     SPECIAL,              SPECIAL, constant=True),
    op(0x24, "global.set",            "global",     SPECIAL,              SPECIAL),
    op(0x25, "table.get",             "table",      SPECIAL,              SPECIAL, _REF),
    op(0x26, "table.set",             "table",      SPECIAL,              SPECIAL, _REF),
    # memory
    op(0x28, "i32.load",              "memarg:2",   "i32 -> i32",         use("load", "i32")),
    op(0x29, "i64.load",              "memarg:3",   "i32 -> i64",         use("load", "i64")),
    op(0x2A, "f32.load",              "memarg:2",   "i32 -> f32",         use("load", "float")),
    op(0x2B, "f64.load",              "memarg:3",   "i32 -> f64",         use("load", "double")),
    op(0x2C, "i32.load8_s",           "memarg:0",   "i32 -> i32",         use("load", "i8", "sext", "i32")),
    op(0x2D, "i32.load8_u",           "memarg:0",   "i32 -> i32",         use("load", "i8", "zext", "i32")),
    op(0x2E, "i32.load16_s",          "memarg:1",   "i32 -> i32",         use("load", "i16", "sext", "i32")),
    op(0x2F, "i32.load16_u",          "memarg:1",   "i32 -> i32",         use("load", "i16", "zext", "i32")),
    op(0x30, "i64.load8_s",           "memarg:0",   "i32 -> i64",         use("load", "i8", "sext", "i64")),
    op(0x31, "i64.load8_u",           "memarg:0",   "i32 -> i64",         use("load", "i8", "zext", "i64")),
    op(0x32, "i64.load16_s",          "memarg:1",   "i32 -> i64",         use("load", "i16", "sext", "i64")),
    op(0x33, "i64.load16_u",          "memarg:1",   "i32 -> i64",         use("load", "i16", "zext", "i64")),
    op(0x34, "i64.load32_s",          "memarg:2",   "i32 -> i64",         use("load", "i32", "sext", "i64")),
    op(0x35, "i64.load32_u",          "memarg:2",   "i32 -> i64",         use("load", "i32", "zext", "i64")),
    op(0x36, "i32.store",             "memarg:2",   "i32 i32 ->",         use("store", "i32")),
    op(0x37, "i64.store",             "memarg:3",   "i32 i64 ->",         use("store", "i64")),
    op(0x38, "f32.store",             "memarg:2",   "i32 f32 ->",         use("store", "float")),
    op(0x39, "f64.store",             "memarg:3",   "i32 f64 ->",         use("store", "double")),
    op(0x3A, "i32.store8",            "memarg:0",   "i32 i32 ->",         use("store", "i8", "i32")),
    op(0x3B, "i32.store16",           "memarg:1",   "i32 i32 ->",         use("store", "i16", "i32")),
    op(0x3C, "i64.store8",            "memarg:0",   "i32 i64 ->",         use("store", "i8", "i64")),
    op(0x3D, "i64.store16",           "memarg:1",   "i32 i64 ->",         use("store", "i16", "i64")),
    op(0x3E, "i64.store32",           "memarg:2",   "i32 i64 ->",         use("store", "i32", "i64")),
    op(0x3F, "memory.size",           "mem",        "-> i32",             use("memory_size")),
    op(0x40, "memory.grow",           "mem",        "i32 -> i32",         use("memory_grow")),
    # constants
    op(0x41, "i32.const",             "i32",        "-> i32",             use("const", "i32"), constant=True),
    op(0x42, "i64.const",             "i64",        "-> i64",             use("const", "i64"), constant=True),
    op(0x43, "f32.const",             "f32",        "-> f32",             use("const", "f32"), constant=True),
    op(0x44, "f64.const",             "f64",        "-> f64",             use("const", "f64"), constant=True),
    # comparisons
    op(0x45, "i32.eqz",               "",           "i32 -> i32",         use("eqz", "i32")),
    op(0x46, "i32.eq",                "",           "i32 i32 -> i32",     use("compare", "icmp eq i32")),
    op(0x47, "i32.ne",                "",           "i32 i32 -> i32",     use("compare", "icmp ne i32")),
    op(0x48, "i32.lt_s",              "",           "i32 i32 -> i32",     use("compare", "icmp slt i32")),
    op(0x49, "i32.lt_u",              "",           "i32 i32 -> i32",     use("compare", "icmp ult i32")),
    op(0x4A, "i32.gt_s",              "",           "i32 i32 -> i32",     use("compare", "icmp sgt i32")),
    op(0x4B, "i32.gt_u",              "",           "i32 i32 -> i32",     use("compare", "icmp ugt i32")),
    op(0x4C, "i32.le_s",              "",           "i32 i32 -> i32",     use("compare", "icmp sle i32")),
    op(0x4D, "i32.le_u",              "",           "i32 i32 -> i32",     use("compare", "icmp ule i32")),
    op(0x4E, "i32.ge_s",              "",           "i32 i32 -> i32",     use("compare", "icmp sge i32")),
    op(0x4F, "i32.ge_u",              "",           "i32 i32 -> i32",     use("compare", "icmp uge i32")),
    op(0x50, "i64.eqz",               "",           "i64 -> i32",         use("eqz", "i64")),
    op(0x51, "i64.eq",                "",           "i64 i64 -> i32",     use("compare", "icmp eq i64")),
    op(0x52, "i64.ne",                "",           "i64 i64 -> i32",     use("compare", "icmp ne i64")),
    op(0x53, "i64.lt_s",              "",           "i64 i64 -> i32",     use("compare", "icmp slt i64")),
    op(0x54, "i64.lt_u",              "",           "i64 i64 -> i32",     use("compare", "icmp ult i64")),
    op(0x55, "i64.gt_s",              "",           "i64 i64 -> i32",     use("compare", "icmp sgt i64")),
    op(0x56, "i64.gt_u",              "",           "i64 i64 -> i32",     use("compare", "icmp ugt i64")),
    op(0x57, "i64.le_s",              "",           "i64 i64 -> i32",     use("compare", "icmp sle i64")),
    op(0x58, "i64.le_u",              "",           "i64 i64 -> i32",     use("compare", "icmp ule i64")),
    op(0x59, "i64.ge_s",              "",           "i64 i64 -> i32",     use("compare", "icmp sge i64")),
    op(0x5A, "i64.ge_u",              "",           "i64 i64 -> i32",     use("compare", "icmp uge i64")),
    op(0x5B, "f32.eq",                "",           "f32 f32 -> i32",     use("compare", "fcmp oeq float")),
    op(0x5C, "f32.ne",                "",           "f32 f32 -> i32",     use("compare", "fcmp une float")),
    op(0x5D, "f32.lt",                "",           "f32 f32 -> i32",     use("compare", "fcmp olt float")),
    op(0x5E, "f32.gt",                "",           "f32 f32 -> i32",     use("compare", "fcmp ogt float")),
    op(0x5F, "f32.le",                "",           "f32 f32 -> i32",     use("compare", "fcmp ole float")),
    op(0x60, "f32.ge",                "",           "f32 f32 -> i32",     use("compare", "fcmp oge float")),
    op(0x61, "f64.eq",                "",           "f64 f64 -> i32",     use("compare", "fcmp oeq double")),
    op(0x62, "f64.ne",                "",           "f64 f64 -> i32",     use("compare", "fcmp une double")),
    op(0x63, "f64.lt",                "",           "f64 f64 -> i32",     use("compare", "fcmp olt double")),
    op(0x64, "f64.gt",                "",           "f64 f64 -> i32",     use("compare", "fcmp ogt double")),
    op(0x65, "f64.le",                "",           "f64 f64 -> i32",     use("compare", "fcmp ole double")),
    op(0x66, "f64.ge",                "",           "f64 f64 -> i32",     use("compare", "fcmp oge double")),
    # integer arithmetic
    op(0x67, "i32.clz",               "",           "i32 -> i32",         use("clz", "i32")),
    op(0x68, "i32.ctz",               "",           "i32 -> i32",         use("ctz", "i32")),
    op(0x69, "i32.popcnt",            "",           "i32 -> i32",         use("popcnt", "i32")),
    op(0x6A, "i32.add",               "",           "i32 i32 -> i32",     "add i32 $0, $1", constant=True),
    op(0x6B, "i32.sub",               "",           "i32 i32 -> i32",     "sub i32 $0, $1", constant=True),
    op(0x6C, "i32.mul",               "",           "i32 i32 -> i32",     "mul i32 $0, $1", constant=True),
    op(0x6D, "i32.div_s",             "",           "i32 i32 -> i32",     use("div_s", "i32")),
    op(0x6E, "i32.div_u",             "",           "i32 i32 -> i32",     use("div_u", "i32")),
    op(0x6F, "i32.rem_s",             "",           "i32 i32 -> i32",     use("rem_s", "i32")),
    op(0x70, "i32.rem_u",             "",           "i32 i32 -> i32",     use("rem_u", "i32")),
    op(0x71, "i32.and",               "",           "i32 i32 -> i32",     "and i32 $0, $1"),
    op(0x72, "i32.or",                "",           "i32 i32 -> i32",     "or i32 $0, $1"),
    op(0x73, "i32.xor",               "",           "i32 i32 -> i32",     "xor i32 $0, $1"),
    op(0x74, "i32.shl",               "",           "i32 i32 -> i32",     use("shift", "shl", "i32")),
    op(0x75, "i32.shr_s",             "",           "i32 i32 -> i32",     use("shift", "ashr", "i32")),
    op(0x76, "i32.shr_u",             "",           "i32 i32 -> i32",     use("shift", "lshr", "i32")),
    op(0x77, "i32.rotl",              "",           "i32 i32 -> i32",     use("rotl", "i32")),
    op(0x78, "i32.rotr",              "",           "i32 i32 -> i32",     use("rotr", "i32")),
    op(0x79, "i64.clz",               "",           "i64 -> i64",         use("clz", "i64")),
    op(0x7A, "i64.ctz",               "",           "i64 -> i64",         use("ctz", "i64")),
    op(0x7B, "i64.popcnt",            "",           "i64 -> i64",         use("popcnt", "i64")),
    op(0x7C, "i64.add",               "",           "i64 i64 -> i64",     "add i64 $0, $1", constant=True),
    op(0x7D, "i64.sub",               "",           "i64 i64 -> i64",     "sub i64 $0, $1", constant=True),
    op(0x7E, "i64.mul",               "",           "i64 i64 -> i64",     "mul i64 $0, $1", constant=True),
    op(0x7F, "i64.div_s",             "",           "i64 i64 -> i64",     use("div_s", "i64")),
    op(0x80, "i64.div_u",             "",           "i64 i64 -> i64",     use("div_u", "i64")),
    op(0x81, "i64.rem_s",             "",           "i64 i64 -> i64",     use("rem_s", "i64")),
    op(0x82, "i64.rem_u",             "",           "i64 i64 -> i64",     use("rem_u", "i64")),
    op(0x83, "i64.and",               "",           "i64 i64 -> i64",     "and i64 $0, $1"),
    op(0x84, "i64.or",                "",           "i64 i64 -> i64",     "or i64 $0, $1"),
    op(0x85, "i64.xor",               "",           "i64 i64 -> i64",     "xor i64 $0, $1"),
    op(0x86, "i64.shl",               "",           "i64 i64 -> i64",     use("shift", "shl", "i64")),
    op(0x87, "i64.shr_s",             "",           "i64 i64 -> i64",     use("shift", "ashr", "i64")),
    op(0x88, "i64.shr_u",             "",           "i64 i64 -> i64",     use("shift", "lshr", "i64")),
    op(0x89, "i64.rotl",              "",           "i64 i64 -> i64",     use("rotl", "i64")),
    op(0x8A, "i64.rotr",              "",           "i64 i64 -> i64",     use("rotr", "i64")),
    # floating-point arithmetic
    op(0x8B, "f32.abs",               "",           "f32 -> f32",         use("fabs", "float")),
    op(0x8C, "f32.neg",               "",           "f32 -> f32",         use("fneg", "float")),
    op(0x8D, "f32.ceil",              "",           "f32 -> f32",         use("ceil", "float")),
    op(0x8E, "f32.floor",             "",           "f32 -> f32",         use("floor", "float")),
    op(0x8F, "f32.trunc",             "",           "f32 -> f32",         use("ftrunc", "float")),
    op(0x90, "f32.nearest",           "",           "f32 -> f32",         use("nearest", "float")),
    op(0x91, "f32.sqrt",              "",           "f32 -> f32",         use("sqrt", "float")),
    op(0x92, "f32.add",               "",           "f32 f32 -> f32",     use("fbin", "fadd", "float")),
    op(0x93, "f32.sub",               "",           "f32 f32 -> f32",     use("fbin", "fsub", "float")),
    op(0x94, "f32.mul",               "",           "f32 f32 -> f32",     use("fbin", "fmul", "float")),
    op(0x95, "f32.div",               "",           "f32 f32 -> f32",     use("fbin", "fdiv", "float")),
    op(0x96, "f32.min",               "",           "f32 f32 -> f32",     use("fmin", "float")),
    op(0x97, "f32.max",               "",           "f32 f32 -> f32",     use("fmax", "float")),
    op(0x98, "f32.copysign",          "",           "f32 f32 -> f32",     use("copysign", "float")),
    op(0x99, "f64.abs",               "",           "f64 -> f64",         use("fabs", "double")),
    op(0x9A, "f64.neg",               "",           "f64 -> f64",         use("fneg", "double")),
    op(0x9B, "f64.ceil",              "",           "f64 -> f64",         use("ceil", "double")),
    op(0x9C, "f64.floor",             "",           "f64 -> f64",         use("floor", "double")),
    op(0x9D, "f64.trunc",             "",           "f64 -> f64",         use("ftrunc", "double")),
    op(0x9E, "f64.nearest",           "",           "f64 -> f64",         use("nearest", "double")),
    op(0x9F, "f64.sqrt",              "",           "f64 -> f64",         use("sqrt", "double")),
    op(0xA0, "f64.add",               "",           "f64 f64 -> f64",     use("fbin", "fadd", "double")),
    op(0xA1, "f64.sub",               "",           "f64 f64 -> f64",     use("fbin", "fsub", "double")),
    op(0xA2, "f64.mul",               "",           "f64 f64 -> f64",     use("fbin", "fmul", "double")),
    op(0xA3, "f64.div",               "",           "f64 f64 -> f64",     use("fbin", "fdiv", "double")),
    op(0xA4, "f64.min",               "",           "f64 f64 -> f64",     use("fmin", "double")),
    op(0xA5, "f64.max",               "",           "f64 f64 -> f64",     use("fmax", "double")),
    op(0xA6, "f64.copysign",          "",           "f64 f64 -> f64",     use("copysign", "double")),
    # conversions
    op(0xA7, "i32.wrap_i64",          "",           "i64 -> i32",         "trunc i64 $0 to i32"),
    op(0xA8, "i32.trunc_f32_s",       "",           "f32 -> i32",         use("trunc", "float", "i32", 1)),
    op(0xA9, "i32.trunc_f32_u",       "",           "f32 -> i32",         use("trunc", "float", "i32", 0)),
    op(0xAA, "i32.trunc_f64_s",       "",           "f64 -> i32",         use("trunc", "double", "i32", 1)),
    op(0xAB, "i32.trunc_f64_u",       "",           "f64 -> i32",         use("trunc", "double", "i32", 0)),
    op(0xAC, "i64.extend_i32_s",      "",           "i32 -> i64",         "sext i32 $0 to i64"),
    op(0xAD, "i64.extend_i32_u",      "",           "i32 -> i64",         "zext i32 $0 to i64"),
    op(0xAE, "i64.trunc_f32_s",       "",           "f32 -> i64",         use("trunc", "float", "i64", 1)),
    op(0xAF, "i64.trunc_f32_u",       "",           "f32 -> i64",         use("trunc", "float", "i64", 0)),
    op(0xB0, "i64.trunc_f64_s",       "",           "f64 -> i64",         use("trunc", "double", "i64", 1)),
    op(0xB1, "i64.trunc_f64_u",       "",           "f64 -> i64",         use("trunc", "double", "i64", 0)),
    op(0xB2, "f32.convert_i32_s",     "",           "i32 -> f32",         "sitofp i32 $0 to float"),
    op(0xB3, "f32.convert_i32_u",     "",           "i32 -> f32",         "uitofp i32 $0 to float"),
    op(0xB4, "f32.convert_i64_s",     "",           "i64 -> f32",         "sitofp i64 $0 to float"),
    op(0xB5, "f32.convert_i64_u",     "",           "i64 -> f32",         "uitofp i64 $0 to float"),
    op(0xB6, "f32.demote_f64",        "",           "f64 -> f32",         use("demote")),
    op(0xB7, "f64.convert_i32_s",     "",           "i32 -> f64",         "sitofp i32 $0 to double"),
    op(0xB8, "f64.convert_i32_u",     "",           "i32 -> f64",         "uitofp i32 $0 to double"),
    op(0xB9, "f64.convert_i64_s",     "",           "i64 -> f64",         "sitofp i64 $0 to double"),
    op(0xBA, "f64.convert_i64_u",     "",           "i64 -> f64",         "uitofp i64 $0 to double"),
    op(0xBB, "f64.promote_f32",       "",           "f32 -> f64",         use("promote")),
    op(0xBC, "i32.reinterpret_f32",   "",           "f32 -> i32",         "bitcast float $0 to i32"),
    op(0xBD, "i64.reinterpret_f64",   "",           "f64 -> i64",         "bitcast double $0 to i64"),
    op(0xBE, "f32.reinterpret_i32",   "",           "i32 -> f32",         "bitcast i32 $0 to float"),
    op(0xBF, "f64.reinterpret_i64",   "",           "i64 -> f64",         "bitcast i64 $0 to double"),
    op(0xC0, "i32.extend8_s",         "",           "i32 -> i32",         "#1 = trunc i32 $0 to i8\nsext i8 #1 to i32", _EXT),
    op(0xC1, "i32.extend16_s",        "",           "i32 -> i32",         "#1 = trunc i32 $0 to i16\nsext i16 #1 to i32", _EXT),
    op(0xC2, "i64.extend8_s",         "",           "i64 -> i64",         "#1 = trunc i64 $0 to i8\nsext i8 #1 to i64", _EXT),
    op(0xC3, "i64.extend16_s",        "",           "i64 -> i64",         "#1 = trunc i64 $0 to i16\nsext i16 #1 to i64", _EXT),
    op(0xC4, "i64.extend32_s",        "",           "i64 -> i64",         "#1 = trunc i64 $0 to i32\nsext i32 #1 to i64", _EXT),
    # references
    op(0xD0, "ref.null",              "heaptype",   SPECIAL,              SPECIAL, _REF_OR_BULK, constant=True),
    op(0xD1, "ref.is_null",           "",           SPECIAL,              SPECIAL, _REF_OR_BULK),
    op(0xD2, "ref.func",              "func",       SPECIAL,              SPECIAL, _REF_OR_BULK, constant=True),
    # prefix 0xFC
    fc(0,    "i32.trunc_sat_f32_s",   "",           "f32 -> i32",         use("trunc_sat", "float", "i32", 1), _SAT),
    fc(1,    "i32.trunc_sat_f32_u",   "",           "f32 -> i32",         use("trunc_sat", "float", "i32", 0), _SAT),
    fc(2,    "i32.trunc_sat_f64_s",   "",           "f64 -> i32",         use("trunc_sat", "double", "i32", 1), _SAT),
    fc(3,    "i32.trunc_sat_f64_u",   "",           "f64 -> i32",         use("trunc_sat", "double", "i32", 0), _SAT),
    fc(4,    "i64.trunc_sat_f32_s",   "",           "f32 -> i64",         use("trunc_sat", "float", "i64", 1), _SAT),
    fc(5,    "i64.trunc_sat_f32_u",   "",           "f32 -> i64",         use("trunc_sat", "float", "i64", 0), _SAT),
    fc(6,    "i64.trunc_sat_f64_s",   "",           "f64 -> i64",         use("trunc_sat", "double", "i64", 1), _SAT),
    fc(7,    "i64.trunc_sat_f64_u",   "",           "f64 -> i64",         use("trunc_sat", "double", "i64", 0), _SAT),
    fc(8,    "memory.init",           "data mem",   "i32 i32 i32 ->",     use("memory_init"), _BULK_OR_REF),
    fc(9,    "data.drop",             "data",       "->",                 use("data_drop"), _BULK_OR_REF),
    fc(10,   "memory.copy",           "mem mem",    "i32 i32 i32 ->",     use("memory_copy"), _BULK_OR_REF),
    fc(11,   "memory.fill",           "mem",        "i32 i32 i32 ->",     use("memory_fill"), _BULK_OR_REF),
    fc(12,   "table.init",            "elem table", "i32 i32 i32 ->",     use("table_init"), _BULK_OR_REF),
    fc(13,   "elem.drop",             "elem",       "->",                 use("elem_drop"), _BULK_OR_REF),
    fc(14,   "table.copy",            "table table","i32 i32 i32 ->",     use("table_copy"), _BULK_OR_REF),
    fc(15,   "table.grow",            "table",      SPECIAL,              SPECIAL, _REF),
    fc(16,   "table.size",            "table",      "-> i32",             use("table_size"), _REF),
    fc(17,   "table.fill",            "table",      SPECIAL,              SPECIAL, _REF),
)
# fmt: on


PREFIXES = (0xFC, 0xFD, 0xFE)
"""First bytes that a second opcode, in LEB128, follows."""


@cache
def group(prefix: int) -> dict[int, Row]:
    """The rows behind ``prefix`` (0: one-byte opcodes) by their code.

    The large tables are read when a module needs them.
    """
    table = SCALAR
    if prefix == 0xFD:
        from .simd import SIMD

        table = SIMD
    elif prefix == 0xFE:
        from .atomic import ATOMIC

        table = ATOMIC
    return {row_.code: row_ for row_ in table if row_.prefix == prefix}


def rows() -> tuple[Row, ...]:
    """All rows of all tables."""
    return tuple(row_ for prefix in (0, *PREFIXES) for row_ in group(prefix).values())


def every_row() -> tuple[Row, ...]:
    """All rows, also of instructions that are only planned."""
    from .exceptions import EXCEPTIONS
    from .references import REFERENCES
    from .relaxed import RELAXED

    return (*rows(), *REFERENCES, *EXCEPTIONS, *RELAXED)


def enabled(row_: Row, proposals: AbstractSet[Proposal]) -> bool:
    """Whether ``row_`` may be used when ``proposals`` are on."""
    return not row_.proposals or not proposals.isdisjoint(row_.proposals)
