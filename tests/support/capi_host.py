"""Compiles and runs hosts of the C API: programs in C or C++ linked with the library."""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

import pywasmedge

ROOT = Path(__file__).parents[2]
SOURCES = Path(__file__).parents[1] / "c"
"""Where the tests' own hosts are."""
INCLUDE = ROOT / "include"
LIBRARY = Path(pywasmedge.__file__).parent / "libwasmedge_c.so"
WARNINGS = ("-Wall", "-Wextra", "-Werror")
SECONDS = 120
"""A host that has not ended by then hangs."""


def compiler(language: str = "c") -> str:
    """Path of the compiler for ``"c"`` or ``"c++"``; skips the test if there is none."""
    names = ("cc", "gcc", "clang") if language == "c" else ("c++", "g++", "clang++")
    for name in names:
        if found := shutil.which(name):
            return found
    pytest.skip(f"no {language.upper()} compiler: none of {', '.join(names)} is on the path")


@cache
def _directory() -> Path:
    """Of this process' programs; removed at its end."""
    directory = tempfile.mkdtemp(prefix="capi-host-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return Path(directory)


def build(source: Path | str, *flags: str, library: Path = LIBRARY) -> Path:
    """Compile a host, once per content and flags.

    Args:
        source: a file in ``tests/c`` or any path; ``.c`` is C11, ``.cpp`` is C++17.
        flags: more arguments for the compiler; a later ``-std`` replaces the standard.
        library: the library to link with, found at run time by its absolute directory.

    Returns:
        The program.

    Raises:
        AssertionError: with the compiler's messages; warnings are errors.
    """
    source = SOURCES / source
    plain = source.suffix == ".c"
    arguments = [
        compiler("c" if plain else "c++"),
        "-std=c11" if plain else "-std=c++17",
        *WARNINGS,
        "-g",
        "-pthread",
        f"-I{INCLUDE}",
        f"-I{SOURCES}",
        *flags,
        str(source),
        f"-L{library.parent}",
        "-lwasmedge_c",
        f"-Wl,-rpath,{library.parent}",
    ]
    key = hashlib.sha256(repr(arguments).encode() + source.read_bytes()).hexdigest()[:16]
    program = _directory() / f"{source.stem}-{key}"
    if not program.exists():
        done = subprocess.run(
            [*arguments, "-o", str(program)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    return program


def run(
    program: Path | str,
    *arguments: object,
    env: dict[str, str] | None = None,
    cwd: Path | str | None = None,
    timeout: float = SECONDS,
) -> subprocess.CompletedProcess[str]:
    """Run a program.

    Args:
        program: as ``build`` returned it.
        arguments: converted to text.
        env: its whole environment; ``None`` for the one of this process.
        cwd: its working directory.
        timeout: seconds it may take.

    Returns:
        Exit code, output and errors.
    """
    return subprocess.run(
        [os.fspath(program), *map(str, arguments)],
        env=env,
        cwd=cwd,
        timeout=timeout,
        capture_output=True,
        text=True,
        check=False,
    )
