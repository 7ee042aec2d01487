"""Numeric instructions of later proposals: relaxed SIMD (3.0) and wide arithmetic."""

from __future__ import annotations

from ..base.config import Proposal
from .row import PLANNED, Row, row
from .simd import V_V, VV_V, VVV_V

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_QUAD: Final = "i64 i64 i64 i64 -> i64 i64"
_PAIR: Final = "i64 i64 -> i64 i64"


def _r(code: int, mnemonic: str, type_: str) -> Row:
    return row(0xFD, code, mnemonic, "", type_, PLANNED, Proposal.RELAXED_SIMD)


def _w(code: int, mnemonic: str, type_: str) -> Row:
    return row(0xFC, code, mnemonic, "", type_, PLANNED, Proposal.WIDE_ARITHMETIC)


# fmt: off
RELAXED: tuple[Row, ...] = (
    _r(0x100, "i8x16.relaxed_swizzle",                VV_V),
    _r(0x101, "i32x4.relaxed_trunc_f32x4_s",          V_V),
    _r(0x102, "i32x4.relaxed_trunc_f32x4_u",          V_V),
    _r(0x103, "i32x4.relaxed_trunc_f64x2_s_zero",     V_V),
    _r(0x104, "i32x4.relaxed_trunc_f64x2_u_zero",     V_V),
    _r(0x105, "f32x4.relaxed_madd",                   VVV_V),
    _r(0x106, "f32x4.relaxed_nmadd",                  VVV_V),
    _r(0x107, "f64x2.relaxed_madd",                   VVV_V),
    _r(0x108, "f64x2.relaxed_nmadd",                  VVV_V),
    _r(0x109, "i8x16.relaxed_laneselect",             VVV_V),
    _r(0x10A, "i16x8.relaxed_laneselect",             VVV_V),
    _r(0x10B, "i32x4.relaxed_laneselect",             VVV_V),
    _r(0x10C, "i64x2.relaxed_laneselect",             VVV_V),
    _r(0x10D, "f32x4.relaxed_min",                    VV_V),
    _r(0x10E, "f32x4.relaxed_max",                    VV_V),
    _r(0x10F, "f64x2.relaxed_min",                    VV_V),
    _r(0x110, "f64x2.relaxed_max",                    VV_V),
    _r(0x111, "i16x8.relaxed_q15mulr_s",              VV_V),
    _r(0x112, "i16x8.relaxed_dot_i8x16_i7x16_s",      VV_V),
    _r(0x113, "i32x4.relaxed_dot_i8x16_i7x16_add_s",  VVV_V),
    _w(0x13,  "i64.add128",                           _QUAD),
    _w(0x14,  "i64.sub128",                           _QUAD),
    _w(0x15,  "i64.mul_wide_s",                       _PAIR),
    _w(0x16,  "i64.mul_wide_u",                       _PAIR),
)
# fmt: on
