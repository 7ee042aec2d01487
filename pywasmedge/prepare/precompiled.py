"""Code that was compiled ahead of time: found when a module is loaded, used when it is run."""

from __future__ import annotations

import os

from ..base import log
from ..base.errors import ErrCode, LoadError
from ..code.image import load_bytes, load_file, publish
from ..compiler import elf, universal
from ..compiler.code import ALIGNMENT
from ..compiler.codegen import Level

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from ..base.config import Configure, Proposal
    from ..code.compiled import CompiledModule
    from ..compiler.artifact import Artifact


class Precompiled:
    """Code of a module in a file or in memory, verified."""

    __slots__ = ("_artifact", "_data", "_fd")

    def __init__(self, artifact: Artifact, *, fd: int = -1, data: memoryview | None = None) -> None:
        """Give either the descriptor of a library, to be closed at the end, or the artifact."""
        self._fd = fd
        self._artifact = artifact
        self._data = data

    def __del__(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)

    def valid_with(self, proposals: AbstractSet[Proposal]) -> bool:
        """Whether the module is known to be valid with these proposals: the compiler checked it."""
        return self._artifact.origin.valid_with(proposals)

    def install(self, compiled: CompiledModule, configure: Configure) -> None:
        """Use the code, if it does what ``configure`` asks for; otherwise it is made as usual."""
        artifact = self._artifact
        if not artifact.origin.serves(configure, guarded=compiled.guarded):
            log.info(
                "code compiled ahead of time is not used: "
                "it does not measure or check enough, or its traps are not exact"
            )
            return
        if artifact.functions:
            try:
                self._publish(compiled)
            except RuntimeError as error:
                log.info(f"code compiled ahead of time is not used: {error}")

    def _publish(self, compiled: CompiledModule) -> None:
        """Let the functions start where their code is from now on."""
        artifact = self._artifact
        if self._data is None:
            image = load_file(artifact, compiled.module, self._fd, ALIGNMENT, verified=True)
        else:
            image = load_bytes(artifact, compiled.module, self._data)
        if image is not None:
            compiled.own(image)
            publish(image, compiled.handle, artifact.functions, artifact.offsets)
            # Whatever effort went into it, it is what the user wants.
            compiled.note(dict.fromkeys(artifact.functions, Level.OPTIMISED))


def in_library(fd: int) -> tuple[bytes, Precompiled]:
    """The module and its code in a shared library.

    Args:
        fd: an open file; it stays the caller's.

    Raises:
        LoadError: 0x23 it is no ELF file, 0x20 no shared library of this system, 0x39 no compiled
            module or damaged, 0x24 for another version or processor.
        OSError: it cannot be read.
    """
    try:
        artifact, module = elf.read(fd)
    except elf.LibraryError as error:
        code = ErrCode.ILLEGAL_GRAMMAR
        if error.foreign:
            raise LoadError(ErrCode.MALFORMED_MAGIC, offset=0) from None
        if error.system:
            code = ErrCode.ILLEGAL_PATH
        elif error.version:
            code = ErrCode.MALFORMED_VERSION
        raise LoadError(code, f"not a compiled module: {error}") from None
    return module, Precompiled(artifact, fd=os.dup(fd))


def in_module(data: bytes) -> Precompiled | None:
    """The code in a module's custom section, if it can be used; if not, the log says why."""

    def reject(reason: str) -> None:
        log.info(f"warning: code compiled ahead of time is not used: {reason}")

    found = universal.find(data, reject)
    if found is None:
        return None
    artifact, content = found
    return Precompiled(artifact, data=content)
