"""The code of modules: which function starts where, and making it when it is needed.

Everything here may be called from any thread.
"""

from __future__ import annotations

import threading
from functools import partial
from os import environ
from weakref import ref

from ..base import forking
from ..base.config import Configure, Tier
from ..base.errors import ErrCode, LoadError, ValidationError
from ..base.waiting import until
from ..compiler.abi import canonical_types
from ..compiler.codegen import Level, LLVMLostError
from ..compiler.effort import TooMuchError
from ..kernel.native import address, ffi, lib, pointer
from ..kernel.objects import object_at, own
from .failures import attempt, keep, keep_and_stop
from .generators import quick_compiler, unit_compiler
from .job import Job
from .pieces import Loaded, collect_from, load, register, unregister
from .quick import attach, made
from .types import type_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Protocol

    from ..compiler.code import Code
    from ..kernel.native import CData
    from ..module.ast import Module
    from .pieces import Piece

    CompileUnit = Callable[..., Code]

    class Recorder(Protocol):
        """Is told of code that is made."""

        def add(self, code: Code, level: Level, *, asks: bool) -> None:
            """Note new code; ``asks``: it asks for better code where it runs often."""


_WHOLE = 8192
"""A module with at most this many bytes of code is compiled as a whole if LLVM compiles it."""
_WHOLE_OPTIMISED = 65536
"""The same when there is only optimised code."""
CACHED_FROM = 1024
"""Bytes of code from which a module is worth an entry in the cache, without loops as well."""
_TURNS_PER_BYTE = 100
"""Calls or turns of loops, per byte of a function, before it is optimised."""
_TURNS = 50000
"""What is left to the counters alone (WARM in ``src/heat.c``)."""
_INLINED = 300
"""Callees of at most this many bytes are compiled together with a function that is worth it."""
_UNIT = 4096
"""All of them together have at most this many bytes."""
_AT_ONCE = 16384
"""Quick code of at most this many bytes of bodies is made by the thread that calls, in some
milliseconds; whoever waits for more can give up."""
_ENTERED = 1 << 20
"""A function's bytes times the number of its loops for which there is code that takes over."""


class CompiledModule:
    """The code of a module, shared by all its instances.

    Functions are compiled at their first call (or by ``ensure``); until then their entry is a
    thunk. A lock per module makes one thread compile while others that need the same module's
    code wait; it is never held while guest code runs.

    Attributes:
        module: the module; bodies that are not validated yet are when they are compiled.
        code: ``void **``, native entry of every defined function.
        type_ids: ``uint32_t *``, process-wide number of each type.
        handle: the ``we_module *`` that instances are made of.
        guarded: the code relies on guard pages behind every memory.
        first_level: what functions are compiled with when they are needed.
        owned: frees ``handle`` and the code; instances keep it.
        recorder: is told of code that is made, if set.
    """

    __slots__ = (
        "__weakref__",
        "_asked",
        "_baseline",
        "_compile",
        "_configure",
        "_done",
        "_generation",
        "_given",
        "_jobs",
        "_lock",
        "_pieces",
        "_quick",
        "_quick_read",
        "_too_much",
        "_uncounted",
        "_whole",
        "code",
        "first_level",
        "guarded",
        "handle",
        "module",
        "owned",
        "recorder",
        "type_ids",
    )

    def __init__(
        self,
        module: Module,
        configure: Configure | None = None,
        *,
        guarded: bool = True,
        compile_unit: CompileUnit | None = None,
    ) -> None:
        """Prepare the code table of ``module``; nothing is compiled yet.

        Args:
            module: a module whose declarations are valid.
            configure: decides on tier and laziness; default configuration if ``None``.
            guarded: all memories of all instances will have guard pages.
            compile_unit: makes the code of some defined functions at some level; entries are
                called ``f<index>``. By default LLVM does it.

        Raises:
            MemoryError: no memory for the tables.
        """
        from array import array
        from weakref import finalize

        self.module = module
        self.guarded = guarded
        self._configure = configure.copy() if configure else Configure()
        self._given = compile_unit
        self._set_up_generators()
        self._lock = threading.RLock()
        self._jobs: dict[int, Job] = {}
        self._generation = forking.generation
        self._done: dict[int, Level] = {}
        self._uncounted: list[int] = []
        self._asked: dict[int, int] = {}
        self._too_much: set[int] = set()
        self._pieces: list[int] = []
        count = len(module.funcs)
        handle = lib.we_module_new(len(module.types), module.imported_funcs, count)
        self.owned = own(handle, "we_module_free")
        self.handle: CData = handle
        handle.self = ffi.cast("void *", id(self))
        self.code: CData = handle.code
        self.type_ids: CData = handle.type_ids
        numbers = array("I", [type_id(t) for t in module.types])
        ffi.memmove(handle.type_ids, numbers, 4 * len(numbers))
        canonical = canonical_types(module.types)
        indices = array("I", module.func_types)
        if list(canonical) != list(range(len(canonical))):
            indices = array("I", [canonical[t] for t in indices])
        ffi.memmove(handle.func_types, indices, 4 * len(indices))
        self._whole, self.first_level = self._plan()
        self._quick: object = None
        self._quick_read = 0
        if self._baseline is not None and not self._whole and self.first_level == Level.QUICK:
            self._quick = attach(handle, module, self._configure, canonical, guarded=guarded)
        if self._quick is not None:
            collect_from(self)
        _watch_sigint()
        finalize(self, unregister, self._pieces).atexit = False
        self.recorder: Recorder | None = None

    def _set_up_generators(self) -> None:
        module, configure, guarded = self.module, self._configure, self.guarded
        self._compile = self._given or unit_compiler(module, configure, guarded)
        self._baseline = None
        if self._given is None:
            self._baseline = quick_compiler(module, configure, guarded)

    def _plan(self) -> tuple[bool, Level]:
        """Whether to compile all functions at once, and how well at first."""
        tier, lazy = self._configure.tier, self._configure.lazy
        size = self.module.code_size
        if tier == Tier.OPTIMISED:
            return not (size > _WHOLE_OPTIMISED if lazy is None else lazy), Level.OPTIMISED
        if lazy is None:
            lazy = self._baseline is not None or size > _WHOLE
        return not lazy, Level.QUICK

    def is_costly(self) -> bool:
        """Whether the code is worth an entry in the cache: there is much, or LLVM may make it."""
        module = self.module
        if module.code_size >= CACHED_FROM or self.first_level > Level.QUICK:
            return True
        if self._configure.tier == Tier.QUICK or not module.bodies:
            return False
        return module.data.find(b"\x03\x40", module.bodies[0][0], module.bodies[-1][1]) >= 0

    def has_code(self, index: int) -> bool:
        """Whether defined function ``index`` is compiled."""
        return bool(lib.we_module_has_code(self.handle, index))

    def level(self, index: int) -> Level | None:
        """What defined function ``index`` is compiled with, ``None`` if it is not."""
        level = self._done.get(index)
        if level is None and self._quick is not None and self.has_code(index):
            return Level.QUICK
        return level

    def _has(self, index: int, level: Level) -> bool:
        """Whether defined function ``index`` is compiled with ``level`` or better."""
        found = self.level(index)
        return found is not None and found >= level

    def ensure(self, index: int) -> None:
        """Compile defined function ``index`` unless that has been done.

        Raises:
            LoadError, ValidationError: its body is not valid, which was not known before.
            RuntimeError: the code generator failed; a defect.
            MemoryError: no executable memory is left.
        """
        if self.level(index) is not None:
            return
        self._after_fork()
        start, end = self.module.bodies[index]
        quick = self._baseline is not None and self.first_level == Level.QUICK
        if quick and (self.module.code_size if self._whole else end - start) <= _AT_ONCE:
            self._ensure(index)
        else:
            job = Job(partial(self._work, index))
            first = self._jobs.setdefault(index, job)
            if first is job:
                job.start()
            first.wait()
        if self._configure.tier == Tier.AUTO and self._uncounted:
            from .optimiser import optimiser

            for function in self._uncounted:
                optimiser.add(self, function)
            self._uncounted.clear()

    def _work(self, index: int) -> None:
        """What a job does."""
        try:
            self._ensure(index)
        finally:
            self._jobs.pop(index, None)

    def _ensure(self, index: int) -> None:
        until(lambda seconds: self._lock.acquire(True, seconds))
        try:
            if self.level(index) is not None:
                return
            group = range(len(self.module.funcs)) if self._whole else (index,)
            try:
                self._make([i for i in group if self.level(i) is None], self.first_level)
            except (LoadError, ValidationError):
                if not self._whole:
                    raise
                self._make((index,), self.first_level)  # another one may be the invalid one
        finally:
            self._lock.release()

    def _after_fork(self) -> None:
        """In a child: leave behind what threads of the parent may have been using."""
        if self._generation != forking.generation:
            self._generation = forking.generation
            self._lock = threading.RLock()
            self._jobs = {}
            self._set_up_generators()

    def ensure_all(self, level: Level | None = None) -> None:
        """Compile every function that is not compiled with ``level`` (or at all)."""
        self._after_fork()
        with self._lock:
            level = self.first_level if level is None else level
            self._make([i for i in range(len(self.module.funcs)) if not self._has(i, level)], level)

    def ask(self, index: int, loop: int) -> int:
        """Ask for better code of a function, or say how many turns it should run before.

        Optimising takes time in proportion to the function's size.
        """
        start, end = self.module.bodies[index]
        asked = self._asked.get(index, -1)
        self._asked[index] = asked + 1
        if asked < 0 and (more := (end - start) * _TURNS_PER_BYTE) > _TURNS:
            return more
        if asked * (end - start) > _ENTERED or index in self._too_much:
            return 0
        from .optimiser import optimiser

        optimiser.add(self, index, loop)
        return 0

    def improvement(self, index: int, loop: int = 0) -> Improvement:
        """Better code for a function, and small ones it calls, to be made in the background.

        Args:
            index: a defined function that has quick code.
            loop: offset in the module of a loop of this function that its quick code is in.
        """
        self._after_fork()
        with self._lock:
            batch = [i for i in self._unit_of(index) if not self._has(i, Level.OPTIMISED)]
        return Improvement(self, batch, index, loop)

    def _unit_of(self, index: int) -> list[int]:
        """A function and the small ones it calls that have been called, directly or not."""
        from ..walk.scan import maybe_called

        module = self.module
        members = {index}
        size = 0
        work = [index]
        while work:
            start, end = module.bodies[work.pop()]
            for callee in maybe_called(module, start, end):
                begin, stop = module.bodies[callee]
                small = stop - begin <= _INLINED and size + stop - begin <= _UNIT
                if callee not in members and small and self.level(callee) is not None:
                    members.add(callee)
                    work.append(callee)
                    size += stop - begin
        return sorted(members)

    def _make(self, indices: Sequence[int], level: Level) -> None:
        if not indices:
            return
        if level == Level.OPTIMISED and self._baseline is not None:
            try:
                self.install(self._compile(indices, level), indices, level)
            except (LLVMLostError, TooMuchError):
                self._make_some(indices, level)
        elif self._baseline is not None:
            self.install(self._baseline(indices), indices, Level.QUICK)
        else:
            if level < Level.OPTIMISED:
                self._uncounted.extend(indices)
            self.install(self._compile(indices, level), indices, level)

    def _make_some(self, indices: Sequence[int], level: Level) -> None:
        """Compile them one by one, those that are too much for LLVM without it."""
        if len(indices) == 1:
            self._make(indices, Level.QUICK)
        else:
            for index in indices:
                self._make((index,), level)

    def install(self, code: Code, indices: Sequence[int], level: Level) -> Loaded:
        """Load ``code`` and let the functions start there from now on."""
        with self._lock:
            loaded = load(code, self.module, level)
            self.own(loaded)
            for i in indices:
                entry = loaded.start + loaded.entries[f"f{i}"]
                lib.we_module_publish_one(self.handle, i, entry)
                self._done[i] = level
        if self.recorder is not None:
            asks = not any(i in self._uncounted for i in indices)
            self.recorder.add(code, level, asks=asks)
        return loaded

    def own(self, loaded: Piece) -> None:
        """Keep code as long as the module.

        Raises:
            MemoryError: no memory is left; the code is gone.
        """
        start = pointer(loaded.start)
        if not lib.we_module_own_code(self.handle, start, loaded.size):
            unregister([loaded.start])
            lib.we_code_free(start, loaded.size)
            raise MemoryError
        self._pieces.append(loaded.start)

    def collect(self) -> None:
        """Register the code that was made without Python since the last time."""
        self._after_fork()
        with self._lock:
            for index, start, size, whole in made(self.handle, self._quick_read):
                unwind = (-(-size // 16) * 16, whole)
                piece = Loaded(start, whole, {f"f{index}": 0}, unwind, self.module, Level.QUICK)
                self._quick_read += 1
                self._pieces.append(start)
                register(piece)

    def note(self, levels: Mapping[int, Level]) -> None:
        """Note what defined functions are compiled with now."""
        self._done.update(levels)


class Improvement:
    """Better code that is to be made; dropped when what it is for has gone."""

    def __init__(self, module: CompiledModule, batch: Sequence[int], index: int, loop: int) -> None:
        self._module = ref(module)
        self._compile = module._compile
        self._batch = batch
        self._index = index
        self._loop = loop

    def make(self) -> None:
        """Make and publish it, unless the module goes meanwhile.

        Raises:
            RuntimeError: the code generator failed; a defect.
            TooMuchError: it would take too long.
            MemoryError: no executable memory is left.
        """
        batch, index, loop = self._batch, self._index, self._loop
        if not batch and not loop:
            return
        loops = [(index, loop)] if loop else []
        try:
            code = self._compile(batch, Level.OPTIMISED, loops, self._is_wanted)
        except TooMuchError:
            if (module := self._module()) is not None:
                module._too_much.add(index)
            raise
        module = self._module()
        if module is None:
            return
        loaded = module.install(code, batch, Level.OPTIMISED)
        if loop:
            entry = loaded.start + loaded.entries[f"o{index}.{loop}"]
            lib.we_module_set_loop(module.handle, index, loop, entry)

    def _is_wanted(self) -> bool:
        return self._module() is not None


@ffi.def_extern(error=0xFFFF_FFFF, onerror=keep_and_stop)
def we_py_hot(handle: CData, index: int, loop: int) -> int:
    """Quick code of a module's defined function ``index`` runs often."""
    return object_at(address(handle)).ask(index, loop)  # type: ignore[no-any-return]


@ffi.def_extern(error=int(ErrCode.RUNTIME_ERROR), onerror=keep)
def we_py_compile(handle: CData, index: int) -> int:
    """The kernel needs the code of a module's defined function ``index``."""
    return attempt(lambda: object_at(address(handle)).ensure(index))


_watching = False


def _watch_sigint() -> None:
    """Have Ctrl-C stop guests, too, where it raises KeyboardInterrupt."""
    global _watching
    if not _watching:
        from _signal import (  # type: ignore[import-not-found]  # the part that costs nothing
            SIGINT,
            default_int_handler,
            getsignal,
        )

        _watching = True
        if getsignal(SIGINT) is default_int_handler:
            lib.we_watch_sigint()


if not environ.keys().isdisjoint(("PYWASMEDGE_PERF", "PYWASMEDGE_GDB")):
    from .watch.switch import watch_as_told

    watch_as_told()
