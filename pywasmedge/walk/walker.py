"""The only traversal of function bodies: decode, check, and tell a sink.

``pos = table[data[pos]](pos + 1)`` over a table of closures, one per opcode, made once per module.
"""

from __future__ import annotations

from functools import partial

from ..base import waiting
from ..base.errors import ErrCode, LoadError, WasmError
from ..base.types import ValType
from ..isa.opcodes import PREFIXES, enabled, group
from ..module import reader
from .special import step_for
from .stack import BOTTOM, ELSE, END, FUNCTION, OperandStack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container
    from collections.abc import Set as AbstractSet
    from typing import NoReturn

    from ..base.config import Proposal
    from ..module.ast import Module
    from .simple import Step
    from .sink import Charge, Sink


_STRETCH = 4096
"""Bytes between looks whether the walk is to stop."""


class Walk:
    """Walks the bodies of one module; one walk at a time.

    ``checked`` has a 1 for each body known to be valid: the module's own marks, unless other
    proposals are enabled than those the marks are for.

    Args:
        module: the module; its module-level rules must have been checked.
        proposals: the enabled proposals.
        declared: function indices ``ref.func`` may name.
        sink: told of every instruction, or ``None`` to only check.
    """

    def __init__(
        self,
        module: Module,
        proposals: AbstractSet[Proposal],
        declared: Container[int],
        sink: Sink | None = None,
    ) -> None:
        self.module = module
        self.data = module.data
        self.proposals = proposals
        self.value_types = reader.value_types(proposals)
        self.declared = declared
        same = module.proposals == proposals and len(module.checked) == len(module.bodies)
        self.checked = module.checked if same else bytearray(len(module.bodies))
        self.stack = OperandStack()
        self.local_types: list[int] = []
        self.end = 0
        self.ended_at = 0
        self.check_table = self.make_table(None)
        self.table = self.make_table(sink) if sink is not None else self.check_table

    def function(self, index: int) -> None:
        """Walk the body of the ``index``-th defined function.

        Raises:
            LoadError: the body is malformed.
            ValidationError: it is not valid. Both carry offset and function.
            StoppedError: the calling thread is not to go on.
        """
        pos = self.begin(index)
        self.run(pos, index, self.table)

    def check(self, index: int) -> None:
        """Check the ``index``-th body, without sink, unless it is known to be valid.

        Raises:
            LoadError, ValidationError: as :meth:`function`.
        """
        if not self.checked[index]:
            self.run(self.begin(index), index, self.check_table)

    def begin(self, index: int) -> int:
        """Set up for the ``index``-th body; returns the position of its first instruction."""
        module = self.module
        type_ = module.types[module.funcs[index]]
        start, self.end = module.bodies[index]
        try:
            pos = self._locals(start, type_.params)
        except WasmError as error:
            self._locate(error, start, index)
            raise
        stack = self.stack
        stack.types[:] = [BOTTOM]
        stack.frames.clear()
        stack.open(FUNCTION, (), type_.results, start)
        return pos

    def run(self, pos: int, index: int, table: list[Step]) -> None:
        """Walk from ``pos`` to the end of the body with the closures of ``table``, and mark it."""
        data, end = self.data, self.end
        try:
            try:
                while pos < end:
                    stop = min(pos + _STRETCH, end)
                    while pos < stop:
                        pos = table[data[pos]](pos + 1)
                    if pos < end:
                        waiting.check()
            except IndexError:
                if table is not self.check_table:
                    self.check(index)
                    raise  # a defect of the sink
                raise LoadError(ErrCode.UNEXPECTED_END) from None
            if self.stack.frames:
                raise reader.unterminated(self.module, end)
            if self.ended_at != end:
                pos = self.ended_at
                raise LoadError(ErrCode.END_CODE_EXPECTED, "instructions after the final end")
            self.checked[index] = 1
        except waiting.StoppedError:
            raise
        except WasmError as error:
            if table is not self.check_table:
                self.check(index)  # words it as it does without sink
            self._locate(error, pos, index)
            raise

    def skip(self, pos: int) -> int:
        """Check unreachable code up to the ``else`` or ``end`` of the innermost frame."""
        data, end = self.data, self.end
        if pos < end and data[pos] == END:
            return pos
        table, frames = self.check_table, self.stack.frames
        depth = len(frames)
        try:
            while pos < end:
                stop = min(pos + _STRETCH, end)
                while pos < stop:
                    opcode = data[pos]
                    if (opcode == END or opcode == ELSE) and len(frames) == depth:
                        return pos
                    pos = table[opcode](pos + 1)
                if pos < end:
                    waiting.check()
        except waiting.StoppedError:
            raise
        except WasmError as error:
            self._locate(error, pos, None)
            raise
        return pos

    def _locals(self, pos: int, params: tuple[ValType, ...]) -> int:
        """Read the local declarations into ``local_types``."""
        groups, pos = reader.local_groups(self.data, pos, self.end, self.value_types)
        types = self.local_types
        types[:] = map(int, params)  # plain numbers are compared faster than members of an enum
        for count, type_ in groups:
            types.extend((int(type_),) * count)
        return pos

    def _locate(self, error: WasmError, pos: int, index: int | None) -> None:
        if error.offset is None:
            error.offset = pos
        if index is not None and error.func_index is None:
            from ..module.names import function_name

            error.func_index = self.module.imported_funcs + index
            error.func_name = function_name(self.module, error.func_index)

    def make_table(self, sink: Sink | None) -> list[Step]:
        """One closure per first byte, each made when its opcode is met first."""
        table: list[Step] = []
        table.extend(partial(self._first, table, sink, byte) for byte in range(256))
        return table

    def _first(self, table: list[Step], sink: Sink | None, byte: int, pos: int) -> int:
        """Stands in for the closure of ``byte`` until it is needed."""
        table[byte] = self.step(byte, sink)
        return table[byte](pos)

    def step(self, byte: int, sink: Sink | None) -> Step:
        """The closure for first byte ``byte``; disabled and unknown opcodes get the illegal one."""
        if byte in PREFIXES:
            return self._prefixed(byte, sink)
        return self._row_step(0, byte, sink)

    def _row_step(self, prefix: int, code: int, sink: Sink | None) -> Step:
        row = group(prefix).get(code)
        if row is None or not enabled(row, self.proposals):
            return partial(self._illegal, prefix, code)
        step = step_for(self, row, sink)
        if sink is None or sink.charge is None or row.mnemonic in ("loop", "else", "end"):
            return step
        memory = any(kind.startswith("memarg") for kind in row.immediates)
        return _charged(step, sink.charge, prefix << 8 | code, memory)

    def _prefixed(self, prefix: int, sink: Sink | None) -> Step:
        data = self.data
        closures: dict[int, Step] = {}

        def prefixed(pos: int) -> int:
            code = data[pos]
            pos += 1
            if code >= 0x80:
                code, pos = reader.u32(data, pos - 1, self.end)
            closure = closures.get(code)
            if closure is None:
                closure = closures[code] = self._row_step(prefix, code, sink)
            return closure(pos)

        return prefixed

    def _illegal(self, prefix: int, code: int, pos: int) -> NoReturn:
        from ..module.proposals import opcode

        raise LoadError(ErrCode.ILLEGAL_OPCODE, opcode(prefix, code))


def _charged(step: Step, charge: Charge, opcode: int, memory: bool) -> Step:
    def charged(pos: int) -> int:
        charge(opcode, memory)
        return step(pos)

    return charged
