"""The module ``wasmedge_process``: guests run commands of the host."""

from __future__ import annotations

import os

from ..host.modules import HostModule
from ..runtime.core import Caller

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..host.annotations import i32
    from ..host.slices import Bytes

_SECONDS = 10.0
"""How long a command may run unless the guest says otherwise."""
_DENIED = (
    'Permission denied: Command "{0}" is not in the white list.'
    " Allow it with --allow-command={0}, or every command with --allow-command-all.\n"
)


class Process:
    """The request that a guest makes up, and what the last command has answered.

    Attributes:
        code: status of the last command.
        out, err: what it has written.
    """

    def __init__(self, allowed: frozenset[str], everything: bool) -> None:
        """Nothing requested yet.

        Args:
            allowed: the names that may be run, exactly as guests have to give them.
            everything: whether all may.
        """
        self._allowed = frozenset(os.fsencode(name) for name in allowed)
        self._everything = everything
        self.code = 0
        self.out = b""
        self.err = b""
        self.clear()

    def clear(self) -> None:
        """Back to an empty request."""
        self.name = bytearray()
        self.args: list[bytes] = []
        self.env: dict[bytes, bytes] = {}
        self.stdin = bytearray()
        self.seconds = _SECONDS

    def run(self) -> int:
        """Run the requested command if it is allowed; its status."""
        name = bytes(self.name)
        args, env, stdin, seconds = self.args, self.env, bytes(self.stdin), self.seconds
        self.clear()
        self.code, self.out, self.err = -1, b"", b""
        if self._everything or name in self._allowed:
            from .child import run

            self.code, self.out, self.err = run([name, *args], env, stdin, seconds)
        else:
            self.err = _DENIED.format(os.fsdecode(name)).encode("utf-8", "surrogateescape")
        return self.code


host = HostModule("wasmedge_process", state=lambda: Process(frozenset(), False))


@host.function
def wasmedge_process_set_prog_name(process: Process, name: Bytes) -> None:
    """Add to the name of the command."""
    process.name += name


@host.function
def wasmedge_process_add_arg(process: Process, arg: Bytes) -> None:
    """Add an argument."""
    process.args.append(arg)


@host.function
def wasmedge_process_add_env(process: Process, name: Bytes, value: Bytes) -> None:
    """Add a variable to the environment, unless it is there."""
    process.env.setdefault(name, value)


@host.function
def wasmedge_process_add_stdin(process: Process, data: Bytes) -> None:
    """Add to what the command reads."""
    process.stdin += data


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
