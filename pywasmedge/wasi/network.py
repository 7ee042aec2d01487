"""Which addresses a guest may use. Nothing, unless its host allows it."""

from __future__ import annotations

import _socket

from ..base.arguments import items

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PROTOCOLS = ("tcp", "udp")

_MAPPED = bytes(10) + b"\xff\xff"
"""How an IPv6 address begins that stands for the IPv4 address behind it."""


class _Rule:
    """Addresses and ports of one protocol.

    Attributes:
        protocol: ``"tcp"`` or ``"udp"``.
    """

    __slots__ = ("_first", "_last", "_mask", "_prefix", "_size", "protocol")

    def __init__(self, pattern: str) -> None:
        """Read ``PROTOCOL[:ADDRESS:PORT]``; raises ``ValueError``."""
        self.protocol, colon, rest = pattern.partition(":")
        address, colon, ports = rest.rpartition(":") if colon else ("*", ":", "*")
        if self.protocol not in PROTOCOLS or not colon:
            raise ValueError("expected tcp or udp, an address and a port, or dns")
        self._first, self._last = _port_range(ports)
        if address == "*":
            self._size, self._mask, self._prefix = 0, 0, 0
            return
        bracketed = address.startswith("[") and address.endswith("]")
        text, slash, bits = (address[1:-1] if bracketed else address).partition("/")
        family = _socket.AF_INET6 if bracketed else _socket.AF_INET
        try:
            raw = _socket.inet_pton(family, text)
        except OSError:
            raise ValueError(f"no address: {text!r}") from None
        self._size = len(raw)
        length = _number(bits, 8 * len(raw)) if slash else 8 * len(raw)
        ones = (1 << 8 * len(raw)) - 1
        self._mask = ones & ~(ones >> length)
        self._prefix = int.from_bytes(raw, "big") & self._mask

    def allows(self, address: bytes, port: int) -> bool:
        """Whether an address in network order with a port is one of those meant."""
        if not self._first <= port <= self._last:
            return False
        if not self._size:
            return True
        same_family = len(address) == self._size
        return same_family and int.from_bytes(address, "big") & self._mask == self._prefix


class Network:
    """What of the network a guest may use.

    Attributes:
        names: whether it may look names up.
    """

    __slots__ = ("_rules", "names")

    def __init__(self, allowed: bool | str | Iterable[str] = False) -> None:
        """Allow everything (``True``), nothing, or what patterns say.

        Args:
            allowed: a pattern, several joined by commas, or several strings of them. A pattern is
                ``*``, ``dns`` (looking names up), ``tcp``, ``udp``, or ``PROTOCOL:ADDRESS:PORT``
                with an IPv4 address or an IPv6 address in brackets (``10.0.0.0/8`` and
                ``[fc00::/7]`` are ranges) or ``*``; and a port, a range ``FIRST-LAST``, or ``*``.

        Raises:
            TypeError: it is none of these.
            ValueError: something is no pattern; the text says which and why.
        """
        if isinstance(allowed, bool):
            allowed = "*" if allowed else ""
        if isinstance(allowed, str):
            allowed = (allowed,)
        allowed = list(items(allowed, "network", "bool, a pattern or a list of patterns"))
        for pattern in allowed:
            if not isinstance(pattern, str):
                kind = type(pattern).__name__
                raise TypeError(f"network: patterns as str are needed, not {kind}")
        self.names = False
        rules: list[_Rule] = []
        for pattern in ",".join(allowed).replace(" ", "").split(","):
            if pattern == "*":
                self.names = True
                rules += map(_Rule, PROTOCOLS)
            elif pattern == "dns":
                self.names = True
            elif pattern:
                try:
                    rules.append(_Rule(pattern))
                except ValueError as error:
                    raise ValueError(f"network pattern {pattern!r}: {error}") from None
        self._rules = tuple(rules)

    def allows_any(self, protocol: str) -> bool:
        """Whether there is any address a guest may use with this protocol."""
        return any(rule.protocol == protocol for rule in self._rules)

    def allows(self, protocol: str, address: bytes, port: int) -> bool:
        """Whether a guest may bind to an address, or connect or send to it.

        Args:
            protocol: ``"tcp"`` or ``"udp"``.
            address: 4 or 16 bytes in network order. An IPv6 address that stands for an IPv4 one
                is taken for that.
            port: the port, 0 when the host is to choose one.
        """
        address = address.removeprefix(_MAPPED) if len(address) == 16 else address
        return any(rule.protocol == protocol and rule.allows(address, port) for rule in self._rules)

    def __bool__(self) -> bool:
        return self.names or bool(self._rules)


def _port_range(text: str) -> tuple[int, int]:
    if text == "*":
        return 0, 65535
    first, dash, last = text.partition("-")
    return _number(first, 65535), _number(last if dash else first, 65535)


def _number(text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= most):
        raise ValueError(f"not a number from 0 to {most}: {text!r}")
    return int(text)
