"""Loading and validating: from bytes to a :class:`Module`."""

from __future__ import annotations

import os

from ..base.closing import Closing
from ..base.config import Configure, Validation
from ..base.errors import ValidationError
from .module import Checked, Module
from .source import Source, wants_precompiled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, StrOrBytesPath

    from ..module import ast

EAGER_SIZE = 16 << 10
"""Bytes of a binary up to which ``Validation.AUTO`` means ``EAGER``: that takes up to 2 ms."""


class Loader(Closing):
    """Decodes WebAssembly binaries (section 5), and texts (section 6) by way of their binaries.

    Safe from several threads: it has no state.
    """

    __slots__ = ("_configure",)

    def __init__(self, configure: Configure | None = None) -> None:
        """Make a loader with a copy of ``configure`` (default configuration if ``None``)."""
        self._configure = configure.copy() if configure else Configure()

    def parse_file(self, path: StrOrBytesPath) -> Module:
        """Load the binary or the text in a file, or the shared library that one was compiled to.

        Raises:
            WatError: a text is malformed.
            LoadError: 0x20 if there is no such file that can be read, 0x21 if reading fails,
                other codes below 0x40 if the content is malformed; for a library see
                :func:`precompiled.in_library`.
        """
        return self._module(Source.from_file(path).binary(self._configure), whole=True)

    def parse_bytes(self, data: ReadableBuffer) -> Module:
        """Load a binary from a bytes-like object (which is copied unless it is ``bytes``).

        A text in UTF-8 is accepted, too, unless ``Configure.text`` says otherwise.

        Raises:
            LoadError: the binary is malformed (0x22 if empty).
            WatError: the text is.
        """
        return self._module(Source.from_bytes(data).binary(self._configure), whole=True)

    def load(self, source: str | os.PathLike[str] | ReadableBuffer) -> Module:
        """Load a file or bytes to run them at once.

        Bodies are decoded when ``Configure.validation`` says that they are validated.

        Raises:
            LoadError: as the other methods; it says nothing about bodies not decoded yet.
        """
        if isinstance(source, (str, os.PathLike)):
            found = Source.from_file(source)
        else:
            found = Source.from_bytes(source)
        found = found.binary(self._configure)
        mode = self._configure.validation
        small = mode == Validation.AUTO and len(found.data) <= EAGER_SIZE
        return self._module(found, whole=small or mode == Validation.EAGER)

    def _module(self, source: Source, *, whole: bool) -> Module:
        """Decode and validate what nobody has yet; bodies as well if ``whole``."""
        configure = self._configure
        precompiled = source.precompiled if wants_precompiled(configure) else None
        known = source.known(configure) if precompiled is None else None
        tree = known.load(source.data) if known is not None else None
        if tree is None:
            tree = _decoded(source, configure, bodies=whole and precompiled is None)
        checked = None
        if precompiled is not None and precompiled.valid_with(configure.proposals):
            checked = Checked(frozenset(configure.proposals), None)
            tree.checked[:] = b"\1" * len(tree.checked)
        elif tree.sound and 0 not in tree.checked:
            checked = Checked(tree.proposals, None)
        elif whole:
            checked = _check(tree, configure)
        if known is not None:
            known.keep(tree)
        return Module(tree, checked, precompiled)


def _decoded(source: Source, configure: Configure, *, bodies: bool) -> ast.Module:
    from ..module.loader import load  # not needed for what the cache knows

    return load(source.data, configure, bodies=bodies)


def _check(tree: ast.Module, configure: Configure) -> Checked:
    """Decode the bodies and validate the module, in one walk."""
    from ..walk.check import check

    error = None
    try:
        check(tree, configure)
    except ValidationError as found:
        error = found
    return Checked(frozenset(configure.proposals), error)


class Validator(Closing):
    """Checks loaded modules (section 3). Safe from several threads: it has no state."""

    __slots__ = ("_configure",)

    def __init__(self, configure: Configure | None = None) -> None:
        """Make a validator with a copy of ``configure`` (default configuration if ``None``)."""
        self._configure = configure.copy() if configure else Configure()

    def validate(self, module: Module) -> None:
        """Mark ``module`` as validated.

        Raises:
            ValidationError: the module is not valid (codes 0x40 to 0x5F); the mark is unchanged.
            LoadError: a body that was not decoded before is malformed.
        """
        checked = module._checked
        if checked is None or checked.proposals != self._configure.proposals:
            checked = _check(module.ast, self._configure)
            if module._checked is None:
                module._checked = checked
        if checked.error is not None:
            raise checked.error.with_traceback(None)
        module.ast.validated = True

    def admit(self, module: Module) -> None:
        """Let ``module`` be run: bodies that are not validated yet are when they are called first.

        Raises:
            ValidationError, LoadError: as :meth:`validate`, but for these bodies.
        """
        tree = module.ast
        if module._checked is not None or tree.proposals != self._configure.proposals:
            self.validate(module)
            return
        if not tree.sound:
            from ..walk.rules import validate_module

            try:
                validate_module(tree, self._configure)
            except ValidationError:
                self.validate(module)  # malformed bodies come first
                raise
        tree.validated = True
