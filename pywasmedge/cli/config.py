"""The ``pywasmedge-config`` command: where the C library is, and how to build against it.

The files are those of the package itself, except in a prefix that ``make install`` made: there the
package lies in ``<prefix>/lib/pywasmedge`` and the prefix has the usual directories.
"""

from __future__ import annotations

import os
import shlex
import sys

from .options import TOGGLE, Option, Options, UsageError, help_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_NAME = "pywasmedge-config"
_USAGE = f"{_NAME} OPTION ..."
_LIBRARY = "libwasmedge_c.so"


class Layout:
    """Absolute paths of what hosts need.

    Attributes:
        prefix: what everything lies below.
        libdir: the directory of ``libwasmedge_c.so``.
        includedir: the directory of ``wasmedge/wasmedge.h``.
        pkgconfigdir: what to add to ``PKG_CONFIG_PATH``.
        cmakedir: what to set ``WasmEdge_DIR`` to.
    """

    def __init__(self, package: str) -> None:
        """The layout around the directory of the package."""
        package = os.path.realpath(package)
        self.prefix = self.libdir = package
        self.cmakedir = os.path.join(package, "cmake")
        lib = os.path.dirname(os.path.dirname(package))
        library = os.path.join(package, _LIBRARY)
        linked = os.path.join(lib, _LIBRARY)
        if os.path.exists(library) and os.path.realpath(linked) == os.path.realpath(library):
            self.prefix, self.libdir = os.path.dirname(lib), lib
            self.cmakedir = os.path.join(lib, "cmake", "WasmEdge")
        self.includedir = os.path.join(self.prefix, "include")
        self.pkgconfigdir = os.path.join(self.libdir, "pkgconfig")

    def version(self) -> str:
        """What the headers say.

        Raises:
            OSError: they are not there.
        """
        with open(os.path.join(self.includedir, "wasmedge", "version.h"), encoding="utf-8") as file:
            return file.read().partition('define WASMEDGE_VERSION "')[2].partition('"')[0]


_ANSWERS: dict[str, tuple[str, Callable[[Layout], str]]] = {
    "cflags": (
        "Arguments for the compiler.",
        lambda at: shlex.quote(f"-I{at.includedir}"),
    ),
    "libs": (
        "Arguments for the linker; programs find the library there at run time.",
        lambda at: shlex.join([f"-L{at.libdir}", f"-Wl,-rpath,{at.libdir}", "-lwasmedge_c"]),
    ),
    "prefix": ("Directory that everything lies below.", lambda at: at.prefix),
    "libdir": (f"Directory of {_LIBRARY}.", lambda at: at.libdir),
    "includedir": ("Directory of wasmedge/wasmedge.h.", lambda at: at.includedir),
    "pkgconfigdir": ("Directory for PKG_CONFIG_PATH.", lambda at: at.pkgconfigdir),
    "cmakedir": ("Directory for WasmEdge_DIR.", lambda at: at.cmakedir),
    "version": ("Version of the C API.", lambda at: at.version()),
}

OPTIONS = (
    *(Option(name, TOGGLE, "", text) for name, (text, _) in _ANSWERS.items()),
    Option("help h", TOGGLE, "", "Print this page and exit."),
)


def main() -> None:
    """Entry point: answer the command line of this process on one line."""
    sys.exit(run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """Answer the options in ``words``, in the order of the table; returns the exit code."""
    try:
        options = Options(OPTIONS, words)
        if options.rest:
            raise UsageError(f"unexpected argument: {options.rest[0]}")
    except UsageError as error:
        print(f"{_NAME}: {error}", file=sys.stderr)
        return 1
    asked = [answer for name, (_, answer) in _ANSWERS.items() if options.on(name)]
    if options.on("help") or not asked:
        print(help_text(_USAGE, OPTIONS, colour=sys.stdout.isatty()), end="")
        return 0 if options.on("help") else 1
    layout = Layout(os.path.dirname(os.path.dirname(__file__)))
    print(" ".join([answer(layout) for answer in asked]))
    return 0
