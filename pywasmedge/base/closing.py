"""What every context has in common: ``close()``, and use as a context manager."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import TypeVar

    Self = TypeVar("Self", bound="Closing")


class Closing:
    """Base of contexts; ``with context: ...`` closes it at the end."""

    __slots__ = ()

    def close(self) -> None:
        """Release what the context holds; nothing by default. May be called again."""

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
