"""Host modules declared as annotated Python functions.

>>> host = HostModule("env")
>>> @host.function
... def shout(text: Str, out: Buffer) -> i32:
...     loud = text.upper().encode()[: len(out)]
...     out[: len(loud)] = loud
...     return len(loud)

Annotations are those of :mod:`.slices` and of host functions everywhere (:mod:`.host`).
"""

from __future__ import annotations

from ..base.errors import ErrCode, Trap
from ..base.types import FunctionType, ValType
from ..runtime.core import ArgumentFault, Caller
from ..runtime.instance import ModuleInstance
from ..runtime.memory import MemoryInstance
from .functions import Annotations, host_function
from .slices import PLACES, Buffer, Bytes, Out, Place, Str

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from ..runtime.function import FunctionInstance

    Body = TypeVar("Body", bound=Callable[..., Any])

_RANGES = {Bytes: "bytes(view[{0}:{1}])", Str: "text(view[{0}:{1}])", Buffer: "view[{0}:{1}]"}
"""What the body gets for a range, as an expression of its bounds."""
_COROUTINE = 0x80
"""Flag of the code of an ``async`` function."""


class HostError(Exception):
    """Answers the guest with an error number: what functions of a host module raise instead.

    A module that does so has a class of its own, ``HostModule(name, errors=...)``. Where a
    function has no result to say it with, the guest traps (0x07).

    Attributes:
        number: the number.
        OUTSIDE: the number for a range that is not in the guest's memory (or bytes that are not
            text, or a guest without memory); ``None`` if such calls trap.
    """

    OUTSIDE: int | None = None

    def __init__(self, number: int, detail: str = "") -> None:
        """Give the number, and a reason for people if the number does not say it all."""
        super().__init__(detail or f"error {number}")
        self.number = int(number)


class HostModule:
    """A declared host module; each :meth:`instantiate` makes an instance of it.

    Attributes:
        name: what modules import it as.
        functions: the declared functions by import name.
    """

    def __init__(
        self,
        name: str,
        state: Callable[[], object] | None = None,
        *,
        errors: type[HostError] | None = None,
    ) -> None:
        """Declare a module.

        Args:
            name: what modules import it as.
            state: makes what the functions of one instance share and get as their first
                argument; ``None`` for no such argument. The modules of a plugin can share it
                (``Plugin(state=...)``).
            errors: what functions with one i32 result raise to give the guest a number.
        """
        self.name = name
        self.state = state
        self.errors = errors
        self.functions: dict[str, Declared] = {}

    def function(self, body: Body) -> Body:
        """Declare ``body`` as the function of its name (a decorator); returns it unchanged.

        Raises:
            TypeError: its type cannot be derived from the annotations.
        """
        return self.named(body.__name__)(body)

    def named(self, name: str) -> Callable[[Body], Body]:
        """The same under another import name."""

        def declare(body: Body) -> Body:
            self.functions[name] = Declared(
                body, name, stateful=self.state is not None, errors=self.errors
            )
            return body

        return declare

    def instantiate(self, state: object = None) -> ModuleInstance:
        """A new instance; its functions are made when something asks for them.

        Args:
            state: what its functions share; by default what ``HostModule(state=...)`` makes.
        """
        if state is None and self.state is not None:
            state = self.state()
        return ModuleInstance.of_pending(self.name, self.pending(state))

    def pending(self, state: object) -> dict[str, Callable[[], FunctionInstance]]:
        """What makes each function of an instance with ``state``."""

        def maker(declared: Declared) -> Callable[[], FunctionInstance]:
            return lambda: declared.instance(state)

        return {name: maker(declared) for name, declared in self.functions.items()}

    def __repr__(self) -> str:
        return f"<HostModule {self.name!r}: {len(self.functions)} functions>"


class Declared:
    """A function as derived from its annotations.

    Attributes:
        name: the import name.
        type: its WebAssembly type.
    """

    __slots__ = ("_body", "_errors", "_first", "_kinds", "_make", "_stateful", "name", "type")

    def __init__(
        self,
        body: Callable[..., Any],
        name: str,
        *,
        stateful: bool,
        errors: type[HostError] | None = None,
    ) -> None:
        annotations = Annotations(body, skip=int(stateful))
        self._first: Any = annotations.first
        names = annotations.parameters()[1 if self._first else 0 :]
        self._kinds: list[tuple[Any, ValType]] = []
        params: list[ValType] = []
        for parameter in names:
            kind = annotations.kind(parameter)
            if kind in (Bytes, Str, Buffer):
                params += ValType.I32, ValType.I32
                self._kinds.append((kind, ValType.I32))
            elif isinstance(kind, Out):
                stored = annotations.value_type(parameter, kind.type)  # type: ignore[attr-defined]
                if stored not in PLACES:
                    raise TypeError(f"{name}: {parameter}: {stored} cannot be stored in memory")
                params.append(ValType.I32)
                self._kinds.append((Out, stored))
            else:
                value = annotations.value_type(parameter, kind)
                params.append(value)
                self._kinds.append((None, value))
        self.name = name
        self.type = FunctionType(tuple(params), annotations.results())
        code = getattr(body, "__code__", None)
        self._body = _waiting(body) if code and code.co_flags & _COROUTINE else body
        self._stateful = stateful
        self._errors = errors
        self._make: Callable[..., Callable[..., Any]] | None = None

    def instance(self, state: object = None) -> FunctionInstance:
        """A function instance that runs the body with ``state``."""
        if all(kind is None for kind, _ in self._kinds):
            body = self._body
            if self._stateful:
                from functools import partial

                body = partial(body, state)
            first = False if self._first is None else self._first
            return host_function(self._answering(body), self.type, name=self.name, caller=first)
        if self._make is None:
            scope: dict[str, Any] = {
                "Place": Place,
                "outside": self._outside,
                "text": self._text,
                **{f"layout_{type_}": layout for type_, layout in PLACES.items()},
            }
            exec(self._source(), scope)  # the text comes from this file only
            self._make = scope["make"]
        assert self._make is not None
        bound = self._make(self._body, state)
        kind = memoryview if self._first is None else Caller
        return host_function(self._answering(bound), self.type, name=self.name, caller=kind)

    def _answering(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function with its module's errors made numbers, or traps."""
        errors = self._errors
        if errors is None:
            return function
        number = self.type.results == (ValType.I32,)
        outside = errors.OUTSIDE if number else None

        def answer(*args: Any) -> Any:
            try:
                return function(*args)
            except errors as error:
                if not number:
                    raise Trap(ErrCode.EXECUTION_FAILED, f"{self.name}: {error}") from error
                return error.number
            except ArgumentFault:
                if outside is None:
                    raise
                return outside

        return answer

    def _source(self) -> str:
        """Text of ``make(body, state)``, which gives the function for the engine."""
        arguments = ["state"] if self._stateful else []
        prepare: list[str] = []
        if self._first is not None:
            prepare.append("view = caller.view")
            arguments.append("caller.memory" if self._first is MemoryInstance else "caller")
        names = [f"p{i}" for i in range(len(self.type.params))]
        rest = iter(names)
        for kind, type_ in self._kinds:
            name = next(rest)
            if kind is None:
                arguments.append(name)
                continue
            end = f"e{name}"
            length = f"{PLACES[type_].size}" if kind is Out else f"({next(rest)} & 0xffffffff)"
            prepare += [
                f"{name} &= 0xffffffff",
                f"{end} = {name} + {length}",
                f"if {end} > len(view) or not view: outside({name}, {end}, view)",
            ]
            if kind is Out:
                arguments.append(f"Place(view, {name}, layout_{type_})")
            else:
                arguments.append(_RANGES[kind].format(name, end))
        first = "view" if self._first is None else "caller"
        return "\n".join(
            [
                "def make(body, state):",
                f" def call({', '.join([first, *names])}):",
                *(f"  {line}" for line in prepare),
                f"  return body({', '.join(arguments)})",
                " return call",
            ]
        )

    def _outside(self, start: int, end: int, view: memoryview) -> None:
        detail = f"{self.name}: bytes {start:#x} to {end:#x} of a memory of {len(view):#x}"
        raise ArgumentFault(detail)

    def _text(self, part: memoryview) -> str:
        try:
            return str(part, "utf-8")
        except UnicodeDecodeError as error:
            raise ArgumentFault(f"{self.name}: {error}") from None


def _waiting(body: Callable[..., Any]) -> Callable[..., Any]:
    """A function that runs a coroutine function to its end while the guest waits."""

    def call(*args: Any) -> Any:
        from .coroutines import complete

        return complete(body(*args))

    return call
