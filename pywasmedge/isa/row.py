"""What a row of the instruction tables says.

A row gives, in columns: code, mnemonic, immediates, type, lowering, proposal.

``immediates``
    Space-separated kinds: ``i32 i64 f32 f64 v128`` (constants), ``memarg:N`` (natural alignment
    is 2^N bytes), ``memarg_exact:N`` (no other alignment is allowed), ``lane:N`` (lane index below
    N), ``lanes16`` (shuffle mask), ``type table local global func label mem elem data`` (indices),
    ``block`` (block type), ``labels`` (br_table vector), ``valtypes``, ``heaptype``, ``zero`` (the
    byte 0). Of instructions that are planned also ``tag field u32``, ``catches`` (clauses of
    ``try_table``), ``cast`` (flags, label and two heap types of ``br_on_cast``).
``type``
    ``"i32 i32 -> i32"``, or ``SPECIAL`` when it depends on immediates or context.
``lowering``
    A template, a ``Use``, ``SPECIAL``, or ``PLANNED``.

Templates are LLVM text, one instruction per line. ``$0 $1 $2`` are the operands. A line
``#1 = ...`` names an intermediate value ``#1`` for later lines; the last line (without ``=``)
is the row's result, or has none if the row has no result. A v128 operand or result always has
the LLVM type ``<2 x i64>``.
"""

from __future__ import annotations

from ..base.config import Proposal
from ..base.record import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

SPECIAL: Final = "special"
"""In the type or lowering column: handled by a function of its own, found by mnemonic."""


PLANNED: Final = "planned"
"""In the lowering column: known to the text format only; whatever runs code refuses it."""


@dataclass(frozen=True, slots=True)
class Use:
    """A lowering function and its fixed arguments.

    The function of that name in ``pywasmedge.compiler`` is called as
    ``function(emitter, *args, *immediates, *operands)`` and returns the result's LLVM text, or
    ``None`` if the row has no result.
    """

    function: str
    args: tuple[str | int, ...]


def use(function: str, *args: str | int) -> Use:
    """A row's lowering: call ``function`` with ``args`` before immediates and operands."""
    return Use(function, args)


@dataclass(frozen=True, slots=True)
class Row:
    """One instruction. ``prefix`` is 0 for one-byte opcodes, else 0xFB to 0xFE."""

    prefix: int
    code: int
    mnemonic: str
    immediates: tuple[str, ...]
    type: str
    lowering: str | Use
    proposals: tuple[Proposal, ...] = ()
    """Any of these must be on; empty: always there."""
    constant: bool = False
    """Allowed in constant expressions (arithmetic: with extended-const only)."""


def row(
    prefix: int,
    code: int,
    mnemonic: str,
    immediates: str,
    type_: str,
    lowering: str | Use,
    when: Proposal | tuple[Proposal, ...] | None = None,
    *,
    constant: bool = False,
) -> Row:
    """Make a row from its columns; ``when`` is the proposal (or any of several) it needs."""
    needs = () if when is None else when if isinstance(when, tuple) else (when,)
    imms = tuple(immediates.split())
    return Row(prefix, code, mnemonic, imms, type_, lowering, needs, constant)
