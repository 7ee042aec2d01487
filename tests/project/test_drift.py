"""Things that are written in two places by necessity, and must agree."""

from __future__ import annotations

import json
import re
from enum import IntEnum
from pathlib import Path
from typing import Any

import pytest
import testdata

import pywasmedge
from pywasmedge.base.config import DEFAULT_PROPOSALS, HostRegistration, Proposal
from pywasmedge.base.errors import ErrCode
from pywasmedge.base.types import ExternKind, ValType

ROOT = Path(__file__).parents[2]
MOST_LINES = 600
TABLES = ("pywasmedge/isa/", "include/")
"""Folders of tables and declarations, which may be longer."""


@pytest.fixture(scope="module")
def enums() -> dict[str, list[dict[str, Any]]]:
    """The enumerations of the published C interface, by name."""
    text = testdata.require("capi/wasmedge-0.10.0-api.json").read_text()
    return {enum["name"]: enum["values"] for enum in json.loads(text)["enums"]}


ADDED_CODES = {
    ErrCode.SHARED_MEMORY_NO_MAX: "threads",
    ErrCode.UNALIGNED_ATOMIC_ACCESS: "threads",
    ErrCode.EXPECTED_SHARED_MEMORY: "threads",
}
"""Codes that 0.10.0 does not have, because it does not implement the proposal named."""


def test_error_numbers_texts_and_phases(enums: dict[str, list[dict[str, Any]]]) -> None:
    published = [(v["value"], v["message"], v["phase"]) for v in enums["WasmEdge_ErrCode"]]
    ours = [code for code in ErrCode if code not in ADDED_CODES]
    assert [(int(code), code.message, code.phase) for code in ours] == published


def test_no_message_is_the_beginning_of_another() -> None:
    """Hosts recognise errors by whether the message begins a text."""
    messages = [code.message for code in ErrCode]
    assert not [(a, b) for a in messages for b in messages if a != b and b.startswith(a)]
    assert len(set(messages)) == len(messages)


ADDED_PROPOSALS = {
    Proposal.LEGACY_EXCEPTIONS,
    Proposal.GC,
    Proposal.RELAXED_SIMD,
    Proposal.WIDE_ARITHMETIC,
    Proposal.CUSTOM_PAGE_SIZES,
}
"""Proposals younger than 0.10.0; they come after its own."""


def test_proposals(enums: dict[str, list[dict[str, Any]]]) -> None:
    published = enums["WasmEdge_Proposal"]
    ours = [p for p in Proposal if p not in ADDED_PROPOSALS]
    assert {int(p) for p in ours} == {v["value"] for v in published}
    assert min(ADDED_PROPOSALS) > max(ours)
    assert {int(p) for p in DEFAULT_PROPOSALS} == {v["value"] for v in published if v["default_on"]}


def plain(name: str) -> str:
    """An enumerator's name without prefix, case and underscores."""
    return re.sub(r"^WasmEdge_\w+?_", "", name).replace("_", "").lower()


@pytest.mark.parametrize(
    ("name", "ours", "but"),
    [
        ("WasmEdge_Proposal", Proposal, {}),
        ("WasmEdge_HostRegistration", HostRegistration, {}),
        ("WasmEdge_ExternalType", ExternKind, {}),
        # 0x40 is the empty block type, which is no type of a value.
        ("WasmEdge_ValType", ValType, {"none": 0x40}),
    ],
)
def test_enumerations(
    name: str, ours: type[IntEnum], but: dict[str, int], enums: dict[str, list[dict[str, Any]]]
) -> None:
    published = {plain(v["name"]): v["value"] for v in enums[name]}
    members = [m for m in ours if m not in ADDED_PROPOSALS or not isinstance(m, Proposal)]
    assert {plain(m.name): int(m) for m in members} | but == published


def test_the_version_is_the_same_everywhere() -> None:
    """Metadata, package, and the newest release in CHANGELOG.md (if there is one)."""
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert version[1] == pywasmedge.__version__
    newest = headings[1:] if headings[0] == "Unreleased" else headings
    assert not newest or newest[0].split()[0] == version[1]


def source_files() -> list[Path]:
    folders = ("pywasmedge", "src", "tests", "bench", "c_examples", "include")
    return sorted(
        path
        for folder in folders
        for suffix in ("py", "c", "h")
        for path in (ROOT / folder).rglob(f"*.{suffix}")
        if not str(path.relative_to(ROOT)).startswith(TABLES)
    )


def test_no_file_is_too_long() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in source_files()
        if (lines := len(path.read_text().splitlines())) > MOST_LINES
    }
    assert not long, f"over {MOST_LINES} lines: {long}"
