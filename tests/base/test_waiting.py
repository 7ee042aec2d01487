"""Ending waits of a thread from another one."""

from __future__ import annotations

from select import POLLIN, poll

import pytest

from pywasmedge.base import waiting


def test_a_wait_that_begins_after_it_was_ended_does_not_begin() -> None:
    thread = waiting.begin()
    waiting.wake(thread)
    handle = waiting.handle()
    ready = poll()
    ready.register(handle, POLLIN)
    assert ready.poll(0) == [(handle, POLLIN)]
    with pytest.raises(waiting.StoppedError):
        waiting.check()
    waiting.end(thread)
    assert waiting.handle() == -1
