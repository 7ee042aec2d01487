"""Command line options: a table, and the one reader of all tables.

``--name value``, ``--name=value``, ``-x``; short options can be joined. Options end at the first
other word, or at ``--``; the rest are arguments.
"""

from __future__ import annotations

TOGGLE, VALUE, LIST, OPTIONAL = "toggle", "value", "list", "optional"
"""Kinds of options: no value, one value (the last one counts), a value per occurrence, the same
with the value left out at will (then it is ``""``; a value that is there follows ``=``)."""


_DIGITS = 30
"""Numbers with more digits are as good as this power of ten."""


class Option:
    """A row: names without dashes (the first is the option's), kind, value's name, help text."""

    __slots__ = ("help", "kind", "metavar", "name", "names")

    def __init__(self, names: str, kind: str, metavar: str, help: str) -> None:
        self.names = names.split()
        self.name = self.names[0]
        self.kind = kind
        self.metavar = metavar
        self.help = help


class UsageError(Exception):
    """The command line cannot be understood; the text says why, in one line."""


class UnknownOptionError(UsageError):
    """There is no such option. ``options`` are those before it."""

    def __init__(self, text: str, options: Options) -> None:
        super().__init__(text)
        self.options = options


class Options:
    """What was given. ``rest`` are the words after the options.

    Lists and toggles that were not given are ``[]`` and ``False``, values ``None``.
    """

    def __init__(self, table: tuple[Option, ...], words: list[str]) -> None:
        """Read ``words``.

        Raises:
            UsageError: an unknown option, a value missing or where none belongs.
        """
        self._given: dict[str, list[str]] = {}
        self._by_name = {name: option for option in table for name in option.names}
        at = 0
        while at < len(words) and words[at].startswith("-") and words[at] != "-":
            word = words[at]
            at += 1
            if word == "--":
                break
            name, equals, value = word.removeprefix("--").partition("=")
            names = [name] if word.startswith("--") else list(word[1:])
            for name in names:
                option = self._by_name.get(name)
                if option is None or (len(name) == 1) == word.startswith("--"):
                    self.rest = words[at - 1 :]
                    shown = word if word[1] == "-" else f"-{name}"
                    raise UnknownOptionError(f"unknown option: {shown}", self)
                values = self._given.setdefault(option.name, [])
                if option.kind == TOGGLE:
                    if equals and word.startswith("--"):
                        raise UsageError(f"option --{name} takes no value")
                elif equals or option.kind == OPTIONAL:
                    values.append(value)
                elif at < len(words):
                    values.append(words[at])
                    at += 1
                else:
                    raise UsageError(f"option --{name} needs a value: {option.metavar}")
        self.rest = words[at:]

    def on(self, name: str) -> bool:
        """Whether toggle ``name`` was given."""
        return name in self._given

    def all(self, name: str) -> list[str]:
        """Every value of an option that can be repeated."""
        return self._given.get(name, [])

    def last(self, name: str) -> str | None:
        """The last value of ``name``, ``None`` if it was not given."""
        values = self._given.get(name)
        return values[-1] if values else None

    def number(self, name: str) -> int | None:
        """The last value of ``name`` as a number, ``None`` if it was not given.

        Raises:
            UsageError: it is not a decimal number of at least 0.
        """
        values = self._given.get(name)
        if not values:
            return None
        if not (values[-1].isascii() and values[-1].isdigit()):
            raise UsageError(f"option --{name}: not a number: {values[-1]}")
        return int(values[-1]) if len(values[-1]) <= _DIGITS else 10**_DIGITS


def help_text(usage: str, table: tuple[Option, ...], *, colour: bool) -> str:
    """The help page: usage line, then what each option means; with terminal colours or not."""
    yellow, green, off = ("\x1b[33m", "\x1b[32m", "\x1b[0m") if colour else ("", "", "")
    lines = [f"{yellow}USAGE{off}", f"  {usage}", "", f"{yellow}OPTIONS{off}"]
    for option in table:
        names = ", ".join(f"-{n}" if len(n) == 1 else f"--{n}" for n in option.names)
        value = f" {option.metavar}" if option.metavar else ""
        if option.kind == OPTIONAL:
            value = f"[={option.metavar}]"
        lines += [f"  {green}{names}{value}{off}", f"      {option.help}"]
    return "\n".join(lines) + "\n"
