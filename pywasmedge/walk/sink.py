"""What a walk can drive besides checking: one method per special instruction.

The checker calls the sink after an instruction was found valid, and only while the code being
walked is reachable as the sink sees it. ``end`` and ``else_`` are called for every frame the sink
was told to open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol

    from ..base.types import FunctionType
    from ..isa.row import Row
    from .stack import Frame

    Pushes = tuple[Callable[[Any], None], Mapping[int, Any] | Sequence[Any]]
else:
    Protocol = object

Charge = Callable[[int, bool], None]


class Sink(Protocol):
    """Receives the instructions of a body, in order."""

    @property
    def charge(self) -> Charge | None:
        """Called before each instruction but ``loop``, ``else`` and ``end`` with its opcode (prefix
        byte << 8 | opcode), and whether it accesses memory at an address; may be ``None``."""

    def simple(self, row: Row) -> Callable[..., None]:
        """The function to call with the immediates of each instruction of ``row``."""

    def pushes(self, mnemonic: str) -> Pushes | None:
        """``(push, values)`` if all that ``local.get``, ``i32.const`` or ``i64.const`` does with
        its immediate ``x`` is ``push(values[x])``, which then takes the call's place."""

    def near(self, row: Row) -> Callable[[int], None] | None:
        """What to call instead, with the offset only, for accesses to memory 0 at offsets below
        2^14, if ``row`` is a load or store; may be ``None``."""

    def unreachable(self) -> None:
        """``unreachable``; what follows is not reachable."""

    def block(self, frame: Frame) -> None:
        """``block``: ``frame`` was opened, its parameters are on the stack."""

    def loop(self, frame: Frame) -> None:
        """``loop``."""

    def if_(self, frame: Frame) -> None:
        """``if``; the condition is above the parameters."""

    def else_(self, frame: Frame) -> None:
        """``else`` of the ``if`` that opened ``frame``."""

    def end(self, frame: Frame) -> bool:
        """``end`` of ``frame``; says whether what follows is reachable."""

    def br(self, frame: Frame) -> None:
        """``br``; what follows is not reachable."""

    def return_(self, frame: Frame) -> None:
        """``return`` from the function of ``frame``; what follows is not reachable."""

    def br_if(self, frame: Frame) -> None:
        """``br_if``."""

    def br_table(self, frames: Sequence[Frame]) -> None:
        """``br_table``; the default label is last; what follows is not reachable."""

    def call(self, index: int, type_: FunctionType) -> None:
        """``call``."""

    def call_indirect(self, table: int, type_index: int, type_: FunctionType) -> None:
        """``call_indirect``."""

    def return_call(self, index: int, type_: FunctionType) -> None:
        """``return_call``; what follows is not reachable."""

    def return_call_indirect(self, table: int, type_index: int, type_: FunctionType) -> None:
        """``return_call_indirect``; what follows is not reachable."""

    def drop(self) -> None:
        """``drop``."""

    def select(self, type_: int) -> None:
        """``select`` of operands of ``type_``."""

    def local_get(self, index: int) -> None:
        """``local.get``."""

    def local_set(self, index: int) -> None:
        """``local.set``."""

    def local_tee(self, index: int) -> None:
        """``local.tee``."""

    def global_get(self, index: int) -> None:
        """``global.get``."""

    def global_set(self, index: int) -> None:
        """``global.set``."""

    def table_get(self, table: int) -> None:
        """``table.get``."""

    def table_set(self, table: int) -> None:
        """``table.set``."""

    def table_grow(self, table: int) -> None:
        """``table.grow``."""

    def table_fill(self, table: int) -> None:
        """``table.fill``."""

    def ref_null(self) -> None:
        """``ref.null``."""

    def ref_is_null(self) -> None:
        """``ref.is_null``."""

    def ref_func(self, index: int) -> None:
        """``ref.func``."""
