"""Numbers and strings of the text format (specification, sections 6.3.1 to 6.3.4)."""

from __future__ import annotations

import re
import struct

from .lexer import Fault, lexical_fault, unmask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_DECIMAL = re.compile(r"[+-]?[0-9]+(?:_[0-9]+)*\Z")
_HEXADECIMAL = re.compile(r"[+-]?0x[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*\Z")
_NUM, _HEX = r"[0-9]+(?:_[0-9]+)*", r"[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*"
_FLOAT = re.compile(rf"[+-]?{_NUM}(?:\.(?:{_NUM})?)?(?:[eE][+-]?{_NUM})?\Z")
_HEX_FLOAT = re.compile(rf"([+-]?)0x({_HEX})(?:\.({_HEX})?)?(?:[pP]([+-]?{_NUM}))?\Z")
_NAN = re.compile(rf"([+-]?)nan:0x({_HEX})\Z")
_ESCAPE = re.compile(
    r"\\(?:([tnr'])|([0-9a-fA-F]{2})|u\{([0-9a-fA-F]+(?:_[0-9a-fA-F]+)*)\}|(?s:.|\Z))"
    "|\ud800([\ud801\ud802])"
)
_PLAIN = {"t": b"\t", "n": b"\n", "r": b"\r", "'": b"'"}

_LONGEST: Final = 64
"""More digits than the largest number has that fits anywhere."""


def integer(token: str) -> int | None:
    """The integer that ``token`` is, or ``None`` if it is none; of absurd ones, a large one."""
    if _DECIMAL.match(token):
        if len(token) > _LONGEST:
            token = _trimmed(token, 10)
        return int(token)
    if _HEXADECIMAL.match(token):
        if len(token) > _LONGEST:
            token = _trimmed(token, 16)
        return int(token, 16)
    return None


def _trimmed(token: str, base: int) -> str:
    """A number with as many digits as needed to see that it is too large."""
    sign = token[0] if token[0] in "+-" else ""
    digits = token[len(sign) :].replace("_", "")
    prefix = "0x" if base == 16 else ""
    digits = digits[len(prefix) :].lstrip("0") or "0"
    return sign + prefix + digits[:_LONGEST]


def unsigned(token: str, bits: int) -> int:
    """An unsigned integer of at most ``bits`` bits, written without sign."""
    value = integer(token)
    if value is None or token[0] in "+-":
        raise Fault("unexpected token" if value is not None else unexpected(token))
    if value >> bits:
        raise Fault(f"i{bits} constant out of range")
    return value


def any_sign(token: str, bits: int) -> int:
    """An integer from -2^(bits-1) to 2^bits-1, as its unsigned equivalent."""
    value = integer(token)
    if value is None:
        raise Fault(unexpected(token))
    if not -(1 << bits - 1) <= value < 1 << bits:
        raise Fault("constant out of range")
    return value & (1 << bits) - 1


def unexpected(token: str) -> str:
    """What to say of a token where a number, an index or a keyword should be."""
    from .instructions import KEYWORDS

    if wrong := lexical_fault(token):
        return wrong
    if token == "$":
        return "empty identifier"
    if (token[:1] in '()"$' and token) or token in KEYWORDS or looks_like_number(token):
        return "unexpected token"
    return "unknown operator"


def looks_like_number(token: str) -> bool:
    """Whether ``token`` is a number of any kind."""
    return bool(
        integer(token) is not None
        or _FLOAT.match(token)
        or _HEX_FLOAT.match(token)
        or _NAN.match(token)
        or token.lstrip("+-") in ("inf", "nan", "nan:canonical", "nan:arithmetic")
    )


def float_bits(token: str, bits: int) -> int:
    """The bits of a floating-point literal for ``f32`` or ``f64``.

    Numbers are rounded to the nearest, ties to even.
    """
    fraction_bits = 23 if bits == 32 else 52
    infinity = (1 << bits - 1) - (1 << fraction_bits)
    sign = 1 << bits - 1 if token[:1] == "-" else 0
    if _FLOAT.match(token):
        magnitude = _decimal_bits(token.lstrip("+-").replace("_", ""), bits)
    elif found := _HEX_FLOAT.match(token):
        magnitude = _hex_bits(found, fraction_bits, infinity)
    elif (word := token[1:] if token[:1] in "+-" else token) == "inf":
        return sign | infinity
    elif word == "nan":
        return sign | infinity | 1 << fraction_bits - 1
    elif found := _NAN.match(token):
        payload = int(found[2].replace("_", ""), 16)
        if not 0 < payload < 1 << fraction_bits:
            raise Fault("constant out of range")
        return sign | infinity | payload
    else:
        raise Fault(unexpected(token))
    if magnitude >= infinity:
        raise Fault("constant out of range")
    return sign | magnitude


def _decimal_bits(digits: str, bits: int) -> int:
    """Bits of a decimal number without sign; those of infinity if it is too large."""
    value = float(digits)
    wide = int.from_bytes(struct.pack("<d", value), "little")
    if bits == 64:
        return wide
    narrow = _narrow(wide)
    tie = wide & 0x1FFF_FFFF == 0x1000_0000 if value > 1.2e-38 else not wide & 0xFFF_FFFF
    if tie and wide and value < 3.5e38:
        # ``float`` has rounded once; where that ended between two neighbours, it may have
        # made a tie of what is none.
        from decimal import Decimal

        exact, seen = Decimal(digits), Decimal(value)
        if exact != seen:
            narrow = _narrow(wide + (1 if exact > seen else -1))
    return narrow


def _narrow(wide: int) -> int:
    """Bits of the f32 nearest to a positive f64 given by its bits."""
    exponent = (wide >> 52) - 1075
    mantissa = (wide & (1 << 52) - 1) | 1 << 52
    if wide >> 52 == 0x7FF:
        return 0x7F80_0000
    return round_bits(mantissa, exponent, 23, 0x7F80_0000) if wide >> 52 else 0


def _hex_bits(found: re.Match[str], fraction_bits: int, infinity: int) -> int:
    whole = found[2].replace("_", "")
    part = (found[3] or "").replace("_", "").rstrip("0")
    mantissa = int(whole + part, 16)
    exponent = integer(found[4]) if found[4] else 0
    assert exponent is not None
    return round_bits(mantissa, exponent - 4 * len(part), fraction_bits, infinity)


def round_bits(mantissa: int, exponent: int, fraction_bits: int, infinity: int) -> int:
    """Bits of the number nearest to ``mantissa * 2**exponent`` (not negative), ties to even.

    Args:
        mantissa: any natural number.
        exponent: any integer.
        fraction_bits: 23 for f32, 52 for f64.
        infinity: the bits of infinity, which is the result for what is too large.
    """
    if not mantissa:
        return 0
    largest = infinity >> fraction_bits  # the exponent field of infinity
    bias = largest // 2
    size = mantissa.bit_length()
    top = size + exponent  # 2**(top-1) <= value < 2**top
    if top - 1 > bias:
        return infinity
    lowest = 1 - bias - fraction_bits  # the exponent of the last place of subnormal numbers
    if top < lowest:
        return 0
    last = max(top - 1 - fraction_bits, lowest)
    shift = last - exponent
    if shift > 0:
        low = mantissa & (1 << shift) - 1
        mantissa >>= shift
        half = 1 << shift - 1
        if low > half or (low == half and mantissa & 1):
            mantissa += 1
    else:
        mantissa <<= -shift
    # A mantissa that has its top bit, or got it by rounding, carries into the exponent.
    return mantissa + (last - lowest << fraction_bits)


def string(token: str) -> bytes:
    """The bytes of a string literal with its quotes."""
    if token[:1] != '"':
        raise Fault("unexpected token")
    if len(token) < 2 or token[-1] != '"':
        raise Fault("unclosed string")
    content = token[1:-1]
    if "\\" not in content and "\ud800" not in content:
        return content.encode()
    pieces: list[bytes] = []
    done = 0
    for found in _ESCAPE.finditer(content):
        start, end = found.span()
        if start > done:
            pieces.append(content[done:start].encode())
        done = end
        plain, byte, code, masked = found.groups()
        if byte:
            pieces.append(bytes.fromhex(byte))
        elif masked:
            pieces.append(b"\\" if masked == "\ud801" else b'"')
        elif plain:
            pieces.append(_PLAIN[plain])
        elif code:
            pieces.append(_scalar(code))
        else:
            raise Fault("malformed escape in string")
    pieces.append(content[done:].encode())
    return b"".join(pieces)


def _scalar(code: str) -> bytes:
    digits = code.replace("_", "").lstrip("0") or "0"
    value = int(digits[:8], 16)
    if value >= 0x110000 or 0xD800 <= value < 0xE000:
        raise Fault("malformed escape in string")
    return chr(value).encode()


def text_of(token: str) -> str:
    """The text of a string literal, which must be UTF-8."""
    try:
        return string(token).decode()
    except UnicodeDecodeError:
        raise Fault("malformed UTF-8 encoding") from None


def identifier(token: str) -> str:
    """The name in an identifier ``$name`` or ``$"name"``."""
    name = text_of(token[1:]) if token[1:2] == '"' else unmask(token[1:])
    if not name:
        raise Fault("empty identifier")
    return name
