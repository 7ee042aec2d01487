"""Function instances (section 4.2.6)."""

from __future__ import annotations

from weakref import WeakValueDictionary

from ..base.closing import Closing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..base.types import FunctionType
    from ..kernel.objects import Owned
    from .core import Core


class FunctionInstance(Closing):
    """A function of an instance or a host function; call it like a Python function.

    Arguments are checked against :attr:`type`; results come back as Python values: integers
    signed, several results as a tuple, none as ``None``, a v128 as 16 bytes, a funcref as a
    ``FunctionInstance`` or ``None``, an externref as the object it stands for. ``timeout=``
    (seconds, ``None`` for no limit) stops the guest. It keeps its instance alive. May be called
    from several threads at once.

    Raises (when called):
        ArgumentError: number or type of the arguments is wrong (a ``TypeError``).
        TypeError, ValueError: ``timeout`` is no time; nothing has been called.
        Trap: the guest trapped, with 0x07 after ``timeout``.
        LoadError, ValidationError: a function that was called first now is not valid, see
            ``Configure.validation``.
        BaseException: whatever a Python host function raised, as itself.

    Attributes:
        type: its parameters and results.
    """

    # A slot called __call__ lets the interpreter call the prepared closure without a detour
    # through a Python-level method.
    __slots__ = ("__call__", "__weakref__", "_handle", "_name", "_owned", "_owner", "c", "type")

    if TYPE_CHECKING:

        def __call__(self, *args: Any, timeout: float | None = None) -> Any:
            """Call the function."""

    def __init__(
        self,
        c: Any,
        type_: FunctionType,
        call: Callable[..., Any],
        name: str | None,
        owner: Core | None = None,
        owned: Owned | None = None,
        handle: object = None,
    ) -> None:
        """Not for users: functions come from instances and from :meth:`from_callable`.

        Args:
            c: the ``we_func``.
            type_: its type.
            call: closure that calls it.
            name: its name, ``None`` to look it up when asked.
            owner: the instance it belongs to, ``None`` for a host function.
            owned: what frees ``c``, for a host function.
            handle: what ``c`` refers to, for a host function.
        """
        self.c = c
        self.type = type_
        self.__call__ = call  # type: ignore[method-assign]
        self._name = name
        self._owner = owner
        self._owned = owned
        self._handle = handle

    @staticmethod
    def from_callable(
        function: Callable[..., Any],
        type: FunctionType | None = None,
        *,
        name: str | None = None,
        caller: bool | None = None,
    ) -> FunctionInstance:
        """Make a host function from a Python callable.

        Args:
            function: called with one Python value per parameter; returns nothing, one value or
                a tuple as the results ask. What it raises ends the guest's execution and comes
                out of the call that started it.
            type: the function type; ``None`` derives it from the annotations: ``int`` is i32,
                ``float`` f64, ``bytes`` v128, ``object`` externref, or one of ``i32 i64 f32 f64
                v128 funcref externref`` of this package.
            name: what messages call it; default is the callable's own name.
            caller: whether the first argument is a :class:`Caller`; by default if the first
                parameter is annotated with ``Caller``, or with ``MemoryInstance`` to receive
                the caller's memory (``None`` if it has none).

        Raises:
            TypeError: the type cannot be derived from the annotations.
        """
        return host_function(function, type, name=name, caller=caller)

    @property
    def name(self) -> str:
        """Its export name, its name in the name section, or ``""``."""
        if self._name is None:
            self._name = self._owner.function_name(self.c.index) if self._owner else ""
        return self._name

    @property
    def __name__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<function {self.name}{self.type}>"


def host_function(
    function: Callable[..., Any], type: FunctionType | None, **options: Any
) -> FunctionInstance:
    """What :func:`host.functions.host_function` makes; nothing else here knows the host's side."""
    from ..host.functions import host_function

    return host_function(function, type, **options)


live: WeakValueDictionary[int, FunctionInstance] = WeakValueDictionary()
"""The function instances that exist as Python objects, by the address of their ``we_func``."""
