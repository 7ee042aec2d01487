"""Code kept from earlier runs (``pywasmedge.cache``), and new code on its way there.

A module with enough code has an entry. What is in it is published when the module is prepared; code
that is made later is collected and saved by a thread of its own, from time to time and at the end
of the process, so that little is lost when the process is killed.
"""

from __future__ import annotations

import os
import threading
from array import array
from functools import cache

from ..base.config import Tier
from ..base.forking import fork_safe
from ..cache.directory import directory
from ..compiler import layout
from ..compiler.artifact import Origin
from ..compiler.codegen import Level
from ..compiler.dump import wanted
from . import image
from .native import shared_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from ..base.config import Configure
    from ..cache.directory import Directory
    from ..cache.entry import Entry
    from ..compiler.artifact import Artifact
    from ..compiler.code import Code
    from ..module.ast import Module
    from .code import CompiledModule

    class _Saves(Protocol):
        def save(self) -> None: ...


_SOURCES = ("base", "isa", "module", "walk", "compiler")
"""Parts of the package that decide what modules and their code look like."""


class Recorder:
    """Code of a module that is not in its entry yet. Safe from several threads.

    Attributes:
        damaged: an image in the entry was found to be damaged.
    """

    __slots__ = ("_codes", "_directory", "_name", "_origin", "damaged")

    def __init__(self, directory: Directory, name: str, origin: Origin) -> None:
        self._directory = directory
        self._name = name
        self._origin = origin
        self._codes: list[tuple[Code, int]] = []
        self.damaged = False

    def add(self, code: Code, level: Level, *, asks: bool = True) -> None:
        """Note that functions have new code.

        Args:
            code: the code.
            level: what it was compiled with.
            asks: if it is quick code, it asks for better code itself where it runs often.
        """
        self._codes.append((code, image.level_number(level, asks=asks)))
        _saver.add(self)

    def save(self) -> None:
        """Write what was noted; what cannot be written is forgotten."""
        from ..cache.entry import save

        count = len(self._codes)
        codes = self._codes[:count]
        if codes:
            repair, self.damaged = self.damaged, False
            save(self._directory, self._name, self._origin, codes, repair=repair)
            del self._codes[:count]


def attach(compiled: CompiledModule, configure: Configure) -> Recorder | None:
    """Publish the code that is kept for a module.

    Args:
        compiled: the module, which has no code yet.
        configure: what it is compiled with.

    Returns:
        What is to be told of code that is made from now on; ``None`` if the module is not cached.

    Raises:
        MemoryError: no memory is left.
    """
    tree = compiled.module
    found = directory(configure.cache)
    if found is None or wanted() is not None:  # what is not made cannot be dumped
        return None
    origin = _origin(tree, configure, compiled.guarded)
    name = entry_name(tree.digest, origin)
    recorder = Recorder(found, name, origin)
    from ..cache.entry import open_entry

    entry = open_entry(found, name, origin)
    if entry is not None:
        try:
            recorder.damaged = not _publish(entry, compiled, configure)
        finally:
            entry.close()
    return recorder


def _publish(entry: Entry, compiled: CompiledModule, configure: Configure) -> bool:
    """Let the functions of an entry start there; False if an image is damaged."""
    tree = compiled.module
    mark = tree.proposals == configure.proposals
    images: dict[int, image.Image | None] = {}
    for at, artifact, number, rows in _chosen(entry):
        level, asks = image.level_of(number)
        if at not in images:
            images[at] = _load(entry, at, artifact, compiled)
        loaded = images[at]
        if loaded is None:
            continue
        functions, offsets = artifact.functions, artifact.offsets
        if rows is not None:
            functions = array("I", [functions[row] for row in rows])
            offsets = array("I", [offsets[row] for row in rows])
        image.publish(loaded, compiled.handle, functions, offsets)
        compiled.note(dict.fromkeys(functions, level))
        if mark:
            checked = tree.checked
            for function in functions:
                checked[function] = 1
        if configure.tier == Tier.AUTO and level < Level.OPTIMISED and not asks:
            from .optimiser import optimiser

            for function in functions:
                optimiser.add(compiled, function)
    return None not in images.values()


def _load(
    entry: Entry, at: int, artifact: Artifact, compiled: CompiledModule
) -> image.Image | None:
    try:
        loaded = image.load_file(artifact, compiled.module, entry.fd, at)
    except RuntimeError:  # it wants what this kernel does not have
        return None
    if loaded is not None:
        compiled.own(loaded)
    return loaded


def _chosen(entry: Entry) -> list[tuple[int, Artifact, int, Sequence[int] | None]]:
    """What to publish of an entry, so that the best code of a function comes last.

    Returns:
        Position, artifact, level as ``Recorder.add`` has it, and which rows of its tables
        (``None``: all).
    """
    found: list[tuple[int, Artifact, int, Sequence[int] | None]] = []
    for at, artifact in entry.artifacts:
        for number in sorted(set(artifact.levels)):
            rows = None
            if artifact.levels.count(number) < len(artifact.levels):
                rows = [row for row, each in enumerate(artifact.levels) if each == number]
            found.append((at, artifact, number, rows))
    found.sort(key=lambda item: item[2])
    return found


def _origin(tree: Module, configure: Configure, guarded: bool) -> Origin:
    if not tree.digest:
        from ..cache.digests import digest

        tree.digest = digest(tree.data)
    return Origin(
        tree.digest.rstrip(b"\0"),  # as artifacts give it back
        frozenset(configure.proposals),
        guarded,
        configure.instruction_counting,
        configure.cost_measuring,
        generator(bytes([configure.tier])),  # only code that is to be improved asks for that
        layout.processor(),
    )


def entry_name(digest: bytes, origin: Origin) -> str:
    """The file of what was made from a module: the module's digest, and the rest of the origin."""
    facts = (
        sorted(origin.proposals),
        origin.guarded,
        origin.count,
        origin.cost,
        origin.generator,
        origin.processor,
    )
    return f"{digest.hex()}-{layout.checksum(repr(facts).encode())[:8].hex()}"


@cache
def generator(more: bytes = b"") -> bytes:
    """16 bytes that differ between installations of this package; ``more`` goes into them, too.

    Reading what ``stat`` says of the files is quicker than reading the files.
    """
    package = os.path.dirname(os.path.dirname(__file__))
    folder = os.path.dirname(shared_object)
    binaries = (shared_object, os.path.join(folder, "libwasmedge_c.so"))
    facts: list[object] = [package, more, *[_facts(os.stat(path)) for path in binaries]]
    for part in _SOURCES:
        for folder, inner, files in os.walk(os.path.join(package, part)):
            inner[:] = sorted(set(inner) - {"__pycache__"})
            for name in sorted(files):
                path = os.path.join(folder, name)
                facts.append((path, _facts(os.stat(path))))
    return layout.checksum(repr(facts).encode())


def _facts(status: os.stat_result) -> tuple[int, ...]:
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


class _Saver:
    """A thread that saves what recorders have noted."""

    FIRST = 0.5
    """Seconds from the first new code until it is saved."""
    LONGEST = 8.0
    """The pause doubles up to this while there is new code all the time."""

    def __init__(self) -> None:
        # Reentrant: a finaliser may run guests, whatever it interrupts.
        self._lock = fork_safe(threading.RLock())
        self._flushing = fork_safe(threading.RLock())
        self._waiting: set[_Saves] = set()
        self._thread: threading.Thread | None = None
        self._registered = False

    def add(self, recorder: _Saves) -> None:
        """Have something saved soon."""
        if recorder in self._waiting:
            return
        with self._lock:
            self._waiting.add(recorder)
            if not self._registered:
                import atexit

                self._registered = True
                atexit.register(self.flush)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._run, name="pywasmedge-cache", daemon=True
                )
                try:
                    self._thread.start()
                except RuntimeError:  # the process ends
                    self._thread = None

    def flush(self) -> None:
        """Save everything now."""
        with self._flushing:
            with self._lock:
                waiting = list(self._waiting)
                self._waiting.clear()
            for recorder in waiting:
                recorder.save()

    def _run(self) -> None:
        from time import sleep

        pause = self.FIRST
        while True:
            sleep(pause)
            pause = min(2 * pause, self.LONGEST)
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
            self.flush()


_saver = _Saver()


def save_later(recorder: _Saves) -> None:
    """Have ``save`` called in the background, and at the latest when the process ends."""
    _saver.add(recorder)


def flush() -> None:
    """Save all new code now: before the process ends without Python's doing."""
    _saver.flush()
