"""What the functions in memory are called, for people."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from ...compiler.artifact import AHEAD
from ...compiler.codegen import Level
from ...module.names import kept_names
from ..image import Image, level_of
from ..pieces import Loaded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...module.ast import Module
    from ..pieces import Piece

_ADAPTERS = {"f2n": "[host to guest]", "n2f": "[guest to host]"}


class Function(NamedTuple):
    """A function in memory."""

    start: int
    size: int
    name: str
    """For people: the name in the name section or ``func[<index>]``, and how it was compiled."""


def functions(piece: Piece) -> Iterator[Function]:
    """The functions of a piece of code, in order of their addresses."""
    if isinstance(piece, Image):
        yield from _of_image(piece)
    elif isinstance(piece, Loaded):
        level = None if piece.level is None else piece.level.name.lower()
        levels = dict.fromkeys(piece.entries, level or "")
        found = [(piece.start + at, name) for name, at in piece.entries.items()]
        ends = [(piece.start, piece.start + (piece.unwind[0] or piece.size))]
        yield from _named(piece.module, found, ends, levels)


def _of_image(image: Image) -> Iterator[Function]:
    artifact = image.artifact
    levels = {}
    for index, level in zip(artifact.functions, artifact.levels, strict=True):
        known = "ahead" if artifact.kind == AHEAD else level_of(level)[0].name.lower()
        levels[f"f{index}"] = levels[f"g{index}"] = known
    found = [
        (image.start + at, f"f{index}")
        for index, at in zip(artifact.functions, artifact.offsets, strict=True)
    ]
    found += [(image.start + at, name) for name, at in artifact.symbols.items()]
    ends = [
        (image.start + p.start, image.start + p.start + (p.unwind[0] or p.size))
        for p in artifact.pieces()
    ]
    yield from _named(image.module, found, ends, levels)


def _named(
    module: Module | None,
    found: list[tuple[int, str]],
    ends: Sequence[tuple[int, int]],
    levels: dict[str, str],
) -> Iterator[Function]:
    """Functions from their addresses and symbols.

    Args:
        module: what they were made from.
        found: the addresses and symbols.
        ends: address of each piece of code, and where its functions end.
        levels: how each symbol was compiled, as far as that is not known from its name.
    """
    found.sort()
    symbols = {name for _, name in found}
    starts = [start for start, _ in ends]
    for i, (start, symbol) in enumerate(found):
        end = ends[bisect_right(starts, start) - 1][1]
        if i + 1 < len(found):
            end = min(end, found[i + 1][0])
        yield Function(start, max(end - start, 0), _title(module, symbol, levels, symbols))


def _title(module: Module | None, symbol: str, levels: dict[str, str], symbols: set[str]) -> str:
    if module is None:
        return _ADAPTERS.get(symbol.partition("_")[0], symbol)
    kind, (index, _, loop) = symbol[:1], symbol[1:].partition(".")
    if kind not in ("f", "g", "o") or not index.isdigit():
        return symbol
    number = module.imported_funcs + int(index)
    name = kept_names(module).functions.get(number) or f"func[{number}]"
    name = "".join([c if c.isprintable() else "?" for c in name])
    if kind == "o":
        return f"{name} [{Level.OPTIMISED.name.lower()}, loop at 0x{int(loop):x}]"
    entry = ", entry" if kind == "f" and f"g{index}" in symbols else ""
    return f"{name} [{levels.get(f'{kind}{index}', '')}{entry}]"
