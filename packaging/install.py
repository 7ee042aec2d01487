"""Installs into a prefix with the classic layout, for hosts that do not care about Python.

Run it with the Python that shall serve the library, which needs pip::

    python packaging/install.py PREFIX [PIP OPTION ...]

==============================  ===================================================================
``lib/pywasmedge/``             the Python package, which holds the library, and what it needs
``lib/libwasmedge_c.so``        link to the library
``include/wasmedge``            link to the headers
``lib/pkgconfig/``              ``wasmedge_c.pc``, ``wasmedge.pc``
``lib/cmake/WasmEdge``          link to the CMake package
``bin/``                        the commands
==============================  ===================================================================

Links are relative and nothing but the interpreter is named by an absolute path (in the file
``python_path`` beside the library), so the prefix can be moved. ``DESTDIR`` is put before PREFIX.
"""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACE = Path("lib") / "pywasmedge"
PACKAGE = PLACE / "pywasmedge"


def commands() -> list[str]:
    """The commands of the package."""
    return list(runpy.run_path(str(ROOT / "pywasmedge" / "cli" / "launched.py"))["COMMANDS"])


def link(prefix: Path, name: str, target: Path) -> None:
    """Make ``name`` a relative link to ``target``; both are relative to the prefix."""
    path = prefix / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or path.is_file():
        path.unlink()
    path.symlink_to(os.path.relpath(target, Path(name).parent))


def install(prefix: Path, source: Path, pip_options: list[str]) -> None:
    """Install the project.

    Args:
        prefix: where to.
        source: a source tree, or a wheel.
        pip_options: more options for ``pip install``.

    Raises:
        subprocess.CalledProcessError: pip failed.
    """
    place = prefix / PLACE
    place.parent.mkdir(parents=True, exist_ok=True)
    # pip replaces what is there piece by piece; a fresh directory has no leftovers.
    fresh = Path(tempfile.mkdtemp(prefix=".pywasmedge-", dir=place.parent))
    try:
        fresh.chmod(0o755)
        pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
        subprocess.run([*pip, "--target", str(fresh), *pip_options, str(source)], check=True)
        python = getattr(sys, "_base_executable", sys.executable)
        (fresh / "pywasmedge" / "python_path").write_text(f"{python}\n", encoding="utf-8")
        if place.exists():
            shutil.rmtree(place)
        fresh.rename(place)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    (prefix / "bin").mkdir(exist_ok=True)
    for name in commands():
        os.replace(place / "bin" / name, prefix / "bin" / name)
    shutil.rmtree(place / "bin")
    link(prefix, "lib/libwasmedge_c.so", PACKAGE / "libwasmedge_c.so")
    link(prefix, "include/wasmedge", PACKAGE / "include" / "wasmedge")
    link(prefix, "lib/cmake/WasmEdge", PACKAGE / "cmake")
    configurations = prefix / "lib" / "pkgconfig"
    configurations.mkdir(parents=True, exist_ok=True)
    for path in (prefix / PACKAGE / "pkgconfig").glob("*.pc"):
        text = path.read_text(encoding="utf-8")
        text = text.replace("prefix=${pcfiledir}/..\n", "prefix=${pcfiledir}/../..\n")
        text = text.replace("libdir=${prefix}\n", "libdir=${prefix}/lib\n")
        (configurations / path.name).write_text(text, encoding="utf-8")


def main() -> None:
    """Entry point."""
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(f"usage: {sys.argv[0]} PREFIX [PIP OPTION ...]")
    prefix = Path(sys.argv[1]).absolute()
    destination = os.environ.get("DESTDIR")
    where = Path(destination).absolute() / prefix.relative_to("/") if destination else prefix
    try:
        install(where, ROOT, sys.argv[2:])
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
    print(f"installed to {where}; programs link with -L{prefix}/lib -lwasmedge_c")


if __name__ == "__main__":
    main()
