"""Guest paths to host directory handles: the sandbox.

Where the host can resolve a path beneath a directory by itself (Linux: ``openat2``), it is asked
first. When it cannot, or finds anything that is not in order, the path is walked, and the walk
has the say about errors. It goes one component at a time, each step opened relative to the handle
of the step before it and without following symbolic links; links are read and walked in the same
way. The host never resolves more than one component then, and ``..`` goes back to a handle that
is already open, so that renaming directories or swapping them for links during a walk leads
nowhere but to an error.
"""

from __future__ import annotations

import os
from errno import EINVAL, ELOOP, ENOENT, ENOTDIR

from ..base.closing import Closing
from . import errno
from .abi import MAX_PATH
from .errno import WasiError
from .opening import O_PATH, open_beneath

MAX_LINKS = 40
"""Most symbolic links in the resolution of one path."""

_DIRECTORY = os.O_DIRECTORY | os.O_CLOEXEC | O_PATH
_STEP = _DIRECTORY | os.O_NOFOLLOW


class Location(Closing):
    """Where a path leads: ``name`` in the directory ``parent``. A context manager.

    Attributes:
        parent: host descriptor of a directory, open until the context ends.
        name: one component, or ``b"."`` for the directory itself. It may name a symbolic link,
            which the host call must not follow.
        directory: whether the path said, by a trailing slash, that it means a directory.
    """

    __slots__ = ("_base", "_opened", "directory", "name", "parent")

    def __init__(self, base: int, path: bytes, *, follow: bool) -> None:
        """Resolve ``path`` beneath the directory handle ``base``.

        Args:
            base: host descriptor; stays the caller's.
            path: as the guest gave it.
            follow: whether to follow a symbolic link as the last component.

        Raises:
            WasiError: ``NOENT`` (empty), ``INVAL`` (NUL byte), ``PERM`` (absolute path or link),
                ``NOTCAPABLE`` (above ``base``), ``NOTDIR``, ``LOOP``, ``NAMETOOLONG``.
            OSError: what the host found.
        """
        if not path:
            raise WasiError(errno.NOENT)
        if len(path) > MAX_PATH:
            raise WasiError(errno.NAMETOOLONG)
        if 0 in path:
            raise WasiError(errno.INVAL)
        self.parent = self._base = base
        self.directory = path.endswith(b"/")
        self._opened: list[int] = []
        try:
            self.name = self._jump(path, follow) or self._walk(path, follow)
        except BaseException:
            self.close()
            raise

    @property
    def entry(self) -> bytes:
        """``name``, with a slash if the path had one.

        For host calls that act on the directory entry (create, remove, rename): they check a
        trailing slash as the standard wants it and never follow a link there.
        """
        return self.name + b"/" if self.directory else self.name

    def close(self) -> None:
        """Close the directories opened on the way."""
        for handle in self._opened:
            os.close(handle)
        self._opened.clear()

    def _jump(self, path: bytes, follow: bool) -> bytes:
        """The same as ``_walk`` in one step, or ``b""`` for what needs a walk."""
        directory, _, name = path.rpartition(b"/")
        if not directory or name in (b"", b".", b".."):
            return b""
        try:
            self.parent = open_beneath(self.parent, directory, _DIRECTORY)
        except OSError:
            return b""
        self._opened.append(self.parent)
        return name if not follow or self._link(name) is None else b""

    def _walk(self, path: bytes, follow: bool) -> bytes:
        self.close()
        self.parent = base = self._base
        todo = _components(path)
        links = 0
        while todo:
            name = todo.pop()
            if name == b".":
                continue
            if name == b"..":
                if not self._opened:
                    raise WasiError(errno.NOTCAPABLE)
                os.close(self._opened.pop())
                self.parent = self._opened[-1] if self._opened else base
                continue
            if not todo:
                if not follow:
                    return name
                target = self._link(name)
                if target is None:
                    return name
            else:
                try:
                    self.parent = os.open(name, _STEP, dir_fd=self.parent)
                except OSError as error:
                    target = self._link(name) if error.errno in (ENOTDIR, ELOOP) else None
                    if target is None:
                        raise
                else:
                    self._opened.append(self.parent)
                    continue
            links += 1
            if links > MAX_LINKS:
                raise WasiError(errno.LOOP)
            if target.startswith(b"/"):
                raise WasiError(errno.PERM)
            if not todo and target.endswith(b"/"):
                self.directory = True
            todo += _components(target)
        return b"."

    def _link(self, name: bytes) -> bytes | None:
        """Target of the symbolic link ``name``, ``None`` if it is none or does not exist."""
        try:
            return os.readlink(name, dir_fd=self.parent)
        except OSError as error:
            if error.errno in (EINVAL, ENOENT):
                return None
            raise


def _components(path: bytes) -> list[bytes]:
    """The components of ``path``, last one first. An absolute path is refused.

    Raises:
        WasiError: ``PERM``.
    """
    if path.startswith(b"/"):
        raise WasiError(errno.PERM)
    parts = [part for part in path.split(b"/") if part]
    parts.reverse()
    return parts
