"""What instantiating a module takes, worked out once so that each instance is cheap."""

from __future__ import annotations

from ..base.types import ExternKind, ValType
from ..kernel.native import ffi
from ..module.ast import SegmentMode
from ..module.names import Names, display_name, read_names
from .constant import evaluate, static_value
from .values import signature

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..base.types import ExternType
    from ..module.ast import Data, Datas, Element, Module, Range
    from .values import Signature


class Expression:
    """A constant expression: its bits, if they are the same in all instances."""

    __slots__ = ("_module", "_range", "bits")

    def __init__(self, module: Module, range_: Range) -> None:
        self._module = module
        self._range = range_
        self.bits = static_value(module, range_)

    def value(self, get_global: Callable[[int], int], ref_func: Callable[[int], int]) -> int:
        """Its bits in an instance, whose globals and functions the arguments give."""
        if self.bits is not None:
            return self.bits
        return evaluate(self._module, self._range, get_global, ref_func)


class ElementPlan:
    """An element segment that instantiation has to do with.

    Attributes:
        index: which one.
        table: the table, for an active segment.
        offset: where in it, ``None`` for a passive segment.
        count: number of elements.
        indices: ``uint32_t[]`` of the functions, or ``None``.
        items: the elements' expressions if ``indices`` is ``None``.
    """

    __slots__ = ("count", "index", "indices", "items", "offset", "table")

    def __init__(self, module: Module, index: int, segment: Element) -> None:
        self.index = index
        self.table = segment.table
        expression = segment.offset_expr
        self.offset = Expression(module, expression) if expression else None
        self.indices: Any = None
        self.items: list[Expression] = []
        if segment.funcs is not None:
            self.count = len(segment.funcs)
            self.indices = ffi.from_buffer("uint32_t[]", segment.funcs)
        else:
            self.items = [Expression(module, range_) for range_ in segment.exprs or ()]
            self.count = len(self.items)


class DataPlan:
    """A data segment: ``offset`` is ``None`` for a passive one, ``start`` points to its bytes."""

    __slots__ = ("index", "length", "memory", "offset", "start")

    def __init__(self, module: Module, index: int, segment: Data, base: Any) -> None:
        self.index = index
        self.memory = segment.memory
        expression = segment.offset_expr
        self.offset = Expression(module, expression) if expression else None
        start, end = segment.init
        self.start = base + start
        self.length = end - start


class DataRun:
    """Plain data segments with successive indices (see ``module.ast.Datas``).

    Attributes:
        first: index of the first one.
        count: how many there are.
        base: the binary.
        offsets, starts, ends: ``uint32_t *`` as ``we_memory_write_all`` takes them.
    """

    __slots__ = ("base", "count", "ends", "first", "offsets", "starts")

    def __init__(self, datas: Datas, first: int, end: int, base: Any) -> None:
        self.first = first
        self.count = end - first
        self.base = base
        self.offsets, self.starts, marks = (
            ffi.from_buffer("uint32_t[]", column)[first : end + extra]
            for column, extra in ((datas.offsets, 0), (datas.starts, 0), (datas.marks, 1))
        )
        self.ends = marks + 1


def _data_plans(module: Module, base: Any) -> list[DataPlan | DataRun]:
    """What is to be done with the data segments, in order."""
    datas = module.datas
    plans: list[DataPlan | DataRun] = []
    done = 0
    for index in (*datas.others, len(datas)):
        if index > done:
            plans.append(DataRun(datas, done, index, base))
        if index < len(datas):
            plans.append(DataPlan(module, index, datas[index], base))
        done = index + 1
    return plans


class Plan:
    """How to make instances of a module.

    Attributes:
        tree: the module.
        imports: (module, name, kind, type) of each import, in order.
        exports: what each export name means: kind and index.
        image: initial bytes of the module's own globals, as far as they are the same in all
            instances.
        globals: own globals that are not, with their index among the own ones.
        elements: active and passive element segments.
        datas: all data segments, in order.
        holds_externrefs: whether an instance owns places for external references.
    """

    __slots__ = (
        "_bytes",
        "_names",
        "_signatures",
        "datas",
        "elements",
        "exports",
        "globals",
        "holds_externrefs",
        "image",
        "imports",
        "tree",
    )

    def __init__(self, tree: Module) -> None:
        self.tree = tree
        self._names: Names | None = None
        self._signatures: dict[int, Signature] = {}
        self.imports: list[tuple[str, str, ExternKind, ExternType]] = [
            (
                item.module,
                item.name,
                item.kind,
                tree.types[item.desc] if isinstance(item.desc, int) else item.desc,
            )
            for item in tree.imports
        ]
        self.exports = {item.name: (item.kind, item.index) for item in tree.exports}
        initial = [Expression(tree, item.init) for item in tree.globals]
        self.globals = [(i, item) for i, item in enumerate(initial) if item.bits is None]
        self.image = b"".join([(item.bits or 0).to_bytes(16, "little") for item in initial])
        self.elements = [
            ElementPlan(tree, index, segment)
            for index, segment in enumerate(tree.elements)
            if segment.mode != SegmentMode.DECLARATIVE
        ]
        self.holds_externrefs = ValType.EXTERNREF in {
            *(type_.element for type_ in tree.tables),
            *(global_.type.type for global_ in tree.globals),
            *(segment.type for segment in tree.elements),
        }
        self._bytes = ffi.from_buffer("uint8_t[]", tree.data)
        base = ffi.cast("const uint8_t *", self._bytes)
        self.datas = _data_plans(tree, base)

    def signature_of(self, index: int) -> Signature:
        """The signature of function ``index`` (imports first)."""
        type_index = self.tree.func_types[index]
        found = self._signatures.get(type_index)
        if found is None:
            found = self._signatures[type_index] = signature(self.tree.types[type_index])
        return found

    def function_name(self, index: int) -> str:
        """What to call function ``index`` when talking to people."""
        if self._names is None:
            self._names = read_names(self.tree)
        return display_name(self.tree, index, self._names)
