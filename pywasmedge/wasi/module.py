"""The host module ``wasi_snapshot_preview1``."""

from __future__ import annotations

import os

from ..base import log
from ..base.arguments import count, items
from ..base.types import ExternKind, FunctionType
from ..host.functions import later_function
from ..runtime.instance import ModuleInstance
from .env import Env, directories
from .groups import find, find_all, find_all_preview0, find_preview0, find_typed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from socket import socket
    from typing import Any

    from _typeshed import StrOrBytesPath as Text

    from ..base.types import ExternType
    from ..runtime.core import Extern
    from ..runtime.function import FunctionInstance
    from .function import Function

NAME = "wasi_snapshot_preview1"
NAME_OF_PREVIEW0 = "wasi_unstable"

VARIABLE = "PYWASMEDGE_NETWORK"
"""Environment variable in which hosts that use the C API allow patterns, joined by commas."""


class WASI(ModuleInstance):
    """WASI preview1 for the modules it is linked to, which share its descriptors.

    Functions are made when they are first asked for.

    Attributes:
        env: the state: arguments, descriptors, exit code.
    """

    __slots__ = ("_preview0", "env")

    def __init__(
        self,
        args: Iterable[Text] = ("",),
        env: Mapping[str, Text] | Mapping[bytes, Text] | Iterable[Text] = (),
        preopens: Mapping[str, Text] | Mapping[bytes, Text] | Iterable[Text] = (),
        *,
        stdin: object = 0,
        stdout: object = 1,
        stderr: object = 2,
        network: bool | str | Iterable[str] = False,
        clock: Callable[[int], int] | None = None,
        random: Callable[[int], bytes] | None = None,
        max_files: int | None = None,
    ) -> None:
        """Make the module, ready for a program.

        Args:
            args: the program's name, then its arguments.
            env: its whole environment: a mapping, or ``NAME=VALUE`` strings.
            preopens: directories it may use: host paths by guest name, or strings
                ``GUEST:HOST``, ``GUEST:HOST:readonly`` or ``PATH``. They become the descriptors
                from 3 on.
                All of these are texts, ``bytes`` or paths; text stands for bytes as in ``os``.
            stdin, stdout, stderr: a host descriptor (the default is the host's own stream,
                none if that is closed), a file object, for input ``bytes``, for output a
                callable that gets ``bytes``; ``None`` for no such stream.
            network: what it may use of the network: nothing, everything (``True``), or patterns
                like ``"tcp:127.0.0.1:8080"``, ``"udp:*:53"``, ``"tcp:[::1]:*"``, ``"dns"``.
            clock: gives the time in nanoseconds for a clock id (0 the time of day, 1 monotonic,
                2 and 3 processor time) in place of the host's clocks; waits are not affected.
            random: gives so many random bytes in place of the host's.
            max_files: most descriptors it may have open, 0 upwards; by default as many as the
                process may, some left to the host.

        Raises:
            OSError: a directory cannot be opened, or a host descriptor is not open.
            ValueError: a string contains a NUL character, or is no pattern or no name of a
                variable; ``max_files`` is negative.
            TypeError: an argument is of another type, such as one text where a list belongs.
        """
        self.env = Env()
        self.env.clock = clock
        self.env.random = random
        if max_files is not None:
            self.env.max_files = count(max_files, "max_files")
        self._setup(NAME, None, _Functions(self.env, find, find_all))
        self._preview0: Preview0 | None = None
        self._set_strings(args, env)
        self.env.set_network(network)
        for fd, stream in enumerate((stdin, stdout, stderr)):
            if stream is fd:
                self._inherit(fd)
            elif stream is not None:
                self.env.set_stream(fd, stream)
        for guest, host, readonly in directories(preopens):
            self.env.preopen(guest, host, readonly=readonly)

    @classmethod
    def uninitialised(cls) -> WASI:
        """A module without arguments, environment and descriptors, to be completed by ``init``.

        What it may use of the network is in the environment variable ``PYWASMEDGE_NETWORK``.
        """
        made = cls((), stdin=None, stdout=None, stderr=None)
        try:
            made.env.set_network(os.environ.get(VARIABLE, ""))
        except ValueError as error:
            log.error(f"{VARIABLE}: {error}")
        return made

    def init(
        self,
        args: Iterable[Text] = (),
        env: Mapping[str, Text] | Mapping[bytes, Text] | Iterable[Text] = (),
        preopens: Mapping[str, Text] | Mapping[bytes, Text] | Iterable[Text] = (),
    ) -> None:
        """Make the module ready for a program, or for the next one.

        Replaces arguments (none at all stands for one empty name), environment, exit code and
        preopened directories. Other descriptors that are open stay; the host's streams and
        ``preopens`` take numbers that are free. A directory that cannot be opened is logged and
        left out.

        Raises:
            ValueError, TypeError: as for a new module.
        """
        found = directories(preopens)
        self._set_strings(list(items(args, "args")) or [""], env)
        self.env.exit_code = 0
        for fd in range(3):
            if fd not in self.env.table:
                self._inherit(fd)
        self.env.remove_preopens()
        for guest, host, readonly in found:
            try:
                self.env.preopen(guest, host, readonly=readonly)
            except OSError as error:
                log.error(f"directory {os.fsdecode(host)!r}: {error.strerror}")

    def open_for_host(self, path: str | bytes, *, write: bool = False) -> int:
        """Open a regular file for the host, by the rights and directories of the guest.

        Args:
            path: as the guest says it: it begins with the name of a preopened directory.
            write: create or empty it, for writing; otherwise it is opened for reading.

        Returns:
            A host descriptor, to be closed by the caller.

        Raises:
            OSError: ``FileNotFoundError`` where no directory fits, ``PermissionError`` for what
                the guest may not do, or what the host says.
        """
        from .outside import open_path

        return open_path(self.env, path, write=write)

    def connect_for_host(self, host: str, port: int, timeout: float | None = None) -> socket:
        """A TCP connection for the host, where the network rules allow the guest to connect.

        Args:
            host: a name (needs ``dns``) or an address.
            port: 1 to 65535.
            timeout: seconds to wait at most, for connecting and for each operation later.

        Raises:
            OSError: ``PermissionError`` if the rules forbid it, else what connecting raises.
        """
        from .outside import connect

        return connect(self.env, host, port, timeout)

    @property
    def exit_code(self) -> int:
        """What the program gave to ``proc_exit``, 0 to 2^32-1; 0 before."""
        return self.env.exit_code

    def close(self) -> None:
        """Close all descriptors, leave all stores; what the host opened itself stays open."""
        self.env.close()
        if self._preview0 is not None:
            self._preview0.close()
        super().close()

    def companion(self, name: str) -> ModuleInstance | None:
        """``wasi_unstable`` for programs of before preview1: the same environment."""
        if name != NAME_OF_PREVIEW0:
            return None
        if self._preview0 is None:
            self._preview0 = Preview0(self.env)
        return self._preview0

    def find_import(self, name: str, kind: ExternKind, wanted: ExternType) -> Extern | None:
        """As for any module; a function that has several signatures takes the wanted one."""
        if kind == ExternKind.FUNCTION and isinstance(wanted, FunctionType):
            function = find_typed(name, wanted)
            if function is not None:
                return _make(function, self.env)
        return super().find_import(name, kind, wanted)

    def __repr__(self) -> str:
        return f"<WASI {[os.fsdecode(arg) for arg in self.env.args]}>"

    def _inherit(self, fd: int) -> None:
        """Give the guest a standard stream of the host, if it is open."""
        try:  # noqa: SIM105  (contextlib is not worth its import)
            self.env.set_stream(fd, fd)
        except OSError:
            pass

    def _set_strings(self, args: Iterable[Text], env: Mapping[Any, Text] | Iterable[Text]) -> None:
        self.env.set_args(args)
        self.env.set_environ(env)


class Preview0(ModuleInstance):
    """The functions as they were in ``wasi_unstable``."""

    __slots__ = ()

    def __init__(self, env: Env) -> None:
        self._setup(NAME_OF_PREVIEW0, None, _Functions(env, find_preview0, find_all_preview0))


class _Functions(dict[str, "Callable[[], FunctionInstance]"]):
    """What makes each function of an environment; has all of them, imports files as needed."""

    __slots__ = ("_all", "_env", "_find")

    def __init__(
        self,
        env: Env,
        find: Callable[[str], Function | None],
        find_all: Callable[[], dict[str, Function]],
    ) -> None:
        self._env = env
        self._find = find
        self._all = find_all

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __missing__(self, name: str) -> Callable[[], FunctionInstance]:
        function = self._find(name)
        if function is None:
            raise KeyError(name)

        return lambda: _make(function, self._env)


def _make(function: Function, env: Env) -> FunctionInstance:
    return later_function(
        lambda: function.bind(env),
        function.type,
        name=function.name,
        caller=memoryview,
        params=function.frame,
        new=env.hot(function.name) if function.hot else None,
    )
