"""A program for the tests of what profilers and debuggers are told, and the module it runs.

Usage: ``profiled.py MODULE TIER CACHE [improve] [loop] [fork]``. It calls ``run`` of the module.
With ``improve``, it then has ``outer`` and ``inner`` optimised and calls ``run`` again; with
``loop``, it also has ``run`` optimised, to be entered in its loop. With ``fork``, a child does
everything once more with tier ``OPTIMISED``. The output is where the functions of the module begin,
after the number of the child, if there is one.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from pywasmedge import VM, Configure, ModuleInstance
from pywasmedge.base.config import Tier
from pywasmedge.kernel.native import address

if TYPE_CHECKING:
    from pywasmedge.code.compiled import CompiledModule

NAMES = ("report", "inner", "outer\u00e9\n(x)", "run")
SHOWN = ("report", "inner", "outer\u00e9?(x)", "run")
"""The same as they are shown."""


def module() -> bytes:
    """``run`` calls ``outer`` in a loop, that ``inner``, that the host function ``report``."""
    from wasmbuild import body, custom, name, uleb, vec, wasm

    named = vec([uleb(i) + name(text) for i, text in enumerate(NAMES)])
    return wasm(
        types=["->", "i32 ->"],
        imports=[("host", "report", "func", 0)],
        funcs=[1, 1, 0],
        exports=[("run", "func", 3)],
        code=[
            body("loop void local.get 0 i32.eqz if void call 0 end end"),
            body("loop void local.get 0 call 1 end"),
            body(
                "i32.const 3 local.set 0 loop void local.get 0 i32.const 1 i32.sub local.tee 0"
                " call 2 local.get 0 br_if 0 end",
                [(1, "i32")],
            ),
        ],
        customs=custom("name", b"\1" + name(named)),
    )


def start(path: str, tier: str, cache: str) -> tuple[VM, CompiledModule]:
    """A VM that has called ``run``, and its code; ``report`` makes a rare system call."""
    vm = VM(Configure(tier=Tier[tier], cache=cache))
    vm.register_module(ModuleInstance("host", {"report": lambda: os.getppid() and None}))
    vm.load_wasm_from_file(path)
    vm.validate()
    vm.instantiate()
    vm.execute("run")
    assert vm._module is not None
    (compiled,) = vm._module._code.values()
    return vm, compiled


def main(path: str, tier: str, cache: str, *steps: str) -> None:
    """Do what the arguments say."""
    vm, compiled = start(path, tier, cache)
    if "improve" in steps:
        compiled.improvement(1).make()
        vm.execute("run")
    if "loop" in steps:
        begin, end = compiled.module.bodies[2]
        compiled.improvement(2, compiled.module.data.index(b"\x03\x40", begin, end)).make()
    if "fork" in steps:
        child = os.fork()
        if not child:
            start(path, "OPTIMISED", "off")
            os._exit(0)
        os.waitpid(child, 0)
        print(child)
    print(*[address(compiled.code[i]) for i in range(3)])


if __name__ == "__main__":
    main(*sys.argv[1:])
