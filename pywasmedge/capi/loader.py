"""Loader contexts."""

from __future__ import annotations

from ..prepare.loader import Loader
from . import ast_module
from .configure import configuration
from .export import data, export, forget, kind, path, register

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..kernel.native import CData

kind("LoaderContext", Loader)


@export
def WasmEdge_LoaderCreate(configure: CData) -> CData:
    return register("LoaderContext", Loader(configuration(configure)))


@export
def WasmEdge_LoaderParseFromFile(loader: Loader, out: CData, file: CData) -> None:
    out[0] = ast_module.new(loader.parse_file(path(file)))


@export
def WasmEdge_LoaderParseFromBuffer(loader: Loader, out: CData, buffer: CData, length: int) -> None:
    out[0] = ast_module.new(loader.parse_bytes(data(buffer, length)))


@export
def WasmEdge_LoaderDelete(loader: Loader | None) -> None:
    if loader is not None:
        forget(loader)
