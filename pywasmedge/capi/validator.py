"""Validator contexts."""

from __future__ import annotations

from ..prepare.loader import Validator
from .ast_module import Ast
from .configure import configuration
from .export import export, forget, kind, register

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..kernel.native import CData

kind("ValidatorContext", Validator)


@export
def WasmEdge_ValidatorCreate(configure: CData) -> CData:
    return register("ValidatorContext", Validator(configuration(configure)))


@export
def WasmEdge_ValidatorValidate(validator: Validator, module: Ast) -> None:
    validator.validate(module.module)


@export
def WasmEdge_ValidatorDelete(validator: Validator | None) -> None:
    if validator is not None:
        forget(validator)
