"""Every error the runtime reports: one number and one text each.

The numbers are those of ``enum WasmEdge_ErrCode`` of the 0.10.0 C API, the texts are the
messages that API returns (the WebAssembly test suite matches on them). The phase of a code is
derived from its number.
"""

from __future__ import annotations

from enum import IntEnum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class ErrCode(IntEnum):
    """Result code of an operation; ``message`` is its fixed text.

    Members are ints (0 to 0xFF) equal to the C API's ``WasmEdge_ErrCode`` values.
    """

    message: str

    def __new__(cls, value: int, message: str = "") -> ErrCode:
        member = int.__new__(cls, value)
        member._value_ = value
        member.message = message
        return member

    # wasmedge runtime
    SUCCESS = 0x00, "success"
    TERMINATED = 0x01, "terminated"
    RUNTIME_ERROR = 0x02, "generic runtime error"
    COST_LIMIT_EXCEEDED = 0x03, "cost limit exceeded"
    WRONG_VM_WORKFLOW = 0x04, "wrong VM workflow"
    FUNC_NOT_FOUND = 0x05, "wasm function not found"
    AOT_DISABLED = 0x06, "AOT runtime is disabled in this build"
    INTERRUPTED = 0x07, "execution interrupted"
    NOT_VALIDATED = 0x08, "wasm module hasn't passed validation yet"
    # loading
    ILLEGAL_PATH = 0x20, "invalid path"
    READ_ERROR = 0x21, "read error"
    UNEXPECTED_END = 0x22, "unexpected end"
    MALFORMED_MAGIC = 0x23, "magic header not detected"
    MALFORMED_VERSION = 0x24, "unknown binary version"
    MALFORMED_SECTION = 0x25, "malformed section id"
    SECTION_SIZE_MISMATCH = 0x26, "section size mismatch"
    LENGTH_OUT_OF_BOUNDS = 0x27, "length out of bounds"
    JUNK_SECTION = 0x28, "unexpected content after last section"
    INCOMPATIBLE_FUNC_CODE = 0x29, "function and code section have inconsistent lengths"
    INCOMPATIBLE_DATA_COUNT = 0x2A, "data count and data section have inconsistent lengths"
    DATA_COUNT_REQUIRED = 0x2B, "data count section required"
    MALFORMED_IMPORT_KIND = 0x2C, "malformed import kind"
    MALFORMED_EXPORT_KIND = 0x2D, "malformed export kind"
    EXPECTED_ZERO_BYTE = 0x2E, "zero byte expected"
    INVALID_MUT = 0x2F, "malformed mutability"
    TOO_MANY_LOCALS = 0x30, "too many locals"
    MALFORMED_VAL_TYPE = 0x31, "malformed value type"
    MALFORMED_ELEM_TYPE = 0x32, "malformed element type"
    MALFORMED_REF_TYPE = 0x33, "malformed reference type"
    MALFORMED_UTF8 = 0x34, "malformed UTF-8 encoding"
    INTEGER_TOO_LARGE = 0x35, "integer too large"
    INTEGER_TOO_LONG = 0x36, "integer representation too long"
    ILLEGAL_OPCODE = 0x37, "illegal opcode"
    END_CODE_EXPECTED = 0x38, "END opcode expected"
    ILLEGAL_GRAMMAR = 0x39, "invalid wasm grammar"
    # validation
    INVALID_ALIGNMENT = 0x40, "alignment must not be larger than natural"
    TYPE_CHECK_FAILED = 0x41, "type mismatch"
    INVALID_LABEL_IDX = 0x42, "unknown label"
    INVALID_LOCAL_IDX = 0x43, "unknown local"
    INVALID_FUNC_TYPE_IDX = 0x44, "unknown type"
    INVALID_FUNC_IDX = 0x45, "unknown function"
    INVALID_TABLE_IDX = 0x46, "unknown table"
    INVALID_MEMORY_IDX = 0x47, "unknown memory"
    INVALID_GLOBAL_IDX = 0x48, "unknown global"
    INVALID_ELEM_IDX = 0x49, "unknown elem segment"
    INVALID_DATA_IDX = 0x4A, "unknown data segment"
    INVALID_REF_IDX = 0x4B, "undeclared function reference"
    CONST_EXPR_REQUIRED = 0x4C, "constant expression required"
    DUPLICATE_EXPORT_NAME = 0x4D, "duplicate export name"
    IMMUTABLE_GLOBAL = 0x4E, "global is immutable"
    INVALID_RESULT_ARITY = 0x4F, "invalid result arity"
    MULTI_TABLES = 0x50, "multiple tables"
    MULTI_MEMORIES = 0x51, "multiple memories"
    INVALID_LIMIT = 0x52, "size minimum must not be greater than maximum"
    INVALID_MEM_PAGES = 0x53, "memory size must be at most 65536 pages (4GiB)"
    INVALID_START_FUNC = 0x54, "start function"
    INVALID_LANE_IDX = 0x55, "invalid lane index"
    SHARED_MEMORY_NO_MAX = 0x56, "shared memory must have maximum"  # not in 0.10.0 (threads)
    # instantiation
    MODULE_NAME_CONFLICT = 0x60, "module name conflict"
    INCOMPATIBLE_IMPORT_TYPE = 0x61, "incompatible import type"
    UNKNOWN_IMPORT = 0x62, "unknown import"
    DATA_SEG_DOES_NOT_FIT = 0x63, "data segment does not fit"
    ELEM_SEG_DOES_NOT_FIT = 0x64, "elements segment does not fit"
    # execution
    WRONG_INSTANCE_ADDRESS = 0x80, "wrong instance address"
    WRONG_INSTANCE_INDEX = 0x81, "wrong instance index"
    INSTR_TYPE_MISMATCH = 0x82, "instruction type mismatch"
    FUNC_SIG_MISMATCH = 0x83, "function signature mismatch"
    DIVIDE_BY_ZERO = 0x84, "integer divide by zero"
    INTEGER_OVERFLOW = 0x85, "integer overflow"
    INVALID_CONV_TO_INT = 0x86, "invalid conversion to integer"
    TABLE_OUT_OF_BOUNDS = 0x87, "out of bounds table access"
    MEMORY_OUT_OF_BOUNDS = 0x88, "out of bounds memory access"
    UNREACHABLE = 0x89, "unreachable"
    UNINITIALIZED_ELEMENT = 0x8A, "uninitialized element"
    UNDEFINED_ELEMENT = 0x8B, "undefined element"
    INDIRECT_CALL_TYPE_MISMATCH = 0x8C, "indirect call type mismatch"
    EXECUTION_FAILED = 0x8D, "host function failed"
    REF_TYPE_MISMATCH = 0x8E, "reference type mismatch"
    # execution of the threads proposal, numbered as in later releases of the C API
    UNALIGNED_ATOMIC_ACCESS = 0x8F, "unaligned atomic"
    EXPECTED_SHARED_MEMORY = 0x90, "expected shared memory"

    @property
    def phase(self) -> str:
        """Where the code comes from: one of the phase names of the C API's log lines."""
        for first, name in _PHASES:
            if self >= first:
                return name
        raise AssertionError(self)


_PHASES = (
    (0x80, "execution"),
    (0x60, "instantiation"),
    (0x40, "validation"),
    (0x20, "loading"),
    (0x00, "wasmedge runtime"),
)


SHOWN_AS = {
    ErrCode.SHARED_MEMORY_NO_MAX: ErrCode.INVALID_LIMIT,
    ErrCode.UNALIGNED_ATOMIC_ACCESS: ErrCode.MEMORY_OUT_OF_BOUNDS,
    ErrCode.EXPECTED_SHARED_MEMORY: ErrCode.MEMORY_OUT_OF_BOUNDS,
}
"""Codes that the 0.10.0 C API does not have, and what its hosts get instead."""


class WasmError(Exception):
    """Root of all errors of the runtime.

    Attributes:
        code: the :class:`ErrCode`.
        detail: what exactly was wrong, or ``""``.
        offset: byte offset in the binary where the problem was found, or ``None``.
        func_index: index of the function whose body was being read, or ``None``.
        func_name: its name from the name section, or ``None``.
    """

    def __init__(
        self,
        code: ErrCode,
        detail: str = "",
        *,
        offset: int | None = None,
        func_index: int | None = None,
        func_name: str | None = None,
    ) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.offset = offset
        self.func_index = func_index
        self.func_name = func_name

    @property
    def message(self) -> str:
        """The code's fixed text, as the specification's test suite spells it."""
        return self.code.message

    def __str__(self) -> str:
        text = f"{self.code.phase} failed: {self.code.message}, Code: 0x{self.code:02x}"
        if self.detail:
            text += f": {self.detail}"
        if self.func_index is not None:
            name = f" <{self.func_name}>" if self.func_name else ""
            text += f", in function {self.func_index}{name}"
        if self.offset is not None:
            text += f", at offset 0x{self.offset:x}"
        return text


class LoadError(WasmError):
    """The binary is malformed (codes 0x20 to 0x3F)."""


class WatError(LoadError):
    """The text of a module or script is malformed (code 0x39, 0x34 for what is not UTF-8).

    Attributes:
        line: line of the text, from 1.
        column: character in the line, from 1.
        source: the line, or the part of a long one around the column.
        caret: index in ``source`` of the character meant.
        hint: a suggestion, or ``""``.
        detail: the file, where it is known, or ``""``.
    """

    def __init__(
        self,
        message: str,
        *,
        line: int,
        column: int,
        source: str,
        caret: int,
        hint: str = "",
        code: ErrCode = ErrCode.ILLEGAL_GRAMMAR,
    ) -> None:
        super().__init__(code)
        self._message = message
        self.line = line
        self.column = column
        self.source = source
        self.caret = caret
        self.hint = hint

    @property
    def message(self) -> str:
        """What is wrong, as the specification's test suite spells it."""
        return self._message

    def __str__(self) -> str:
        text = f"line {self.line}, column {self.column}: {self.message}"
        if self.detail:
            text = f"{self.detail}: {text}"
        if self.hint:
            text += f"; {self.hint}"
        return f"{text}\n  {self.source}\n  {' ' * self.caret}^"


class ValidationError(WasmError):
    """The module is well-formed but not valid (codes 0x40 to 0x5F)."""


class LinkError(WasmError):
    """Imports or names do not fit at instantiation (codes 0x60 to 0x7F)."""


class Trap(WasmError):  # noqa: N818  (the specification calls it that)
    """Guest execution was aborted (codes 0x02, 0x03, 0x07 and 0x80 upwards).

    Attributes:
        backtrace: guest functions on the stack, innermost first, as display names.
    """

    def __init__(
        self,
        code: ErrCode,
        detail: str = "",
        *,
        backtrace: Sequence[str] = (),
        offset: int | None = None,
    ) -> None:
        super().__init__(code, detail, offset=offset)
        self.backtrace = tuple(backtrace)

    def __str__(self) -> str:
        lines = [super().__str__()]
        lines += [f"  {depth}: {name}" for depth, name in enumerate(self.backtrace)]
        return "\n".join(lines)


class WorkflowError(WasmError):
    """Steps in the wrong order, or an unknown function name (codes 0x04 to 0x08)."""


class ArgumentError(WasmError, TypeError):
    """Arguments or results do not fit the function's type (code 0x83)."""


class Exit(BaseException):
    """The guest ended itself (WASI ``proc_exit``); not an error.

    Attributes:
        exit_code: the code the guest gave, 0 to 2^32-1.
    """

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code
