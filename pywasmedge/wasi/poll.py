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

PART = 16384
"""Subscriptions that are looked at together. The number of all has no limit but the memory."""

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
    now, of_day = time.monotonic_ns(), time.time_ns()

    def part(start: int) -> _Part:
        if start > subs:
            waiting.check()
        made = _Part(env, now, of_day)
        for subscription in read(start, min(start + size * PART, end)):
            made.subscribe(*subscription)
        return made

    starts = range(subs, end, size * PART)
    kept = [part(subs)] if len(starts) == 1 else None  # of several, none is kept
    wait = _Wait(now)
    for one in kept or map(part, starts):
        wait.add(one)
    while True:
        states = wait.run()
        number = 0
        for one in kept or map(part, starts):
            for event in one.events(states):
                abi.EVENT.pack_into(memory, events + abi.EVENT.size * number, *event)
                number += 1
        if number:
            return number


class _Part:
    """Some of the subscriptions. Times are nanoseconds of the monotonic clock."""

    def __init__(self, env: Env, now: int, of_day: int) -> None:
        """None yet; ``now`` and the time ``of_day`` are those of the call's begin."""
        self._env = env
        self._now = now
        self._of_day = of_day
        self.failed: list[tuple[int, int, int]] = []  # userdata, tag, errno
        self.clocks: list[tuple[int, int]] = []  # deadline, userdata
        self.ready: list[tuple[int, int, Descriptor]] = []  # userdata, tag: never block
        self.waiting: list[tuple[int, int, Descriptor]] = []  # userdata, tag

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

    def _deadline(self, clock: int, timeout: int, flags: int) -> int:
        if clock not in (abi.REALTIME, abi.MONOTONIC) or flags & ~abi.ABSTIME:
            raise WasiError(errno.INVAL)
        if not flags & abi.ABSTIME:
            return self._now + timeout
        return timeout if clock == abi.MONOTONIC else self._now + timeout - self._of_day

    def _subscribe_fd(self, userdata: int, tag: int, fd: int) -> None:
        descriptor = self._env.require(fd, 0)
        right = abi.FD_READ if tag == abi.EVENT_FD_READ else abi.FD_WRITE
        if not descriptor.base & (abi.POLL_FD_READWRITE | right):
            raise WasiError(errno.NOTCAPABLE)
        if not descriptor.pollable:
            self.ready.append((userdata, tag, descriptor))
            return
        self.waiting.append((userdata, tag, descriptor))

    def events(self, states: dict[int, int]) -> list[tuple[int, int, int, int, int]]:
        """What has happened, as the fields of ``abi.EVENT``."""
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


class _Wait:
    """Waits for what all parts wait for."""

    def __init__(self, now: int) -> None:
        self._now = now
        self._deadline: int | None = None
        self._masks: dict[int, int] = {}  # poll events by host descriptor
        self._files: dict[int, Descriptor] = {}  # what keeps these open

    def add(self, part: _Part) -> None:
        """Wait for this, too."""
        deadlines = [deadline for deadline, _ in part.clocks]
        if part.failed or part.ready:
            deadlines.append(self._now)
        if self._deadline is not None:
            deadlines.append(self._deadline)
        self._deadline = min(deadlines, default=None)
        if not part.waiting:
            return
        import select

        for _, tag, descriptor in part.waiting:
            host = descriptor.host
            mask = select.POLLIN if tag == abi.EVENT_FD_READ else select.POLLOUT
            self._masks[host] = self._masks.get(host, 0) | mask
            self._files[host] = descriptor

    def run(self) -> dict[int, int]:
        """Wait; what the host says about its descriptors."""
        if self._masks:
            return self._poll(self._deadline)
        self._sleep(self._deadline)
        return {}

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
        for host, mask in self._masks.items():
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
