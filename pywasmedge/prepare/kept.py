"""Code kept from earlier runs (``pywasmedge.cache``), and new code on its way there.

A module with enough code has an entry. What is in it is published when the module is prepared; code
that is made later is collected, and saved in the background.
"""

from __future__ import annotations

from array import array

from ..base.config import Tier
from ..cache.directory import directory
from ..cache.origin import entry_name, generator
from ..cache.saver import save_later
from ..code import image
from ..compiler import layout
from ..compiler.artifact import Origin
from ..compiler.codegen import Level
from ..compiler.dump import wanted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..base.config import Configure
    from ..cache.directory import Directory
    from ..cache.entry import Entry
    from ..code.compiled import CompiledModule
    from ..compiler.artifact import Artifact
    from ..compiler.code import Code
    from ..module.ast import Module


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
        save_later(self)

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
            from ..code.optimiser import optimiser

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
        configure.exact_traps,
        generator(bytes([configure.tier])),  # only code that is to be improved asks for that
        layout.processor(),
    )
