"""Compiled modules that any engine can run: the module with its code in a custom section."""

from __future__ import annotations

from ..module.compiled import NAME, code_sections
from . import artifact as artifacts
from . import layout
from .artifact import ArtifactError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .artifact import Artifact, Origin
    from .code import Code


def module_id(module: bytes) -> bytes:
    """What an artifact says about the module it was made from."""
    return layout.checksum(module).rstrip(b"\0")  # as artifacts give it back


def without_code(data: bytes) -> bytes:
    """A module without its code sections; the same object if there are none."""
    sections = code_sections(data)
    if not sections:
        return data
    parts, at = [], 0
    for start, _, end in sections:
        parts.append(data[at:start])
        at = end
    return b"".join((*parts, data[at:]))


def write(origin: Origin, codes: Iterable[tuple[Code, int]], module: bytes) -> bytes:
    """``module``, which has no code section, with one at its end."""
    content = NAME + artifacts.write(artifacts.AHEAD, origin, codes)
    return b"".join((module, b"\0", _leb(len(content)), content))


def find(data: bytes, reject: Callable[[str], None]) -> tuple[Artifact, memoryview] | None:
    """The last artifact in a module's code sections that belongs to it and can run here.

    Args:
        data: a module, well-formed as far as its sections go.
        reject: is told why another one could not be used.

    Returns:
        The artifact, verified with its image, and its bytes.
    """
    identity = b""
    for _, start, end in reversed(code_sections(data)):
        content = memoryview(data)[start:end]
        try:
            artifact = artifacts.read(content)
            identity = identity or module_id(without_code(data))
            if artifact.kind != artifacts.AHEAD or artifact.origin.module != identity:
                raise ArtifactError("made from another module")
            reason = artifact.origin.misfit()
            if reason:
                raise ArtifactError(reason)
        except ArtifactError as error:
            reject(str(error))
        else:
            return artifact, content
    return None


def _leb(number: int) -> bytes:
    """Unsigned LEB128."""
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))
