"""Runs a command: feeds it, collects what it writes, ends it in time."""

from __future__ import annotations

import errno
import os
import select
import signal
import subprocess
import time
from typing import IO, TYPE_CHECKING

from ..base import waiting
from ..base.errors import ErrCode, Trap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOT_STARTED = -1
TIMED_OUT = errno.ETIMEDOUT
NO_STATUS = errno.EINVAL

MOST_OUTPUT = 256 << 20
"""Bytes that are kept of each stream; what a command writes beyond is dropped."""
_PIECE = 1 << 20
_LONGEST = 2**31 - 1
"""Milliseconds the system can wait at once."""
_TICK = 0.01
"""Seconds between two looks at a child that the system does not tell about."""


def run(
    argv: Sequence[bytes], env: Mapping[bytes, bytes], stdin: bytes | bytearray, seconds: float
) -> tuple[int, bytes, bytes]:
    """Run a command to its end.

    It gets the host's directory, these variables only, and no descriptors but its three streams.

    Args:
        argv: its name (searched in the host's ``PATH`` unless there is a slash in it) and
            arguments.
        env: its environment.
        stdin: what it can read.
        seconds: after which it is killed. Processes that it has left behind are not waited for
            beyond that time.

    Returns:
        Its status and what it wrote to standard output and error. The status is its exit code
        (-128 to 127), 0 if a signal ended it, 110 if it was killed for taking too long, 22 if
        the host does not get to know it; -1 if it could not be started: the output says why.

    Raises:
        Trap: 0x07, the guest was stopped meanwhile.
    """
    try:
        program = _find(argv[0])
        child = subprocess.Popen(
            argv,
            executable=program,
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return not_started(argv[0], getattr(error, "strerror", None) or str(error))
    return _Run(child, stdin, time.monotonic() + seconds).finish()


def not_started(name: bytes, reason: str) -> tuple[int, bytes, bytes]:
    """What ``run`` returns for a command that cannot be started."""
    return NOT_STARTED, b"%s: %s\n" % (name, reason.encode()), b""


def _find(name: bytes) -> bytes:
    """The file that a name stands for.

    Raises:
        OSError: there is none that can be run.
    """
    if b"/" in name:
        return name
    code = errno.ENOENT
    for folder in os.get_exec_path() if name else []:
        path = os.path.join(os.fsencode(folder) or b".", name)
        if os.path.isfile(path):
            if os.access(path, os.X_OK):
                return path
            code = errno.EACCES
    raise OSError(code, os.strerror(code))


class _Run:
    """A child that runs."""

    def __init__(
        self, child: subprocess.Popen[bytes], stdin: bytes | bytearray, deadline: float
    ) -> None:
        self._child = child
        self._deadline = deadline
        self._input = memoryview(stdin)
        self._status: int | None = None
        self._poll = select.poll()
        self._streams: dict[int, IO[bytes]] = {}
        self._pieces: dict[int, list[bytes]] = {}
        self._kept: dict[int, int] = {}
        assert child.stdin and child.stdout and child.stderr
        self._stdin = child.stdin.fileno()
        self._outputs = [child.stdout.fileno(), child.stderr.fileno()]
        for stream in (child.stdin, child.stdout, child.stderr):
            fd = stream.fileno()
            os.set_blocking(fd, False)
            self._streams[fd] = stream
        for fd in self._outputs:
            self._pieces[fd] = []
            self._kept[fd] = 0
            self._poll.register(fd, select.POLLIN)

    def finish(self) -> tuple[int, bytes, bytes]:
        """Wait for the end."""
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
        watch = self._watch()
        try:
            self._pump(watch)
        except BaseException:
            self._kill()
            raise
        finally:
            if watch >= 0:
                os.close(watch)
            for fd in list(self._streams):
                self._close(fd)
            if signal.SIGPIPE not in blocked:
                signal.sigtimedwait([signal.SIGPIPE], 0)  # of writing to a child that has ended
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        assert self._status is not None
        out, err = (b"".join(self._pieces[fd]) for fd in self._outputs)
        return self._status, out, err

    def _watch(self) -> int:
        """A descriptor that becomes readable when the child ends, -1 if there is none."""
        try:
            return os.pidfd_open(self._child.pid)
        except (AttributeError, OSError):
            return -1

    def _pump(self, watch: int) -> None:
        if watch >= 0:
            self._poll.register(watch, select.POLLIN)
        stop = waiting.handle()
        if stop >= 0:
            self._poll.register(stop, select.POLLIN)
        if self._input:
            self._poll.register(self._stdin, select.POLLOUT)
        else:
            self._close(self._stdin)
        while self._status is None or any(fd in self._streams for fd in self._outputs):
            left = self._deadline - time.monotonic()
            if left <= 0:
                break
            if watch < 0 and self._status is None:
                left = min(left, _TICK)
                self._look()
            for fd, _ in self._poll.poll(min(left * 1000, _LONGEST)):
                if fd == stop:
                    raise Trap(ErrCode.INTERRUPTED)
                if fd == watch:
                    self._poll.unregister(watch)
                    self._look()
                elif fd == self._stdin:
                    self._feed()
                elif fd in self._streams:
                    self._read(fd)
        if self._status is None and not self._look():
            self._kill()
            self._status = TIMED_OUT
        for fd in self._outputs:  # what lies there already
            while fd in self._streams and self._read(fd):
                if self._kept[fd] >= MOST_OUTPUT:
                    break

    def _feed(self) -> None:
        try:
            self._input = self._input[os.write(self._stdin, self._input[:_PIECE]) :]
        except BlockingIOError:
            return
        except OSError:  # the child does not read it
            self._input = self._input[:0]
        if not self._input:
            self._close(self._stdin)

    def _read(self, fd: int) -> bool:
        """Read what is there; whether there was something."""
        try:
            piece = os.read(fd, _PIECE)
        except BlockingIOError:
            return False
        except OSError:
            piece = b""
        if not piece:
            self._close(fd)
            return False
        piece = piece[: MOST_OUTPUT - self._kept[fd]]
        if piece:
            self._pieces[fd].append(piece)
            self._kept[fd] += len(piece)
        return True

    def _close(self, fd: int) -> None:
        stream = self._streams.pop(fd, None)
        if stream is not None:
            try:  # noqa: SIM105
                self._poll.unregister(fd)
            except KeyError:
                pass  # nothing to write was there
            stream.close()

    def _look(self, options: int = os.WNOHANG) -> bool:
        """Take the child's status if it has ended; whether it has."""
        try:
            pid, status = os.waitpid(self._child.pid, options)
        except OSError:  # the host collects children, or has the system do it
            self._status = NO_STATUS
        else:
            if pid == 0:
                return False
            code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0
            self._status = code - 256 if code > 127 else code
        self._child.returncode = 0  # so that nobody else waits for it
        return True

    def _kill(self) -> None:
        if self._status is None:
            try:  # noqa: SIM105
                os.kill(self._child.pid, signal.SIGKILL)
            except OSError:
                pass
            self._look(0)
