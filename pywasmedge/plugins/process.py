"""The module ``wasmedge_process``: guests run commands of the host."""

from __future__ import annotations

import errno
import os

from ..host.modules import HostModule
from ..runtime.core import Caller

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..host.annotations import i32
    from ..host.slices import Bytes

_SECONDS = 10.0
"""How long a command may run unless the guest says otherwise."""
_DENIED = (  # guests compare it
    'Permission denied: Command "{0}" is not in the white list. Please use --allow-command={0}'
    ' or --allow-command-all to add "{0}" command into the white list.\n'
)

MOST_NAME = 4096
"""Bytes of the longest name there may be: a path of the host."""
MOST_INPUT = 256 << 20
"""Bytes that can be given to a command to read."""
_POINTER = 8
"""What the system counts for an argument or a variable besides its text and the NUL."""


class Process:
    """The request that a guest makes up, and what the last command has answered.

    What is kept of a request has limits: those of the system, which would refuse more, and
    ``MOST_INPUT``. A request that is beyond them fails when it is to be run. While no command is
    allowed nothing is kept but the name.

    Attributes:
        code: status of the last command.
        out, err: what it has written.
    """

    def __init__(self, allowed: frozenset[str], everything: bool) -> None:
        """Nothing requested yet.

        Args:
            allowed: the names that may be run, exactly as guests have to give them. They are run
                without variables that load code of others.
            everything: whether all may.
        """
        self._allowed = frozenset(os.fsencode(name) for name in allowed)
        self._everything = everything
        self._keeps = everything or bool(allowed)
        self.code = 0
        self.out = b""
        self.err = b""
        self._clear()

    def _clear(self) -> None:
        """Back to an empty request."""
        self._name = bytearray()
        self._args: list[bytes] = []
        self._env: dict[bytes, bytes] = {}
        self._input = bytearray()
        self._left = os.sysconf("SC_ARG_MAX")  # for arguments and variables
        self._error = 0
        self.seconds = _SECONDS

    def add_name(self, piece: bytes) -> None:
        """Add to the name of the command; longer ones than there are stay too long."""
        self._name += piece[: MOST_NAME + 1 - len(self._name)]

    def add_arg(self, arg: bytes) -> None:
        """Add an argument."""
        if self._fits(len(arg) + 1):
            self._args.append(arg)

    def add_env(self, name: bytes, value: bytes) -> None:
        """Add a variable to the environment, unless it is there or may load code of others."""
        from .variables import runs_code

        if name in self._env or (not self._everything and runs_code(name, value)):
            return
        if self._fits(len(name) + len(value) + 2):
            self._env[name] = value

    def add_input(self, data: bytes) -> None:
        """Add to what the command reads."""
        if not self._keeps or self._error:
            return
        if len(self._input) + len(data) > MOST_INPUT:
            self._fail(errno.EFBIG)
        else:
            self._input += data

    def run(self) -> int:
        """Run the requested command if it is allowed; its status."""
        name, args, env, data = bytes(self._name), self._args, self._env, self._input
        seconds, error = self.seconds, self._error
        self._clear()
        self.code, self.out, self.err = -1, b"", b""
        if not self._everything and name not in self._allowed:
            self.err = _DENIED.format(os.fsdecode(name)).encode("utf-8", "surrogateescape")
            return self.code
        from .child import not_started, run

        if error:
            self.code, self.out, self.err = not_started(name, os.strerror(error))
        else:
            self.code, self.out, self.err = run([name, *args], env, data, seconds)
        return self.code

    def _fits(self, size: int) -> bool:
        """Count what the system will count for a text; whether it is to be kept."""
        if not self._keeps or self._error:
            return False
        self._left -= size + _POINTER
        if self._left < 0:
            self._fail(errno.E2BIG)
        return self._left >= 0

    def _fail(self, error: int) -> None:
        self._args, self._env, self._input = [], {}, bytearray()
        self._error = error


host = HostModule("wasmedge_process", state=lambda: Process(frozenset(), False))


@host.function
def wasmedge_process_set_prog_name(process: Process, name: Bytes) -> None:
    """Add to the name of the command."""
    process.add_name(name)


@host.function
def wasmedge_process_add_arg(process: Process, arg: Bytes) -> None:
    """Add an argument."""
    process.add_arg(arg)


@host.function
def wasmedge_process_add_env(process: Process, name: Bytes, value: Bytes) -> None:
    """Add a variable to the environment, unless it is there or may load code of others."""
    process.add_env(name, value)


@host.function
def wasmedge_process_add_stdin(process: Process, data: Bytes) -> None:
    """Add to what the command reads."""
    process.add_input(data)


@host.function
def wasmedge_process_set_timeout(process: Process, milliseconds: i32) -> None:
    """Set how long the command may run."""
    process.seconds = (milliseconds & 0xFFFFFFFF) / 1000


@host.function
def wasmedge_process_run(process: Process) -> i32:
    """Run the command; its status as :func:`child.run` gives it, -1 if it is not allowed."""
    return process.run()


@host.function
def wasmedge_process_get_exit_code(process: Process) -> i32:
    """Status of the last command, 0 before any."""
    return process.code


@host.function
def wasmedge_process_get_stdout_len(process: Process) -> i32:
    """How many bytes the last command has written to its standard output."""
    return len(process.out)


@host.function
def wasmedge_process_get_stdout(process: Process, caller: Caller, address: i32) -> None:
    """Store these bytes."""
    caller.write(address, process.out)


@host.function
def wasmedge_process_get_stderr_len(process: Process) -> i32:
    """How many bytes the last command has written to its standard error."""
    return len(process.err)


@host.function
def wasmedge_process_get_stderr(process: Process, caller: Caller, address: i32) -> None:
    """Store these bytes."""
    caller.write(address, process.err)
