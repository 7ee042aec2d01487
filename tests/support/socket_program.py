"""Guests that use sockets, each in a thread of its own, for peers on the host to talk to."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from pywasmedge import VM, WASI, Exit, Loader, Module, Validator

LOOPBACK = "tcp:127.0.0.1:*,udp:127.0.0.1:*"


@cache
def module(program: Path) -> Module:
    """A guest's module, whose code is generated once for all tests."""
    found = Loader().parse_file(program)
    Validator().validate(found)
    return found


class Program(threading.Thread):
    """A guest that runs in a thread of its own.

    Attributes:
        out: what it has printed.
        code: its exit code, once it has ended.
    """

    def __init__(
        self,
        program: Path,
        *args: str,
        network: bool | str = LOOPBACK,
        preopens: Mapping[str, Path] = {},
    ) -> None:
        super().__init__()
        self.out = bytearray()
        self.code = -1
        self._program = program
        self._told = threading.Condition()
        self._wasi = WASI(
            [program.stem, *args],
            preopens=preopens,
            stdin=None,
            stdout=self._print,
            stderr=self._print,
            network=network,
        )

    def _print(self, data: bytes) -> None:
        with self._told:
            self.out += data
            self._told.notify()

    def run(self) -> None:
        with VM() as vm, self._wasi:
            vm.register_module(self._wasi)
            with suppress(Exit):
                vm.run_wasm_from_module(module(self._program), timeout=60)
        with self._told:
            self.code = self._wasi.exit_code
            self._told.notify()

    def port(self, name: str = "port") -> int:
        """The port it listens on: a number behind ``name`` in a line of its own."""
        pattern = re.compile(rb"^%s (\d+)\n" % name.encode(), re.MULTILINE)
        with self._told:
            self._told.wait_for(lambda: pattern.search(self.out) or self.code >= 0, 60)
        found = pattern.search(self.out)
        assert found is not None, self.out
        return int(found[1])


@contextmanager
def running(
    program: Path,
    *args: str,
    network: bool | str = LOOPBACK,
    preopens: Mapping[str, Path] = {},
) -> Iterator[Program]:
    """Run a program until it ends, which it has to within a minute."""
    thread = Program(program, *args, network=network, preopens=preopens)
    thread.start()
    try:
        yield thread
    finally:
        thread.join()


def run(
    program: Path,
    *args: str,
    network: bool | str = LOOPBACK,
    preopens: Mapping[str, Path] = {},
) -> tuple[int, str]:
    """Run a program to its end; its exit code and what it printed."""
    with running(program, *args, network=network, preopens=preopens) as thread:
        pass
    return thread.code, thread.out.decode()
