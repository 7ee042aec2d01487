"""The suites: which there are, which configuration each needs, the files of their archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

import testdata

from pywasmedge.base.config import Configure, Proposal, Tier
from pywasmedge.text import script
from pywasmedge.wast.runner import Command

from .wast import sources

ARCHIVE = "spec/spec-2.0-wast.tar.xz"

PROPOSALS: dict[str, tuple[Proposal, ...]] = {
    "core-2.0": (),
    "tail-call": (Proposal.TAIL_CALL,),
    "extended-const": (Proposal.EXTENDED_CONST,),
    "multi-memory": (Proposal.MULTI_MEMORIES,),
    "threads": (Proposal.THREADS,),
}
"""The suites, and what each needs beyond the default proposals."""

WITHOUT: dict[str, tuple[Proposal, ...]] = {
    # Written for WebAssembly 1.0 with threads: a module must not have two tables.
    "threads/imports": (Proposal.REFERENCE_TYPES,),
}
"""Scripts that were written without one of the default proposals, and test that it is off."""


class Script:
    """One file of a suite, read when it is needed."""

    def __init__(
        self,
        suite: str,
        name: str,
        commands: Sequence[Command] = (),
        binaries: Mapping[str, bytes] | None = None,
    ) -> None:
        """Name a script of a suite, or make one up."""
        self.suite = suite
        self.name = name
        self._commands = tuple(commands)
        self._binaries = binaries

    @property
    def id(self) -> str:
        """Like ``core-2.0/br_if``."""
        return f"{self.suite}/{self.name}"

    @property
    def commands(self) -> Sequence[Command]:
        """The commands in order."""
        return self._commands if self._binaries is not None else _read(self.id).commands

    def binary(self, filename: str) -> bytes:
        """A module by the name that commands have for it."""
        if self._binaries is not None:
            return self._binaries[filename]
        return _read(self.id).binary(filename)


@cache
def _texts() -> dict[str, bytes]:
    """The texts of all scripts by id."""
    found = {}
    for path, text in sources(ARCHIVE, "ts2/").items():
        folder, _, name = path.rpartition("/")
        suite = folder.removeprefix("proposals/") or "core-2.0"
        if suite in PROPOSALS:
            found[f"{suite}/{name}"] = text
    return found


@lru_cache(maxsize=2)
def _read(id_: str) -> script.Script:
    return script.read(_texts()[id_])


def available() -> bool:
    """Whether the archive is there."""
    return testdata.find(ARCHIVE) is not None


@cache
def scripts() -> tuple[Script, ...]:
    """All scripts of all suites in order; none if the archive is not there."""
    order = list(PROPOSALS)
    found = [Script(*id_.split("/")) for id_ in _texts()]
    return tuple(sorted(found, key=lambda script: (order.index(script.suite), script.name)))


def proposals(script: Script) -> tuple[tuple[Proposal, ...], tuple[Proposal, ...]]:
    """What a script needs beyond the default proposals, and which of those must be off."""
    return PROPOSALS[script.suite], WITHOUT.get(script.id, ())


def configure(script: Script, tier: Tier) -> Configure:
    """The configuration for a script."""
    configuration = Configure(tier=tier)
    added, removed = proposals(script)
    for proposal in added:
        configuration.add_proposal(proposal)
    for proposal in removed:
        configuration.remove_proposal(proposal)
    return configuration
