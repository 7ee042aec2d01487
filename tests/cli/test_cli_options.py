"""Reading command line options."""

from __future__ import annotations

import pytest

from pywasmedge.cli.options import LIST, TOGGLE, VALUE, Option, Options, UsageError, help_text

TABLE = (
    Option("all a", TOGGLE, "", "Everything."),
    Option("big b", TOGGLE, "", "Big."),
    Option("count c", VALUE, "N", "How many."),
    Option("dir", LIST, "PATH", "A directory."),
)


def read(*words: str) -> Options:
    return Options(TABLE, list(words))


def test_values_in_both_forms() -> None:
    options = read("--count", "3", "--dir=a=b", "--dir", "--count", "--count=5", "file")
    assert options.number("count") == 5
    assert options.all("dir") == ["a=b", "--count"]
    assert options.rest == ["file"]


def test_what_was_not_given() -> None:
    options = read("file")
    assert not options.on("all")
    assert options.number("count") is None
    assert options.all("dir") == []


def test_short_options_join() -> None:
    options = read("-ab", "-c", "7")
    assert options.on("all")
    assert options.on("big")
    assert options.number("count") == 7


@pytest.mark.parametrize(
    ("words", "rest"),
    [
        (["file", "--all", "-x"], ["file", "--all", "-x"]),
        (["--", "--all"], ["--all"]),
        (["-", "--all"], ["-", "--all"]),
        (["-a", "--", "-b"], ["-b"]),
        ([], []),
    ],
)
def test_where_options_end(words: list[str], rest: list[str]) -> None:
    assert read(*words).rest == rest


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--none=1"], "unknown option: --none=1"),
        (["--a"], "unknown option: --a"),
        (["-ax"], "unknown option: -x"),
        (["--all=1"], "option --all takes no value"),
        (["--dir"], "option --dir needs a value: PATH"),
    ],
)
def test_mistakes_are_named(words: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(*words)
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "1 ", "\u0663"])
def test_numbers_are_decimal_digits(text: str) -> None:
    with pytest.raises(UsageError, match="--count: not a number"):
        read("--count", text).number("count")


def test_help_names_everything() -> None:
    text = help_text("tool [OPTIONS]", TABLE, colour=False)
    for option in TABLE:
        assert f"--{option.name}" in text
        assert option.help in text
    assert "\x1b" not in text
    assert "\x1b[" in help_text("tool", TABLE, colour=True)
