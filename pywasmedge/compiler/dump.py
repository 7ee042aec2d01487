"""Writing down what code is made of, for people: LLVM's intermediate code, and assembly.

Switched on by an environment variable, which all hosts have, or by options of the command.
"""

from __future__ import annotations

import os

from ..base import log
from ..base.environment import is_trusted
from ..module.names import kept_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..module.ast import Module

VARIABLE = "PYWASMEDGE_DUMP"
"""Environment variable: ``ir:DIR``, ``asm:DIR`` or ``ir,asm:DIR``."""
_KINDS = {"ir", "asm"}


class Stages:
    """Files for the stages of a piece of code; ``None`` for what is not wanted.

    Attributes:
        written: what LLVM is given.
        optimised: what its passes make of that.
        assembly: the result.
    """

    __slots__ = ("_head", "assembly", "optimised", "written")

    def __init__(
        self,
        written: str | None = None,
        optimised: str | None = None,
        assembly: str | None = None,
        head: Sequence[str] = (),
    ) -> None:
        """Name the files; ``head`` are lines that each of them begins with, as a comment."""
        self.written = written
        self.optimised = optimised
        self.assembly = assembly
        self._head = head

    def write(self, path: str | None, text: str) -> None:
        """Write one of the files, if it is wanted.

        Raises:
            OSError: it cannot be written.
        """
        if path is not None:
            sign = "#" if path == self.assembly else ";"
            with open(path, "w", encoding="utf-8") as file:
                file.writelines([f"{sign} {line}\n" for line in self._head])
                file.write(text)


class _Lenient(Stages):
    """Stages whose failure is logged: nobody asked for code in order to have these files."""

    __slots__ = ()

    def write(self, path: str | None, text: str) -> None:
        try:
            super().write(path, text)
        except OSError as error:
            log.error(f"no dump: {path}: {error.strerror}")


class Dump:
    """What is wanted, and where.

    Attributes:
        ir: the folder for intermediate code, or ``None``.
        asm: the same for assembly.
    """

    def __init__(self, ir: str | None, asm: str | None) -> None:
        """Make the folders unless they exist.

        Raises:
            OSError: a folder cannot be made.
        """
        self.ir = ir
        self.asm = asm
        for folder in (ir, asm):
            if folder is not None:
                os.makedirs(folder, exist_ok=True)

    def stages(
        self, module: Module, indices: Sequence[int], level: str, loops: Sequence[int] = ()
    ) -> Stages:
        """The files for the code of some functions.

        They are called ``<digest of the module>.func<index>.<level>.ll``, ``.opt.ll`` and ``.s``,
        with ``-func<last>`` or ``+<number of others>`` after the first function.

        Args:
            module: the module.
            indices: the functions, without imports.
            level: how they are compiled.
            loops: offsets of the loops the code is entered in.
        """
        first = module.imported_funcs
        title = f"{_digest(module)}.func{first + min(indices)}"
        if len(indices) > 1:
            last = max(indices)
            together = last - min(indices) == len(indices) - 1
            title += f"-func{first + last}" if together else f"+{len(indices) - 1}"
        title += "".join([f".loop-0x{loop:x}" for loop in loops])
        title += f".{level}"
        ir = None if self.ir is None else os.path.join(self.ir, title)
        asm = None if self.asm is None else os.path.join(self.asm, title)
        return _Lenient(
            ir and f"{ir}.ll", ir and f"{ir}.opt.ll", asm and f"{asm}.s", head(module, indices)
        )


def head(module: Module, indices: Iterable[int]) -> list[str]:
    """Which function each symbol is."""
    names = kept_names(module).functions
    lines = []
    for index in indices:
        number = module.imported_funcs + index
        name = names.get(number)
        shown = "".join([c if c.isprintable() else "?" for c in name]) if name else ""
        lines.append(f"f{index}: func[{number}]" + (f" <{shown}>" if name else ""))
    return lines


def _digest(module: Module) -> str:
    if not module.digest:
        from hashlib import sha256

        module.digest = sha256(module.data).digest()
    return module.digest[:4].hex()


_dump: Dump | None = None
_told = False


def use(dump: Dump | None) -> None:
    """Have everything that is compiled from now on dumped, whatever the environment says."""
    global _dump, _told
    _dump, _told = dump, True


def wanted() -> Dump | None:
    """What to dump, if anything."""
    if not _told:
        use(_from_environment(os.environ.get(VARIABLE, "")))
    return _dump


def _from_environment(text: str) -> Dump | None:
    if not text or not is_trusted():
        return None
    kinds, _, folder = text.partition(":")
    chosen = set(kinds.split(","))
    if not folder or not chosen <= _KINDS:
        log.error(f"{VARIABLE}: ir:DIR, asm:DIR or ir,asm:DIR, not {text}")
        return None
    folder = os.path.abspath(folder)
    try:
        return Dump(folder if "ir" in chosen else None, folder if "asm" in chosen else None)
    except OSError as error:
        log.error(f"{VARIABLE}: {folder}: {error.strerror}")
        return None
