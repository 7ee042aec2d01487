"""Who made what is in the cache: names of entries, and what tells installations apart."""

from __future__ import annotations

import os
from functools import cache

from ..compiler import layout
from ..kernel.native import shared_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..compiler.artifact import Origin

_SOURCES = ("base", "isa", "module", "walk", "compiler")
"""Parts of the package that decide what modules and their code look like."""


def entry_name(digest: bytes, origin: Origin) -> str:
    """The file of what was made from a module: the module's digest, and the rest of the origin."""
    facts = (
        sorted(origin.proposals),
        origin.guarded,
        origin.count,
        origin.cost,
        origin.exact,
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
