"""Waiting for clocks and descriptors."""

from __future__ import annotations

import os
import time

from ..base import waiting
from . import abi, errno
from .errno import WasiError
from .function import U32, Memory, hot
from .socket import Socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    from .descriptor import Descriptor
    from .env import Env

    Subscriptions: TypeAlias = Iterator[tuple[int, int, int, int, int, int]]

MAX_SUBSCRIPTIONS = 65536
"""Most subscriptions of one call; more than a host can have descriptors (``NOMEM``)."""

_FIONREAD, _TIOCOUTQ = 0x541B, 0x5411
"""Host requests: how many bytes can be read, and how many wait to be sent (Linux)."""


@hot
def poll_oneoff(env: Env, memory: Memory, subs: U32, events: U32, count: U32) -> U32:
    """Wait until something subscribed to happens; the number of events, at least 1.

    What is wrong with one subscription is told in its event; such an event, or a file that is
    always ready, ends the wait at once.
    """

    def read(start: int, end: int) -> Subscriptions:
        return abi.SUBSCRIPTION.iter_unpack(memory[start:end])

    return wait_for_events(env, memory, subs, events, count, abi.SUBSCRIPTION.size, read)


def wait_for_events(
    env: Env,
    memory: Memory,
    subs: int,
    events: int,
    count: int,
    size: int,
    read: Callable[[int, int], Subscriptions],
) -> int:
    """``poll_oneoff`` for any layout of subscriptions.

    Args:
        size: bytes of a subscription.
        read: gives the fields of those in a range of the memory, as ``abi.SUBSCRIPTION`` has
            them.
    """
    if count == 0:
        raise WasiError(errno.INVAL)
    end = subs + size * count
    if end > len(memory) or events + abi.EVENT.size * count > len(memory):
        raise WasiError(errno.FAULT)
    if count > MAX_SUBSCRIPTIONS:
        raise WasiError(errno.NOMEM)
    poll = _Poll(env)
    for subscription in read(subs, end):
        poll.subscribe(*subscription)
    happened = poll.run()
    for i, event in enumerate(happened):
        abi.EVENT.pack_into(memory, events + abi.EVENT.size * i, *event)
    return len(happened)


class _Poll:
    """One call of poll_oneoff. Times are nanoseconds of the monotonic clock."""

    def __init__(self, env: Env) -> None:
        self.env = env
        self.now = time.monotonic_ns()
        self.failed: list[tuple[int, int, int]] = []  # userdata, tag, errno
        self.clocks: list[tuple[int, int]] = []  # deadline, userdata
        self.ready: list[tuple[int, int, Descriptor]] = []  # userdata, tag: never block
        self.waiting: list[tuple[int, int, Descriptor]] = []  # userdata, tag
        self.masks: dict[int, int] = {}  # poll events by host descriptor

    def subscribe(
        self, userdata: int, tag: int, id_: int, timeout: int, precision: int, flags: int
    ) -> None:
        try:
            if tag == abi.EVENT_CLOCK:
                self.clocks.append((self._deadline(id_, timeout, flags), userdata))
            elif tag in (abi.EVENT_FD_READ, abi.EVENT_FD_WRITE):
                self._subscribe_fd(userdata, tag, id_)
            else:
                raise WasiError(errno.INVAL)
        except WasiError as error:
            self.failed.append((userdata, tag, error.errno))

    def run(self) -> list[tuple[int, int, int, int, int]]:
        """Wait; the events as the fields of ``abi.EVENT``."""
        deadline = self.now if self.failed or self.ready else min(self.clocks, default=(None,))[0]
        states: dict[int, int] = {}
        while True:
            if self.masks:
                states = self._poll(deadline)
            else:
                self._sleep(deadline)
            events = self._events(states)
            if events:
                return events

    def _deadline(self, clock: int, timeout: int, flags: int) -> int:
        if clock not in (abi.REALTIME, abi.MONOTONIC) or flags & ~abi.ABSTIME:
            raise WasiError(errno.INVAL)
        if not flags & abi.ABSTIME:
            return self.now + timeout
        return timeout if clock == abi.MONOTONIC else self.now + timeout - time.time_ns()

    def _subscribe_fd(self, userdata: int, tag: int, fd: int) -> None:
        descriptor = self.env.require(fd, 0)
        right = abi.FD_READ if tag == abi.EVENT_FD_READ else abi.FD_WRITE
        if not descriptor.base & (abi.POLL_FD_READWRITE | right):
            raise WasiError(errno.NOTCAPABLE)
        if not descriptor.pollable:
            self.ready.append((userdata, tag, descriptor))
            return
        import select

        self.waiting.append((userdata, tag, descriptor))
        mask = select.POLLIN if tag == abi.EVENT_FD_READ else select.POLLOUT
        self.masks[descriptor.host] = self.masks.get(descriptor.host, 0) | mask

    def _sleep(self, deadline: int | None) -> None:
        """Wait for the clocks alone."""
        assert deadline is not None  # there are clocks, or something is ready already
        left = deadline - time.monotonic_ns()
        if left <= 0:
            return
        wake = waiting.handle()
        if wake < 0:
            time.sleep(min(left / 1e9, 1e6))
            return
        import select

        milliseconds, rest = divmod(min(left, 10**15), 1_000_000)
        poll = select.poll()
        poll.register(wake, select.POLLIN)
        if poll.poll(milliseconds):
            raise WasiError(errno.INTR)
        time.sleep(rest / 1e9)

    def _poll(self, deadline: int | None) -> dict[int, int]:
        """Wait for descriptors, at most until ``deadline``; what the host says about each."""
        import select

        poll = select.poll()
        for host, mask in self.masks.items():
            poll.register(host, mask)
        wake = waiting.handle()
        if wake >= 0:
            poll.register(wake, select.POLLIN)
        timeout = None  # in milliseconds, rounded up
        if deadline is not None:
            timeout = min(max(-((time.monotonic_ns() - deadline) // 1_000_000), 0), 2**31 - 1)
        states = dict(poll.poll(timeout))
        if wake in states:
            raise WasiError(errno.INTR)
        return states

    def _events(self, states: dict[int, int]) -> list[tuple[int, int, int, int, int]]:
        events = [(userdata, error, tag, 0, 0) for userdata, tag, error in self.failed]
        events += [
            (userdata, 0, tag, _available(descriptor, tag), 0)
            for userdata, tag, descriptor in self.ready
        ]
        for userdata, tag, descriptor in self.waiting:
            state = states.get(descriptor.host, 0)
            event = _event_of(state, tag, descriptor)
            if event is not None:
                error, available, flags = event
                events.append((userdata, error, tag, available, flags))
        now = time.monotonic_ns()
        events += [
            (userdata, 0, abi.EVENT_CLOCK, 0, 0)
            for deadline, userdata in self.clocks
            if deadline <= now
        ]
        return events


def _event_of(state: int, tag: int, descriptor: Descriptor) -> tuple[int, int, int] | None:
    """Errno, bytes and flags of the event that a host state makes, if it makes one."""
    import select

    hangup = abi.HANGUP if state & (select.POLLHUP | select.POLLERR) else 0
    mask = select.POLLIN if tag == abi.EVENT_FD_READ else select.POLLOUT
    if state & select.POLLNVAL:
        return errno.BADF, 0, 0
    if not state & mask and not hangup:
        return None
    return 0, _available(descriptor, tag), hangup


def _available(descriptor: Descriptor, tag: int) -> int:
    """Bytes that can be read or sent without waiting; 0 when the host cannot tell."""
    if descriptor.host < 0:
        return 0
    try:
        if tag == abi.EVENT_FD_WRITE:
            return _room(descriptor) if isinstance(descriptor, Socket) else 0
        if descriptor.type == abi.REGULAR_FILE:
            position = os.lseek(descriptor.host, 0, os.SEEK_CUR)
            return max(descriptor.stat().st_size - position, 0)
        return _ask(descriptor.host, _FIONREAD)
    except OSError:
        return 0


def _room(socket: Socket) -> int:
    """Free bytes in a socket's send buffer."""
    import _socket

    size = socket.sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_SNDBUF)
    return max(size - _ask(socket.host, _TIOCOUTQ), 0)


def _ask(host: int, request: int) -> int:
    import fcntl

    return int.from_bytes(fcntl.ioctl(host, request, bytes(4)), "little")
