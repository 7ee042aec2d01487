"""The functions of the C API that are not written in C.

Each has its C name and the parameters of ``include/wasmedge/wasmedge.h``, which also documents it;
:mod:`.export` says how C arguments become Python objects. Importing this package makes all of them
known to the library.
"""

from . import ast_module, compiler, executor, loader, module_instance, plugin, store, validator, vm

__all__ = [
    "ast_module",
    "compiler",
    "executor",
    "loader",
    "module_instance",
    "plugin",
    "store",
    "validator",
    "vm",
]
