"""The name section (spec appendix A.4.1): what functions and locals are called, for people.

Nothing depends on it, so it is read when asked for, and a malformed one counts as far as it can
be read: no error ever comes out of here.
"""

from __future__ import annotations

from ..base.errors import LoadError
from ..base.types import ExternKind
from .reader import name, u32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .ast import Module, Range

_MODULE, _FUNCTIONS, _LOCALS = 0, 1, 2


class Names:
    """The names in a module's name section; the maps are decoded at their first use.

    Attributes:
        module: the module's own name, or ``None``.
    """

    __slots__ = ("_data", "_functions", "_subsections", "module")

    def __init__(self, data: bytes, subsections: dict[int, Range]) -> None:
        """Use ``subsections`` (ranges of ``data`` by subsection id)."""
        self._data = data
        self._subsections = subsections
        self._functions: dict[int, str] | None = None
        self.module: str | None = None
        if _MODULE in subsections:
            try:  # noqa: SIM105  (contextlib is not worth its import)
                self.module, _ = name(data, *subsections[_MODULE])
            except LoadError:
                pass

    @property
    def functions(self) -> dict[int, str]:
        """Name of each function that has one, by index (imports first)."""
        if self._functions is None:
            self._functions = dict(self._function_map())
        return self._functions

    def function(self, index: int) -> str | None:
        """Name of function ``index``; looks no further than needed."""
        if self._functions is not None:
            return self._functions.get(index)
        return next((text for key, text in self._function_map() if key == index), None)

    def locals(self, func_index: int) -> dict[int, str]:
        """Names of the parameters and locals of a function, by local index."""
        data = self._data
        pos, end = self._subsections.get(_LOCALS, (0, 0))
        try:
            count, pos = u32(data, pos, end)
            for _ in range(count):
                index, pos = u32(data, pos, end)
                size, pos = u32(data, pos, end)
                if index == func_index:
                    return dict(_name_map(data, pos, end, size))
                for _ in range(size):
                    _, pos = u32(data, pos, end)
                    length, pos = u32(data, pos, end)
                    pos += length
        except LoadError:
            pass
        return {}

    def _function_map(self) -> Iterator[tuple[int, str]]:
        data = self._data
        pos, end = self._subsections.get(_FUNCTIONS, (0, 0))
        try:
            count, pos = u32(data, pos, end)
        except LoadError:
            return
        yield from _name_map(data, pos, end, count)


def _name_map(data: bytes, pos: int, end: int, count: int) -> Iterator[tuple[int, str]]:
    """(index, name) pairs, ending early where the bytes make no sense."""
    try:
        for _ in range(count):
            index, pos = u32(data, pos, end)
            text, pos = name(data, pos, end)
            yield index, text
    except LoadError:
        return


def read_names(module: Module) -> Names:
    """The names in the first custom section ``name`` of ``module``; without one, no names."""
    data = module.data
    subsections: dict[int, Range] = {}
    pos, end = next((range_ for title, range_ in module.customs if title == "name"), (0, 0))
    try:
        while pos < end:
            kind = data[pos]
            size, pos = u32(data, pos + 1, end)
            subsections.setdefault(kind, (pos, min(pos + size, end)))
            pos += size
    except LoadError:
        pass
    return Names(data, subsections)


_latest: tuple[Module, Names] | None = None


def kept_names(module: Module) -> Names:
    """The same, kept for who asks again; of one module at a time, which is kept as well."""
    global _latest
    known = _latest
    if known is None or known[0] is not module:
        known = _latest = module, read_names(module)
    return known[1]


def function_name(module: Module, index: int) -> str | None:
    """Name of function ``index`` (imports first) in the name section, or ``None``."""
    return read_names(module).function(index)


def exported_functions(module: Module) -> dict[int, str]:
    """The name of the first export of each function that is exported, by index."""
    exports = module.exports
    return {e.index: e.name for e in reversed(exports) if e.kind == ExternKind.FUNCTION}


def display_name(module: Module, index: int, names: Names | None = None) -> str:
    """What to call function ``index`` when talking to people.

    Args:
        module: the module.
        index: function index, imports first; one that does not exist is fine.
        names: its names, if at hand.

    Returns:
        Its name in the name section, else the name of an export of it, else
        ``module.name`` for an import, else ``function[index]``.
    """
    found = (names or read_names(module)).function(index)
    if found:
        return found
    for export in module.exports:
        if export.kind == ExternKind.FUNCTION and export.index == index:
            return export.name
    if index < module.imported_funcs:
        imports = [i for i in module.imports if i.kind == ExternKind.FUNCTION]
        return f"{imports[index].module}.{imports[index].name}"
    return f"function[{index}]"
