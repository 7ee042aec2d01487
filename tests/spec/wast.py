"""The official scripts as they are published (``.wast``), read by the package itself."""

from __future__ import annotations

import tarfile
from functools import cache
from typing import TYPE_CHECKING, Any

import testdata

from pywasmedge.text import script

if TYPE_CHECKING:
    from collections.abc import Iterator

ARCHIVE = "spec/spec-3.0-wast.tar.xz"
CONVERTED = "spec/spec-3.0-json.tar.xz"
LEFT_OUT = ("proposals/custom-descriptors/",)
"""Folders of the 3.0 archive with scripts of what is no part of 3.0, nor known here."""


@cache
def sources(archive: str = ARCHIVE, folder: str = "testsuite/") -> dict[str, bytes]:
    """The texts of the scripts of an archive by name (``proposals/threads/atomic``)."""
    path = testdata.find(archive)
    return dict(sorted(_members(path, folder, ".wast"))) if path else {}


def _members(path: Any, folder: str, ending: str) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as archive:
        for member in archive:
            name = member.name
            if member.isfile() and name.startswith(folder) and name.endswith(ending):
                content = archive.extractfile(member)
                assert content is not None, name
                found = name.removeprefix(folder).removesuffix(ending)
                if not found.startswith(LEFT_OUT):
                    yield found, content.read()


@cache
def parsed(name: str) -> script.Script:
    """A script of the 3.0 suite."""
    return script.read(sources()[name])


@cache
def converted() -> dict[str, bytes]:
    """The files of the converted 3.0 suite by name (``block/block.0.wasm``)."""
    path = testdata.find(CONVERTED)
    return dict(_members(path, "spec-3.0-json/", "")) if path else {}
