"""Limits, cancelling and Ctrl-C end every kind of wait."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from waits import GUESTS, Setting

from pywasmedge import ErrCode, Tier, Trap
from pywasmedge.code.compiled import CompiledModule

if TYPE_CHECKING:
    from collections.abc import Iterator

SOON = 5.0
"""Seconds that a loaded machine may take for what takes a tenth of one; the waits take longer."""


@pytest.fixture
def setting(request: pytest.FixtureRequest) -> Iterator[Setting]:
    made = Setting(*request.param)
    yield made
    made.close()


EVERY = [(name, tier) for name in GUESTS for tier in (Tier.QUICK, Tier.OPTIMISED)]


@pytest.mark.parametrize("setting", EVERY, indirect=True, ids=str)
def test_a_time_limit(setting: Setting) -> None:
    for _ in range(2):  # what the first one has ended is as it was
        begin = time.monotonic()
        with pytest.raises(Trap) as caught:
            setting.vm.execute("wait", timeout=0.05)
        assert caught.value.code == ErrCode.INTERRUPTED
        assert 0.05 <= time.monotonic() - begin < SOON


@pytest.mark.parametrize("setting", EVERY, indirect=True, ids=str)
def test_cancelling(setting: Setting) -> None:
    run = setting.vm.execute_async("wait")
    assert not run.wait(0.1)
    run.cancel()
    assert run.wait(SOON)
    with pytest.raises(Trap) as caught:
        run.result()
    assert caught.value.code == ErrCode.INTERRUPTED


class Stop(BaseException):
    """What a signal's handler may raise."""


def test_what_is_raised_while_better_code_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python runs the handlers of signals wherever it is, in a callback of the kernel as well."""

    def ask(*_: object) -> int:
        raise Stop

    setting = Setting("computing")
    with monkeypatch.context() as patch:
        patch.setattr(CompiledModule, "ask", ask)
        with pytest.raises(Stop):
            setting.vm.execute("wait", timeout=30)
    with pytest.raises(Trap):
        setting.vm.execute("wait", timeout=0.05)
    setting.close()


CTRL_C = """
import os, signal, sys, threading, time
sys.path[:0] = {path}
from waits import Setting
signal.signal(signal.SIGINT, signal.default_int_handler)
setting = Setting({name!r})
for limit in (None, 30):
    begin = time.monotonic()
    try:
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        setting.vm.execute("wait", timeout=limit)
    except BaseException as error:
        print(type(error).__name__, time.monotonic() - begin < {soon}, flush=True)
    else:
        print("returned", flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("name", GUESTS)
def test_ctrl_c(name: str) -> None:
    script = CTRL_C.format(path=sys.path, name=name, soon=SOON)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == (2 * "KeyboardInterrupt True\n", "")


ANY_MOMENT = """
import gc, os, random, signal, sys, threading, time
sys.path[:0] = {path}
from waits import GUESTS
gc.disable()
from pywasmedge import VM, Configure, Proposal
from pywasmedge.kernel.native import lib
signal.signal(signal.SIGINT, signal.default_int_handler)
configure = Configure(cache="off")
configure.add_proposal(Proposal.THREADS)
chance, thread, go = random.Random(1), lib.we_thread_ref(), threading.Event()
def kill():
    while go.wait():
        go.clear()
        time.sleep(chance.random() * 0.004)
        os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=kill, daemon=True).start()
kept = []  # Python drops what a handler raises in a finaliser
for number in range(300):
    rescue = threading.Timer(20, lib.we_interrupt, (thread,))
    rescue.start()
    try:
        go.set()
        vm = VM(configure)
        kept.append(vm)
        vm.start(GUESTS["computing"])
        vm.execute("wait")
    except KeyboardInterrupt:
        rescue.cancel()
    except BaseException as error:
        print(number, repr(error), flush=True)
print("done", flush=True)
os._exit(0)
"""


def test_ctrl_c_at_any_moment() -> None:
    """While a module is loaded, compiled, entered, and while better code is asked for."""
    done = subprocess.run(
        [sys.executable, "-c", ANY_MOMENT.format(path=sys.path)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("done\n", "")
