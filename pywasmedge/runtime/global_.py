"""Global instances (section 4.2.9)."""

from __future__ import annotations

from struct import Struct

from ..base.closing import Closing
from ..base.errors import ArgumentError, ErrCode
from ..base.types import GlobalType, ValType
from ..kernel.native import address, ffi
from .externref import GLOBAL, add_holder, passing
from .values import FORMAT, decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .core import Core

_LAYOUT = {type_: Struct("<" + FORMAT[type_]) for type_ in ValType}


class GlobalInstance(Closing):
    """A global variable. Safe from several threads (a v128 is not written in one piece)."""

    __slots__ = ("__weakref__", "_own_kept", "_owner", "c", "externrefs", "type")

    def __init__(self, type_: GlobalType, value: Any) -> None:
        """Make a global with a value (see :attr:`value`).

        Raises:
            ArgumentError: the value does not fit the type (a ``TypeError``).
        """
        self.c = ffi.new("we_global *")
        self.type = type_
        self._owner: Core | None = None
        self._own_kept: dict[int, object] = {}
        if type_.type == ValType.EXTERNREF:
            self.externrefs: tuple[int, ...] = (GLOBAL, address(self.c))
            add_holder(self)
        _store(self, value)

    @classmethod
    def of_core(cls, owner: Core, c: Any, type_: GlobalType) -> GlobalInstance:
        """The global with storage ``c`` of an instance."""
        self = cls.__new__(cls)
        self.c = c
        self.type = type_
        self._owner = owner
        self._own_kept = {}
        return self

    @classmethod
    def adopt(cls, c: Any, type_: GlobalType, owned: object) -> GlobalInstance:
        """The global with storage ``c``, which ``owned`` frees."""
        self = cls.__new__(cls)
        self.c = c
        self.type = type_
        self._owner = None
        self._own_kept = {0: owned}
        return self

    @property
    def kept(self) -> dict[int, object]:
        """What lives as long as the global, because it may refer to it."""
        return self._owner.kept if self._owner else self._own_kept

    @property
    def value(self) -> Any:
        """The current value, as a call would return it.

        Raises (when set):
            ArgumentError: the global is constant or the value does not fit (a ``TypeError``).
        """
        return _load(self)

    @value.setter
    def value(self, value: Any) -> None:
        if not self.type.mutable:
            raise ArgumentError(ErrCode.FUNC_SIG_MISMATCH, ErrCode.IMMUTABLE_GLOBAL.message)
        _store(self, value)

    @property
    def bits(self) -> int:
        """The value's bits as an unsigned integer."""
        c = self.c
        return c.low | c.high << 64  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        kind = "mutable " if self.type.mutable else ""
        return f"<GlobalInstance {kind}{self.type.type} {self.value!r}>"


@passing
def _load(global_: GlobalInstance) -> Any:
    type_ = global_.type.type
    return decode(type_, _LAYOUT[type_].unpack_from(ffi.buffer(global_.c))[0])


@passing
def _store(global_: GlobalInstance, value: Any) -> None:
    type_ = global_.type.type
    try:
        raw = encode(type_, value, global_.kept)
    except TypeError as error:
        detail = f"value of a global: {error}"
        raise ArgumentError(ErrCode.FUNC_SIG_MISMATCH, detail) from None
    _LAYOUT[type_].pack_into(ffi.buffer(global_.c), 0, raw)
