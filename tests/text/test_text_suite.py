"""The scripts of the 3.0 suite: what the assembler makes of every module in them."""

from __future__ import annotations

import json
from typing import Any

import pytest
import testdata
from spec import wast

from pywasmedge.base.errors import WatError
from pywasmedge.module.reader import u32

SCRIPTS = wast.sources()
pytestmark = pytest.mark.skipif(not SCRIPTS, reason=testdata.HOW_TO_GET)

MALFORMED = ("assert_malformed", "assert_malformed_custom", "assert_invalid_custom")

ACCEPTED = {
    (
        "proposals/threads/memory",
        "i32 constant out of range",
    ): "written when memories had 32-bit sizes only; the loader and the validator refuse them now",
}
"""Malformed text that is none any more, by script and text."""

OTHERWISE = {
    ("array", 302): "a data count section also for a global's initial value",
    ("call_indirect64", 3): "the shortest form of an element segment",
    ("elem", 80): "the shortest form of an element segment",
    ("type-rec", 45): "a type in a group of its own is the same type",
    ("type-rec", 185): "the same",
    ("type-rec", 197): "the same",
    ("type-subtyping", 344): "a type that is not final is not what (func) means",
    ("type-subtyping", 373): "the same",
}
"""Modules whose binary differs from the converter's, and why."""


def commands(name: str) -> list[dict[str, Any]]:
    return [command for command in wast.parsed(name).commands if "filename" in command]


@pytest.mark.parametrize("name", SCRIPTS)
def test_malformed_text_is_refused_and_all_other_text_is_not(name: str) -> None:
    modules = wast.parsed(name).modules
    for command in commands(name):
        source = modules[command["filename"]]
        place = f"{name}:{command['line']}"
        if command["type"] not in MALFORMED or source.kind == "binary":
            source.binary()
            continue
        try:
            source.binary()
        except WatError as error:
            assert agree(error.message, command["text"]), f"{place}: {error}"
            assert (name, command["text"]) not in ACCEPTED
        else:
            assert (name, command["text"]) in ACCEPTED, f"{place}: {command['text']} expected"


def agree(message: str, text: str) -> bool:
    """One may say more than the other."""
    return message.startswith(text) or text.startswith(message)


@pytest.mark.parametrize("name", SCRIPTS)
def test_binaries_are_those_of_the_converter(name: str) -> None:
    files = wast.converted()
    if f"{name}/script.json" not in files:
        pytest.skip(testdata.HOW_TO_GET)
    theirs = [
        command
        for command in json.loads(files[f"{name}/script.json"])["commands"]
        if "filename" in command
    ]
    ours = commands(name)
    assert len(ours) == len(theirs)
    modules = wast.parsed(name).modules
    for mine, other in zip(ours, theirs, strict=True):
        file = other.get("binary_filename", other["filename"])
        if not file.endswith(".wasm") or mine["type"] in MALFORMED:
            continue
        got, wanted = modules[mine["filename"]].binary(), files[f"{name}/{file}"]
        same = got == wanted or sections(got) == sections(wanted)
        if not name.startswith("legacy/"):  # converted by a tool that orders sections otherwise
            assert same == ((name, mine["line"]) not in OTHERWISE), f"{name}:{mine['line']}"


def sections(binary: bytes) -> list[tuple[int, bytes]]:
    """The sections, except names; a table's first segment in the shortest form."""
    found, at = [], 8
    while at < len(binary):
        number = binary[at]
        size, at = u32(binary, at + 1, len(binary))
        content = binary[at : at + size]
        at += size
        if number == 9:  # the converter names table 0 in segments that are part of their table
            content = content.replace(b"\2\0\x41\0\x0b\0", b"\0\x41\0\x0b")
        if number or not content.startswith(b"\4name"):
            found.append((number, content))
    return found


@pytest.mark.long
def test_the_suite_is_complete() -> None:
    quoted = sum(
        source.kind == "quote" for name in SCRIPTS for source in wast.parsed(name).modules.values()
    )
    assert len(SCRIPTS) == 274
    assert quoted == 1296
