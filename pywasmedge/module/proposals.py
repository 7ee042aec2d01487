"""What encodings of proposals look like where they are not enabled, so that errors can say so.

Only read when something is malformed already.
"""

from __future__ import annotations

from ..base.config import Proposal

_SECTIONS = {
    12: ("data count", Proposal.BULK_MEMORY_OPERATIONS),
    13: ("tags", Proposal.EXCEPTION_HANDLING),
}
_TYPES = {
    0x7B: Proposal.SIMD,
    0x6F: Proposal.REFERENCE_TYPES,
    0x70: Proposal.REFERENCE_TYPES,
    0x69: Proposal.EXCEPTION_HANDLING,
    0x74: Proposal.EXCEPTION_HANDLING,
    0x63: Proposal.FUNCTION_REFERENCES,
    0x64: Proposal.FUNCTION_REFERENCES,
    **dict.fromkeys((0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x71, 0x72, 0x73), Proposal.GC),
}
_FORMS = dict.fromkeys((0x4D, 0x4E, 0x4F, 0x50, 0x5E, 0x5F), Proposal.GC)
_LIMITS = {2: Proposal.THREADS, 4: Proposal.MEMORY64, 8: Proposal.CUSTOM_PAGE_SIZES}


def title(proposal: Proposal) -> str:
    """What a proposal is called: ``exception-handling``."""
    return proposal.name.lower().replace("_", "-")


def needs(what: str, *proposals: Proposal | None) -> str:
    """``what``, and which proposals it needs, if any."""
    names = [title(p) for p in proposals if p is not None]
    if not names:
        return what
    ending = "" if len(names) == 1 else "s"
    return f"{what}: needs the {' and '.join(names)} proposal{ending}"


def section(number: int) -> str:
    """A section with this id."""
    known = _SECTIONS.get(number)
    if known is None:
        return f"section {number}"
    return needs(f"section {number} ({known[0]})", known[1])


def value_type(byte: int) -> str:
    """A value or reference type that begins with this byte."""
    return needs(f"type 0x{byte:02x}", _TYPES.get(byte))


def type_form(byte: int) -> str:
    """A type of the type section that begins with this byte."""
    return needs(f"function type starts with 0x{byte:02x}", _FORMS.get(byte))


def extern_kind(kind: int) -> str:
    """A kind of import or export."""
    if kind == 4:
        return needs("kind 4 (tag)", Proposal.EXCEPTION_HANDLING)
    return f"kind {kind}"


def limits_flags(flags: int, allowed: int) -> str:
    """Flags of limits of which only those in ``allowed`` are known."""
    bits = [proposal for bit, proposal in _LIMITS.items() if flags & bit & ~allowed]
    return needs(f"limits flag 0x{flags:02x}", *(bits if flags < 0x10 else ()))


def opcode(prefix: int, code: int) -> str:
    """An instruction that is unknown or not enabled."""
    from ..isa.opcodes import every_row

    text = f"0x{prefix:02x} 0x{code:02x}" if prefix else f"0x{code:02x}"
    found = next((r for r in every_row() if (r.prefix, r.code) == (prefix, code)), None)
    if found is not None and found.proposals:
        return needs(f"{text} ({found.mnemonic})", found.proposals[0])
    if prefix == 0 and code == 0xFB:
        return needs(text, Proposal.GC)
    return text
