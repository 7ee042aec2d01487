"""Runs a WASI command in the ``wasmtime`` package, with the options of ``wasmedge``.

python wasmtime_cli.py [--cache-dir DIR] [--dir GUEST:HOST]... FILE.wasm [ARGUMENT]...

Without ``--cache-dir`` it compiles anew.
"""

from __future__ import annotations

import os
import sys

import wasmtime

NOSYS = 52


def main(arguments: list[str]) -> int:
    """Run the command; the guest's exit code."""
    config = wasmtime.Config()
    if arguments[0] == "--cache-dir":
        _, os.environ["XDG_CACHE_HOME"], *arguments = arguments
        config.cache = True
    preopens = []
    while arguments[0] == "--dir":
        _, value, *arguments = arguments
        preopens.append(value.split(":"))
    path = arguments[0]
    engine = wasmtime.Engine(config)
    module = wasmtime.Module.from_file(engine, path)
    store = wasmtime.Store(engine)
    wasi = wasmtime.WasiConfig()
    wasi.argv = arguments
    wasi.inherit_stdin()
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    for guest, host in preopens:
        wasi.preopen_dir(host, guest)
    store.set_wasi(wasi)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    linker.allow_shadowing = True
    for item in module.imports:  # WasmEdge's socket functions, which it does not have
        if item.name is not None and item.name.startswith("sock_"):
            function = wasmtime.Func(store, item.type, lambda *_: NOSYS)
            linker.define(store, item.module, item.name, function)
    instance = linker.instantiate(store, module)
    try:
        instance.exports(store)["_start"](store)
    except wasmtime.ExitTrap as end:
        return end.code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
