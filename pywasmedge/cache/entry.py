"""Entries: what is kept for one module compiled in one way, in one file.

A file is a row of artifacts (``compiler/artifact.py``), each at a multiple of ``ALIGNMENT``, all of
the same origin. Readers take no lock and may map what they have read, so bytes that belong to an
artifact never change: writers add an artifact behind the last one, or write a new file and rename
it. A crash leaves a whole file, or one with an incomplete end, which readers do not look at and the
next writer leaves out.
"""

from __future__ import annotations

import os
import threading

from ..base import log
from ..base.forking import fork_safe
from ..compiler.artifact import CACHE, HEADER, ArtifactError, metadata_size, read, write
from ..compiler.code import ALIGNMENT, Code
from .directory import SUFFIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..compiler.artifact import Artifact, Origin
    from .directory import Directory

    Codes = Sequence[tuple[Code, int]]
    """Pieces of code and the level of each."""

MAX_ARTIFACTS = 8
"""Artifacts in a file, beyond which the next writer joins them."""
_FIRST_READ = 1 << 15
"""Bytes read at first: most artifacts' metadata."""
_KEPT_FRESH = 3600
"""Seconds within which it does not matter when an entry was used last."""

writing = fork_safe(threading.Lock())
"""Held while the process writes, so that a fork leaves nothing half done and no lock to a child."""


class Entry:
    """An entry that is open for reading.

    Attributes:
        fd: the file; closed by ``close``.
        artifacts: each with its position.
        sound: nothing else is in the file.
    """

    __slots__ = ("artifacts", "fd", "sound")

    def __init__(self, fd: int, origin: Origin) -> None:
        """Read a file.

        Args:
            fd: the file.
            origin: artifacts made from something else are not accepted.
        """
        self.fd = fd
        self.artifacts: list[tuple[int, Artifact]] = []
        self.sound = False
        size = os.fstat(fd).st_size
        at = 0
        try:
            while at < size:
                artifact = _read(fd, at)
                end = at + artifact.size
                if artifact.kind != CACHE or artifact.origin != origin or end > size:
                    return
                self.artifacts.append((at, artifact))
                at = _aligned(end)
        except (OSError, ArtifactError):
            return
        self.sound = at > 0

    @property
    def end(self) -> int:
        """Where another artifact can be written."""
        if not self.artifacts:
            return 0
        at, artifact = self.artifacts[-1]
        return _aligned(at + artifact.size)

    def levels(self) -> dict[int, int]:
        """The best level of each function that has code here."""
        found: dict[int, int] = {}
        for _, artifact in self.artifacts:
            for function, level in zip(artifact.functions, artifact.levels, strict=True):
                if level >= found.get(function, 0):
                    found[function] = level
        return found

    def codes(self) -> list[tuple[Code, int]]:
        """All pieces of code that are not damaged."""
        found: list[tuple[Code, int]] = []
        for at, known in self.artifacts:
            try:
                artifact = read(_exactly(self.fd, known.size, at))
            except (OSError, ArtifactError):
                continue
            levels = dict(zip(artifact.functions, artifact.levels, strict=True))
            for code in artifact.codes():
                members = [levels[i] for i in functions_of(code) if i in levels]
                found.append((code, max(members, default=0)))
        return found

    def close(self) -> None:
        """Close the file; what is mapped stays."""
        os.close(self.fd)


def open_entry(directory: Directory, name: str, origin: Origin) -> Entry | None:
    """The entry called ``name``, noted as used now; ``None`` if there is none."""
    import time

    fd = directory.open(name)
    if fd is None:
        return None
    entry = Entry(fd, origin)
    if not entry.sound:
        log.debug(f"cache: {directory.path}/{name} is damaged or incomplete")
    try:
        if abs(time.time() - os.fstat(fd).st_mtime) > _KEPT_FRESH:
            os.utime(fd)
    except OSError:
        pass
    return entry


def functions_of(code: Code) -> list[int]:
    """The functions of a module that a piece of code has entries of."""
    return [int(name[1:]) for name in code.entries if _is_function(name)]


def _is_function(name: str) -> bool:
    return name[:1] == "f" and name[1:].isdigit()


def save(
    directory: Directory,
    name: str,
    origin: Origin,
    codes: Codes,
    chunks: Mapping[str, bytes] | None = None,
    *,
    repair: bool = False,
) -> bool:
    """Add code to an entry, or make it; what others have written meanwhile stays.

    Args:
        directory: the cache.
        name: of the entry.
        origin: what the code was made from.
        codes: pieces; those that bring nothing new are left out.
        chunks: other data; what the entry holds is replaced by this then.
        repair: an image in the entry was found to be damaged.

    Returns:
        Whether the code is in the entry now.
    """
    with writing:
        lock = directory.lock()
        if lock is None:
            return False
        with lock:
            try:
                return _save(directory, name, origin, codes, chunks, repair)
            except OSError as error:
                log.debug(f"cache: cannot write {directory.path}/{name}: {error.strerror}")
            except OverflowError:
                log.debug(f"cache: too much code for {directory.path}/{name}")
    return False


def _save(
    directory: Directory,
    name: str,
    origin: Origin,
    codes: Codes,
    chunks: Mapping[str, bytes] | None,
    repair: bool,
) -> bool:
    from .limit import make_room

    fd = None if chunks else directory.open(name, os.O_RDWR)
    if fd is None:
        data = write(CACHE, origin, _best(codes), chunks)
        make_room(directory, len(data), name)
        replace(directory, name, data)
        return True
    entry = Entry(fd, origin)
    try:
        whole = entry.sound and not repair
        known = entry.levels() if whole else {}
        new = [(c, lv) for c, lv in codes if any(known.get(i, -1) < lv for i in functions_of(c))]
        if whole and not new:
            return True
        if whole and len(entry.artifacts) < MAX_ARTIFACTS:
            data = write(CACHE, origin, _best(new))
            make_room(directory, len(data), name)
            _append(fd, data, entry.end)
        else:
            data = write(CACHE, origin, _best([*entry.codes(), *new]))
            make_room(directory, len(data), name)
            replace(directory, name, data)
    finally:
        entry.close()
    return True


def _best(codes: Codes) -> list[tuple[Code, int]]:
    """The pieces that are of use, so that the best code of a function is the last one."""
    ordered = sorted(codes, key=lambda pair: pair[1])
    last = {i: number for number, (code, _) in enumerate(ordered) for i in functions_of(code)}
    used = set(last.values())
    return [
        (_renamed(code, number, last), level)
        for number, (code, level) in enumerate(ordered)
        if number in used
    ]


def _renamed(code: Code, number: int, last: Mapping[int, int]) -> Code:
    """The piece with other names, ``f<index>.<number>``, for entries that no call goes through."""
    entries = {}
    for name, at in code.entries.items():
        base = name.partition(".")[0]
        entry = name == base and last.get(int(name[1:])) == number if _is_function(base) else True
        entries[name if entry else f"{base}.{number}"] = at
    if entries == code.entries:
        return code
    return Code(code.blob, entries, code.unwind, code.imports, code.segments, code.alignment)


def _append(fd: int, data: bytes, at: int) -> None:
    _check_size(at + len(data))
    before = os.fstat(fd).st_size
    try:
        _write(fd, data, at)
    except OSError:
        os.ftruncate(fd, before)  # nobody has looked beyond
        raise


def replace(directory: Directory, name: str, data: bytes) -> None:
    """Write a file anew, in one step for whoever reads it. To be called with the lock held.

    Raises:
        OSError: that failed; the file is as it was.
    """
    _check_size(len(data))
    temporary = f"{os.getpid()}{SUFFIX}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    fd = directory.open(temporary, flags)
    if fd is None:
        raise OSError(0, "no file can be made")
    try:
        try:
            _write(fd, data, 0)
        finally:
            os.close(fd)
        os.rename(temporary, name, src_dir_fd=directory.fd, dst_dir_fd=directory.fd)
    except OSError:
        os.unlink(temporary, dir_fd=directory.fd)
        raise


def _check_size(size: int) -> None:
    """Beyond its limit for file sizes the process would get a signal that ends it."""
    from errno import EFBIG
    from resource import RLIM_INFINITY, RLIMIT_FSIZE, getrlimit

    limit = getrlimit(RLIMIT_FSIZE)[0]
    if limit != RLIM_INFINITY and size > limit:
        raise OSError(EFBIG, os.strerror(EFBIG))


def _write(fd: int, data: bytes, at: int) -> None:
    left = memoryview(data)
    while left:
        count = os.pwrite(fd, left, at)
        left = left[count:]
        at += count


def _read(fd: int, at: int) -> Artifact:
    head = os.pread(fd, _FIRST_READ, at)
    size = metadata_size(head)
    if size > len(head):
        head += _exactly(fd, size - len(head), at + len(head))
    return read(memoryview(head)[:size], image=False)


def _exactly(fd: int, size: int, at: int) -> bytes:
    """Bytes of a file.

    Raises:
        ArtifactError: it ends before.
    """
    if at + size > os.fstat(fd).st_size:  # a damaged size must not make us allocate
        raise ArtifactError("its end is missing")
    data = os.pread(fd, size, at)
    while len(data) < size:
        more = os.pread(fd, size - len(data), at + len(data))
        if not more:
            raise ArtifactError("its end is missing")
        data += more
    return data


def _aligned(size: int) -> int:
    return size + -size % ALIGNMENT


assert HEADER.size <= _FIRST_READ
