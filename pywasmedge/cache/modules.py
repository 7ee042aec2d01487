"""Decoded modules of earlier runs, with the marks of what was valid.

A large module is not decoded again if its file, or its bytes, are known; nor is validated again
what was valid. Like code, new modules are saved in the background.
"""

from __future__ import annotations

import sys

from ..base import log
from ..compiler.artifact import Origin
from .digests import digest, recall, remember
from .directory import directory
from .entry import open_entry, save
from .origin import entry_name, generator
from .saver import save_later

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Set as AbstractSet
    from typing import Any

    from ..base.config import Configure, Proposal
    from ..module.ast import Module
    from .directory import Directory

_CHUNK = "front"
_MODULES = ("pywasmedge.base.", "pywasmedge.module.", "array")
"""Where the classes come from that may be in what is saved."""


class Front:
    """What the cache knows of a binary."""

    __slots__ = ("_digest", "_directory", "_known", "_name", "_origin", "_tree")

    def __init__(
        self, directory: Directory, digest: bytes, proposals: AbstractSet[Proposal]
    ) -> None:
        """Look at nothing yet; ``digest`` is that of the binary."""
        version = sys.hexversion.to_bytes(4, "little")
        self._digest = digest
        self._directory = directory
        self._origin = Origin(
            digest.rstrip(b"\0"),
            frozenset(proposals),
            guarded=False,
            count=False,
            cost=False,
            exact=False,
            generator=generator(version),
            processor=0,
        )
        self._name = entry_name(digest, self._origin)
        self._known: tuple[bool, bytes] | None = None
        self._tree: Module | None = None

    def load(self, data: bytes) -> Module | None:
        """The decoded module with the marks it had when it was saved, or ``None``."""
        entry = open_entry(self._directory, self._name, self._origin)
        if entry is None:
            return None
        try:
            chunk = entry.artifacts[0][1].chunk(_CHUNK) if entry.artifacts else None
        finally:
            entry.close()
        if chunk is None:
            return None
        try:
            tree: Module = _unpickler(chunk, data).load()
        except Exception as error:
            log.debug(f"cache: {self._name}: {error}")
            return None
        tree.validated = False
        tree.digest = self._digest
        self._known = tree.sound, bytes(tree.checked)
        return tree

    def keep(self, tree: Module) -> None:
        """Save a module soon, if it is new or all of it was found to be valid meanwhile."""
        tree.digest = self._digest
        if self._known is None or (0 not in tree.checked and 0 in self._known[1]):
            self._tree = tree
            save_later(self)

    def save(self) -> None:
        """Write the module."""
        tree, self._tree = self._tree, None
        if tree is None:
            return
        known = tree.sound, bytes(tree.checked)
        if known != self._known:
            self._known = known
            save(self._directory, self._name, self._origin, (), {_CHUNK: _pickled(tree)})


def find(data: bytes, status: os.stat_result | None, configure: Configure) -> Front | None:
    """What the cache knows of a binary; ``None`` if there is no cache.

    Args:
        data: the binary.
        status: of the file that has just been read, if it is one.
        configure: where the cache is, which proposals are enabled.
    """
    found = directory(configure.cache)
    if found is None:
        return None
    known = recall(found, status) if status is not None else None
    if known is None:
        known = digest(data)
        if status is not None:
            remember(found, status, known)
    return Front(found, known, configure.proposals)


def _pickled(tree: Module) -> bytes:
    """A module without its binary."""
    from _pickle import Pickler
    from io import BytesIO

    data = tree.data

    class Writer(Pickler):
        def persistent_id(self, item: object) -> int | None:
            return 0 if item is data else None

    out = BytesIO()
    Writer(out, 5).dump(tree)
    return out.getvalue()


def _unpickler(chunk: memoryview, data: bytes) -> Any:
    from _pickle import Unpickler
    from io import BytesIO

    class Reader(Unpickler):
        def persistent_load(self, _: object) -> bytes:
            return data

        def find_class(self, module: str, name: str) -> Any:
            if module.startswith(_MODULES) or (module, name) in _PLAIN:
                return super().find_class(module, name)
            raise ValueError(f"{module}.{name} in a saved module")

    return Reader(BytesIO(chunk))


_PLAIN = {("builtins", "frozenset"), ("builtins", "bytearray"), ("copyreg", "__newobj__")}
