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
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACE = Path("lib") / "pywasmedge"
PACKAGE = PLACE / "pywasmedge"

COMMAND = """\
#!/bin/sh
# Runs {function} of {module} in the interpreter that serves this prefix.
here=$(dirname -- "$(readlink -f -- "$0")")/../{place}
read -r python < "$here/pywasmedge/python_path"
exec "${{PYWASMEDGE_PYTHON:-$python}}" -I -c '
import sys
sys.path.insert(0, sys.argv.pop(1))
from {module} import {function}
{function}()' "$here" "$@"
"""


def commands() -> dict[str, tuple[str, str]]:
    """The commands of ``pyproject.toml``: module and function by name."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = text.partition("[project.scripts]\n")[2].partition("\n[")[0]
    found = re.findall(r'^([\w-]+) = "([\w.]+):(\w+)"$', section, re.MULTILINE)
    return {name: (module, function) for name, module, function in found}


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
        shutil.rmtree(fresh / "bin", ignore_errors=True)
        python = getattr(sys, "_base_executable", sys.executable)
        (fresh / "pywasmedge" / "python_path").write_text(f"{python}\n", encoding="utf-8")
        if place.exists():
            shutil.rmtree(place)
        fresh.rename(place)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
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
    (prefix / "bin").mkdir(exist_ok=True)
    for name, (module, function) in commands().items():
        command = prefix / "bin" / name
        command.write_text(
            COMMAND.format(module=module, function=function, place=PLACE), encoding="utf-8"
        )
        command.chmod(0o755)


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
