"""A loaded module: what users hold between loading and instantiating."""

from __future__ import annotations

from threading import RLock

from ..base.closing import Closing
from ..base.record import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..base.config import Proposal
    from ..base.errors import ValidationError
    from ..base.types import ExternKind, ExternType
    from ..code.compiled import CompiledModule
    from ..module import ast
    from .precompiled import Precompiled


@dataclass(frozen=True, slots=True)
class ImportType:
    """What a module imports: two-part name, kind and type."""

    module: str
    name: str
    kind: ExternKind
    type: ExternType


@dataclass(frozen=True, slots=True)
class ExportType:
    """What a module exports: name, kind and type."""

    name: str
    kind: ExternKind
    type: ExternType


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of validating a module with a set of proposals."""

    proposals: frozenset[Proposal]
    error: ValidationError | None


class Module(Closing):
    """A loaded module (section 2.5). Immutable but for the marks that validation succeeded.

    Code is generated for it at the first instantiation and shared by all instances.
    """

    __slots__ = ("__weakref__", "_checked", "_code", "_lock", "_plan", "_precompiled", "ast")

    def __init__(
        self, tree: ast.Module, checked: Checked | None, precompiled: Precompiled | None = None
    ) -> None:
        """Wrap a decoded module.

        Args:
            tree: the module.
            checked: what the loader found out about its validity; ``None`` if it has not looked
                at the bodies.
            precompiled: code that came with it.
        """
        self.ast = tree
        self._checked = checked
        self._lock = RLock()
        self._plan: Any = None  # what instantiating it takes (runtime.plan)
        self._precompiled = precompiled
        self._code: dict[object, CompiledModule] = {}

    @property
    def validated(self) -> bool:
        """Whether a validator has accepted the module, or all that it consists of."""
        return self.ast.validated and 0 not in self.ast.checked

    @property
    def imports(self) -> list[ImportType]:
        """The imports in the order of the file."""
        tree = self.ast
        return [
            ImportType(
                item.module,
                item.name,
                item.kind,
                tree.types[item.desc] if isinstance(item.desc, int) else item.desc,
            )
            for item in tree.imports
        ]

    @property
    def exports(self) -> list[ExportType]:
        """The exports in the order of the file."""
        tree = self.ast
        return [
            ExportType(item.name, item.kind, tree.extern_type(item.kind, item.index))
            for item in tree.exports
        ]

    @property
    def name(self) -> str:
        """The module's name from its name section, or ``""``."""
        from ..module.names import read_names

        return read_names(self.ast).module or ""

    def custom_sections(self, name: str) -> list[bytes]:
        """Contents of the custom sections called ``name``, in the order of the file."""
        data = self.ast.data
        return [data[start:end] for key, (start, end) in self.ast.customs if key == name]

    def close(self) -> None:
        """Drop the code generated for the module; instances that exist keep theirs."""
        with self._lock:
            self._code = {}

    def __repr__(self) -> str:
        tree = self.ast
        mark = "" if self.validated else ", not validated"
        return (
            f"<Module {len(tree.data)} bytes, {len(tree.imports)} imports, "
            f"{len(tree.exports)} exports{mark}>"
        )
