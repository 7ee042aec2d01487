"""Carries out the commands of one script on an engine and says which of them hold.

Counted are the assertions and the modules that must instantiate; malformed *text* is left out,
since the scripts were already translated to binaries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from pywasmedge.base.errors import ErrCode, LinkError, LoadError, Trap, ValidationError, WasmError

from .engine import Engine
from .exceptions import CORRECTIONS, EXPECTED_FAILURES, SUBSTITUTES
from .suites import configure
from .values import HostObject, is_reference, matches, reference

if TYPE_CHECKING:
    from pywasmedge.base.config import Tier

    from .engine import Result
    from .suites import Command, Script
    from .values import Json


class Backend(Protocol):
    """What a script runs on; ``spectest`` is there. Failures are :class:`WasmError`.

    What ``load``, ``link`` and ``instantiate`` return only means something to itself.
    """

    details: bool
    """Whether its errors have a detail."""

    def load(self, binary: bytes) -> Any:
        """Decode a binary."""

    def validate(self, module: Any) -> None:
        """Validate a module."""

    def link(self, module: Any) -> Any:
        """Instantiate a validated module, without a name."""

    def instantiate(self, binary: bytes, name: str) -> Any:
        """All of it; ``name`` is what it will be registered as or what the script calls it."""

    def register(self, name: str, instance: Any) -> None:
        """Make an instance importable under a name."""

    def call(self, instance: Any, name: str, arguments: list[Json]) -> list[Result]:
        """Call an exported function."""

    def value(self, instance: Any, name: str) -> Result:
        """Value of an exported global."""


class CommandError(AssertionError):
    """A command did not do what the script says."""


@dataclass(slots=True)
class Report:
    """Outcome of a script."""

    script: str
    passed: int = 0
    expected: list[str] = field(default_factory=list)
    """Failures that are listed in ``exceptions``."""
    failures: list[str] = field(default_factory=list)
    """Failures that are not, and listed ones that did not happen; with place and cause."""

    @property
    def total(self) -> int:
        """Number of commands that count."""
        return self.passed + len(self.expected) + len(self.failures)


def run(script: Script, tier: Tier, only_line: int | None = None) -> Report:
    """Carry out a script with one code generator; ``only_line`` skips other assertions."""
    return run_on(Engine(configure(script, tier)), script, only_line)


def run_on(engine: Backend, script: Script, only_line: int | None = None) -> Report:
    """The same with an engine that is fresh and suits the script."""
    runner = Runner(script, engine)
    report = Report(script.id)
    for command in script.commands:
        if command.get("module_type") == "text":
            continue
        line = command["line"]
        if only_line not in (None, line) and command["type"].startswith("assert_"):
            continue
        place = f"{script.id}:{line} {command['type']}"
        reason = EXPECTED_FAILURES.get((script.id, line))
        if (script.id, line) in CORRECTIONS:
            command = {**command, "text": CORRECTIONS[script.id, line][0]}
        try:
            runner.carry_out(command)
        except Exception as error:
            text = f"{place}: {describe(error)}"
            (report.failures if reason is None else report.expected).append(text)
        else:
            if reason is None:
                report.passed += command["type"] != "register"
            else:
                report.failures.append(f"{place}: passes, but was expected to fail: {reason}")
    return report


def describe(error: Exception) -> str:
    """One line about an error."""
    if isinstance(error, CommandError):
        return str(error)
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


class Runner:
    """State between the commands of a script: the engine and the modules by name."""

    def __init__(self, script: Script, engine: Backend) -> None:
        self.script = script
        self.engine = engine
        self.current: Any = None
        self.named: dict[str, Any] = {}
        self.names = names_of_modules(script.commands)

    def carry_out(self, command: Command) -> None:
        """Carry out one command.

        Raises:
            CommandError: it did not do what the script says.
            WasmError: the engine refused what it should have accepted.
        """
        handler: Callable[[Command], None] = getattr(self, command["type"])
        handler(command)

    def module(self, command: Command) -> None:
        """A module that instantiates and becomes the current one."""
        self.current = None  # Whatever follows must not use the module before.
        name = self.names.get(command["line"], "")
        self.current = self.engine.instantiate(self.binary(command), name)
        if "name" in command:
            self.named[command["name"]] = self.current

    def register(self, command: Command) -> None:
        """Makes an instance importable under a name."""
        self.engine.register(command["as"], self.instance(command.get("name")))

    def action(self, command: Command) -> None:
        """A call whose results do not matter."""
        self.perform(command["action"])

    def assert_return(self, command: Command) -> None:
        """A call or global with these results."""
        results = self.perform(command["action"])
        expected = command["expected"]
        if len(results) != len(expected):
            raise CommandError(f"{len(results)} results instead of {len(expected)}")
        for want, got in zip(expected, results, strict=True):
            if not result_matches(want, got):
                raise CommandError(f"{show(got)} instead of {want}")

    def assert_trap(self, command: Command) -> None:
        """A call that traps."""
        self.must_fail(lambda: self.perform(command["action"]), command["text"], Trap)

    assert_exhaustion = assert_trap

    def assert_malformed(self, command: Command) -> None:
        """A binary that cannot be decoded."""
        binary = self.binary(command)
        self.must_fail(lambda: self.engine.load(binary), command["text"], LoadError)

    def assert_invalid(self, command: Command) -> None:
        """A module that can be decoded, but is not valid."""
        module = self.engine.load(self.binary(command))
        self.must_fail(lambda: self.engine.validate(module), command["text"], ValidationError)

    def assert_unlinkable(self, command: Command) -> None:
        """A valid module whose imports do not fit."""
        module = self.engine.load(self.binary(command))
        self.engine.validate(module)
        self.must_fail(lambda: self.engine.link(module), command["text"], LinkError)

    def assert_uninstantiable(self, command: Command) -> None:
        """A valid module whose instantiation traps."""
        module = self.engine.load(self.binary(command))
        self.engine.validate(module)
        self.must_fail(lambda: self.engine.link(module), command["text"], Trap)

    def binary(self, command: Command) -> bytes:
        """The binary a command names."""
        return self.script.binaries[command["filename"]]

    def instance(self, name: str | None) -> Any:
        """The instance of that name, or the latest one."""
        found = self.named.get(name) if name else self.current
        if found is None:
            raise CommandError(f"no module {name or 'instantiated'}")
        return found

    def perform(self, action: Json) -> list[Result]:
        """Results of a call, or value of a global."""
        instance = self.instance(action.get("module"))
        if action["type"] == "get":
            return [self.engine.value(instance, action["field"])]
        return self.engine.call(instance, action["field"], action["args"])

    def must_fail(self, attempt: Callable[[], object], text: str, kind: type[WasmError]) -> None:
        """Check that ``attempt`` raises ``kind`` with the error that ``text`` stands for.

        The published messages are prefixes of the scripts' texts, which may be more specific.
        """
        try:
            attempt()
        except kind as error:
            if not stands_for(error, text, self.engine.details):
                raise CommandError(
                    f"{text!r} expected, not {error.message!r} ({error.detail})"
                ) from error
        except WasmError as error:
            raise CommandError(
                f"{kind.__name__} {text!r} expected, not {describe(error)}"
            ) from error
        else:
            raise CommandError(f"{kind.__name__} {text!r} expected, but there was no error")


def names_of_modules(commands: Sequence[Command]) -> dict[int, str]:
    """The name of each module by line: what it is registered as, else what the script calls it."""
    names: dict[int, str] = {}
    lines: dict[str | None, int] = {}
    for command in commands:
        if command["type"] == "module":
            lines[None] = command["line"]
            if "name" in command:
                lines[command["name"]] = command["line"]
                names[command["line"]] = command["name"]
        elif command["type"] == "register":
            names[lines[command.get("name")]] = command["as"]
    return names


def stands_for(error: WasmError, text: str, details: bool) -> bool:
    """Whether an error is the one that a text of the suites means."""
    substitute = SUBSTITUTES.get(text)
    if substitute is None:
        return error.code != ErrCode.SUCCESS and text.startswith(error.message)
    if details and not error.detail.startswith(substitute.detail):
        return False
    return error.code == substitute.code


def result_matches(expected: Json, got: Result) -> bool:
    """Whether a result is the expected one."""
    if is_reference(expected):
        return not isinstance(got, bytes) and got == reference(expected)
    return isinstance(got, bytes) and matches(expected, got)


def show(got: Result) -> str:
    """A result for messages: little-endian bytes or a reference."""
    if isinstance(got, bytes):
        return f"0x{got[::-1].hex()}"
    return repr(got) if isinstance(got, HostObject) else "null" if got is None else "a function"
