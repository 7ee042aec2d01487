"""The prebuilt guests: that they are the ones their sources describe."""

from __future__ import annotations

import re

import testdata


def test_every_guest_has_source_command_and_description() -> None:
    names = {path.stem for path in testdata.GUESTS.glob("*.c")}
    assert names == {path.stem for path in testdata.GUESTS.glob("*.wasm")}
    script = (testdata.GUESTS / "build.sh").read_text()
    assert names == names & set(re.findall(r"\w+", script))
    table = (testdata.GUESTS / "README.md").read_text()
    assert names == set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
