"""Carries out the commands of one script on an engine and says which of them hold.

Counted are the assertions and the modules that must instantiate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from ..base.errors import ErrCode, LinkError, LoadError, Trap, ValidationError, WasmError, WatError
from ..base.record import dataclass
from .values import HostObject, is_null, is_reference, matches, reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .engine import Result
    from .values import Json

Command = dict[str, Any]
"""One command of a script, as ``text.script`` gives it."""


class Commands(Protocol):
    """A script: its commands and their modules."""

    @property
    def commands(self) -> Sequence[Command]:
        """In order."""

    def binary(self, filename: str) -> bytes:
        """A module by the name that commands have for it.

        Raises:
            WatError: its text is malformed.
        """


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


@dataclass(frozen=True, slots=True)
class Substitute:
    """The error that stands for a text of the suites."""

    code: ErrCode
    reason: str
    detail: str = ""
    """What the error's detail has to begin with."""


SUBSTITUTES: dict[str, Substitute] = {
    "call stack exhausted": Substitute(
        ErrCode.RUNTIME_ERROR,
        "the published codes have none for the stack; the detail says it",
        "call stack exhausted",
    ),
    "malformed memop flags": Substitute(
        ErrCode.ILLEGAL_GRAMMAR,
        "the published codes have none for alignments of 2^32 and more; the detail says it",
        "malformed memop flags",
    ),
    **dict.fromkeys(
        ("i32 constant", "i32 constant out of range"),
        Substitute(
            ErrCode.INTEGER_TOO_LARGE,
            "sizes and offsets in text have 64 bits since 3.0; the loader refuses them in binaries",
        ),
    ),
}
"""Texts of the suites that are none of the published error messages."""

REWORDED = {"malformed lane index": "i8 constant out of range"}
"""Texts of earlier suites on text, as later suites word them."""


def outcomes(
    engine: Backend, script: Commands, wanted: Callable[[Command], bool] = lambda _: True
) -> Iterator[tuple[Command, Exception | None]]:
    """Carry out a script's commands (those ``wanted``) on a fresh engine; each with its failure."""
    runner = Runner(script, engine)
    for command in script.commands:
        if not wanted(command):
            continue
        try:
            runner.carry_out(command)
        except Exception as error:
            yield command, error
        else:
            yield command, None


def counts(command: Command) -> bool:
    """Whether a command that holds is counted."""
    return bool(command["type"] != "register")


def describe(error: Exception) -> str:
    """One line about an error."""
    if isinstance(error, CommandError):
        return str(error)
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


class Runner:
    """State between the commands of a script: the engine and the modules by name."""

    def __init__(self, script: Commands, engine: Backend) -> None:
        self.script = script
        self.engine = engine
        self.current: Any = None
        self.named: dict[str, Any] = {}
        self.definitions: dict[str | None, Command] = {}
        self.names = names_of_modules(script.commands)

    def carry_out(self, command: Command) -> None:
        """Carry out one command.

        Raises:
            CommandError: it did not do what the script says.
            WasmError: the engine refused what it should have accepted.
        """
        handler: Callable[[Command], None] | None = getattr(self, command["type"], None)
        if handler is None:
            raise CommandError("not known here")
        handler(command)

    def module(self, command: Command) -> None:
        """A module that instantiates and becomes the current one."""
        self.current = None  # Whatever follows must not use the module before.
        name = self.names.get(command["line"], "")
        self.current = self.engine.instantiate(self.binary(command), name)
        if "name" in command:
            self.named[command["name"]] = self.current

    def module_definition(self, command: Command) -> None:
        """A module to be instantiated later, maybe more than once."""
        module = self.engine.load(self.binary(command))
        self.engine.validate(module)
        self.definitions[command.get("name")] = self.definitions[None] = command

    def module_instance(self, command: Command) -> None:
        """An instance of a module that was defined."""
        definition = self.definitions[command["module"]]
        self.current = self.engine.instantiate(self.binary(definition), command["instance"] or "")
        if command["instance"] is not None:
            self.named[command["instance"]] = self.current

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
        """A binary that cannot be decoded, or a text that has none."""
        text = command["text"]
        self.must_fail(lambda: self.engine.load(self.binary(command)), text, LoadError)

    def assert_malformed_custom(self, command: Command) -> None:
        """A text with a malformed annotation."""
        self.must_fail(lambda: self.binary(command), command["text"], WatError)

    assert_invalid_custom = assert_malformed_custom

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
        return self.script.binary(command["filename"])

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
    if isinstance(error, WatError):  # either may say more than the other
        text = REWORDED.get(text, text)
        return text.startswith(error.message) or error.message.startswith(text)
    substitute = SUBSTITUTES.get(text)
    if substitute is None:
        return error.code != ErrCode.SUCCESS and text.startswith(error.message)
    if details and not error.detail.startswith(substitute.detail):
        return False
    return error.code == substitute.code


def result_matches(expected: Json, got: Result) -> bool:
    """Whether a result is the expected one, or one of those that may be."""
    if expected["type"] == "either":
        return any(result_matches(value, got) for value in expected["values"])
    if is_reference(expected):
        if isinstance(got, bytes):
            return False
        if "value" not in expected and not is_null(expected):
            return got is not None
        return got == reference(expected)
    return isinstance(got, bytes) and matches(expected, got)


def show(got: Result) -> str:
    """A result for messages: little-endian bytes or a reference."""
    if isinstance(got, bytes):
        return f"0x{got[::-1].hex()}"
    return repr(got) if isinstance(got, HostObject) else "null" if got is None else "a function"
