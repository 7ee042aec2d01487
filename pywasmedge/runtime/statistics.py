"""What a VM or an executor measures."""

from __future__ import annotations

from ..base.closing import Closing
from ..kernel.native import ffi, lib
from ..kernel.objects import own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from ..base.config import Configure
    from ..kernel.native import CData

NO_LIMIT = 2**64 - 1
"""The cost limit of statistics that have none."""


def switches(configure: Configure) -> int:
    """What a configuration measures, in the kernel's bits; 0 for nothing."""
    bits = (
        (configure.instruction_counting, lib.WE_COUNT),
        (configure.cost_measuring, lib.WE_COST),
        (configure.time_measuring, lib.WE_TIME),
    )
    return sum(bit for on, bit in bits if on)


class Statistics(Closing):
    """Instructions, cost and time of the calls of an executor or a VM.

    Which of these are measured is up to the configuration of the executor or VM, and for
    instructions and cost to that of the one that made the instance. Sums grow until :meth:`clear`;
    they are up to date during calls as well. Safe from several threads; calls that run at the same
    time all count.

    An instruction counts when it is met, whether it completes or traps; ``end`` and ``else`` count
    as well. It costs its entry in the cost table, 1 by default. An instruction that would make the
    sum exceed the limit is not executed, the call traps with 0x03. When an access outside of a
    memory traps, the instructions between it and the next branch or call have been counted, too.

    Attributes:
        c: the ``we_statistics``.
    """

    __slots__ = ("_owned", "c")

    def __init__(self, c: CData = None) -> None:
        """Make statistics with sums of 0, without limit, in which every instruction costs 1.

        Args:
            c: not for users: a ``we_statistics`` that belongs to somebody else, to refer to.
        """
        self.c: CData = c or lib.we_statistics_new()
        self._owned = None if c else own(self.c, "we_statistics_free")

    @property
    def instr_count(self) -> int:
        """Number of instructions met (``instruction_counting``)."""
        return int(lib.we_statistics_count(self.c))

    @property
    def total_cost(self) -> int:
        """Sum of the cost of instructions (``cost_measuring``) and of host functions."""
        return int(lib.we_statistics_cost(self.c))

    @property
    def time(self) -> float:
        """Seconds guests ran (``time_measuring``), without host functions and compilation."""
        return int(lib.we_statistics_time(self.c)) / 1e9

    @property
    def calls(self) -> int:
        """Number of measured calls, whatever is measured."""
        return int(lib.we_statistics_calls(self.c))

    @property
    def instr_per_second(self) -> float:
        """:attr:`instr_count` by :attr:`time`; not a number, or infinite, without time."""
        return float(lib.we_statistics_speed(self.c))

    @property
    def cost_limit(self) -> int:
        """The highest :attr:`total_cost` allowed, up to 2^64 - 1, which is the default.

        A guest sees a change when it is called or a host function returns to it. Making an executor
        or a VM that measures anything sets its statistics back to the default.
        """
        return int(lib.we_statistics_limit(self.c))

    @cost_limit.setter
    def cost_limit(self, limit: int) -> None:
        lib.we_statistics_set_limit(self.c, limit)

    def set_cost_table(self, costs: Sequence[int]) -> None:
        """Set the cost of every instruction, for functions that are called from now on.

        Args:
            costs: 0 to 2^64 - 1 each; the index is the opcode, behind a prefix byte
                ``prefix << 8 | opcode``. What is missing is 0.

        Raises:
            OverflowError: a cost is out of range.
            MemoryError: no memory for the table.
        """
        table = ffi.new("uint64_t[]", costs[: lib.WE_OPCODES])
        if not lib.we_statistics_set_table(self.c, table, len(table)):
            raise MemoryError

    def clear(self) -> None:
        """Set all sums to 0; cost table and limit stay."""
        lib.we_statistics_clear(self.c)

    def measure(self, switches: int, function: Callable[..., Any], *args: Any) -> Any:
        """Call ``function``, measuring what guests do meanwhile; its result or exception comes out.

        Args:
            switches: what to measure, see :func:`switches`.
            function: the function to call.
            args: its arguments.
        """
        measure = lib.we_measure_begin(self.c, switches)
        if not measure:
            raise MemoryError
        try:
            return function(*args)
        finally:
            lib.we_measure_end(measure)

    def report(self, switches: int) -> str:
        """The sums that ``switches`` name as lines of text."""
        text = ffi.new("char[]", lib.WE_REPORT_SIZE)
        lib.we_statistics_report(self.c, switches, text, len(text))
        return ffi.string(text).decode()  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        counts = f"{self.calls} calls, {self.instr_count} instructions"
        return f"<Statistics {counts}, cost {self.total_cost}, {self.time:.6f} s>"
