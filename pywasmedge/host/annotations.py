"""Names for WebAssembly value types in the annotations of Python host functions.

Each is an ``Annotated`` Python type, so type checkers see what the function really receives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from ..base.types import ValType

if TYPE_CHECKING:
    from ..runtime.function import FunctionInstance

i32 = Annotated[int, ValType.I32]
i64 = Annotated[int, ValType.I64]
f32 = Annotated[float, ValType.F32]
f64 = Annotated[float, ValType.F64]
v128 = Annotated[bytes, ValType.V128]
funcref = Annotated["FunctionInstance | None", ValType.FUNCREF]
externref = Annotated[Any, ValType.EXTERNREF]
