"""Log lines."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest

from pywasmedge.base import log


@pytest.fixture(autouse=True)
def _restore_threshold(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(log, "source", None)  # another test may have made this a C host
    before = log.threshold
    yield
    log.set_level(before)


def test_lines_carry_time_and_level(capfd: pytest.CaptureFixture[str]) -> None:
    log.error("first\nsecond")
    log.info("third")
    lines = capfd.readouterr().err.splitlines()
    stamp = r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\]"
    for line, rest in zip(lines, ["[error] first", "[error] second", "[info] third"], strict=True):
        assert re.fullmatch(f"{stamp} {re.escape(rest)}", line)


@pytest.mark.parametrize(
    ("level", "seen"),
    [(log.DEBUG, "dbg inf err"), (log.INFO, "inf err"), (log.ERROR, "err"), (log.OFF, "")],
)
def test_the_threshold(capfd: pytest.CaptureFixture[str], level: int, seen: str) -> None:
    log.set_level(level)
    log.debug("dbg")
    log.info("inf")
    log.error("err")
    assert [line.split()[-1] for line in capfd.readouterr().err.splitlines()] == seen.split()


def test_text_of_any_kind_and_a_closed_target(capfd: pytest.CaptureFixture[str]) -> None:
    log.error("caf\xe9 \udcff")
    assert capfd.readouterr().err.endswith("caf\xe9 \\udcff\n")
    handle = os.open(os.devnull, os.O_RDONLY)
    log.write(log.ERROR, "nobody can read this", to=handle)
    os.close(handle)
    log.write(log.ERROR, "nor this", to=handle)


def test_terminals_get_colours() -> None:
    ours, theirs = os.openpty()
    log.write(log.ERROR, "text", to=theirs)
    assert b"[\x1b[31merror\x1b[0m] text" in os.read(ours, 1000)
    os.close(ours)
    os.close(theirs)
