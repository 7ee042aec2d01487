"""The suites: which there are, which configuration each needs, the files of their archive."""

from __future__ import annotations

import json
import tarfile
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import testdata

from pywasmedge.base.config import Configure, Proposal, Tier

ARCHIVE = "spec/spec-2.0-json.tar.xz"

Command = dict[str, Any]
"""One command of a script, as in the JSON file."""

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


@dataclass(frozen=True, slots=True)
class Script:
    """One file of a suite: its commands and the binaries they name."""

    suite: str
    name: str
    commands: tuple[Command, ...] = field(repr=False)
    binaries: dict[str, bytes] = field(repr=False)

    @property
    def id(self) -> str:
        """Like ``core-2.0/br_if``."""
        return f"{self.suite}/{self.name}"


def available() -> bool:
    """Whether the archive is there."""
    return testdata.find(ARCHIVE) is not None


@cache
def scripts() -> tuple[Script, ...]:
    """All scripts of all suites in order; none if the archive is not there.

    The archive is read into memory (16 MB), nothing is unpacked.
    """
    path = testdata.find(ARCHIVE)
    if path is None:
        return ()
    binaries: dict[str, dict[str, bytes]] = {suite: {} for suite in PROPOSALS}
    texts: dict[tuple[str, str], bytes] = {}
    with tarfile.open(path) as archive:
        for member in archive:
            suite, _, name = member.name.partition("/")
            if suite not in PROPOSALS or not name.endswith((".json", ".wasm")):
                continue
            content = archive.extractfile(member)
            assert content is not None, member.name
            if name.endswith(".json"):
                texts[suite, name.removesuffix(".json")] = content.read()
            else:
                binaries[suite][name] = content.read()
    found = [
        Script(suite, name, tuple(json.loads(text)["commands"]), binaries[suite])
        for (suite, name), text in texts.items()
    ]
    order = list(PROPOSALS)
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
