"""Compiles and runs hosts of the C API: programs in C or C++ linked with the library."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
import shared

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
def filling(path: str) -> tuple[str, ...]:
    """What makes a compiler fill variables that nobody has initialised, so that using one shows.

    Empty if it can not.
    """
    flag = "-ftrivial-auto-var-init=pattern"
    command = [path, flag, "-x", "c", "-fsyntax-only", "-"]
    done = subprocess.run(command, input="", capture_output=True, text=True, check=False)
    return (flag,) if done.returncode == 0 and not done.stderr else ()


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
    path = compiler("c" if plain else "c++")
    arguments = [
        path,
        "-std=c11" if plain else "-std=c++17",
        *WARNINGS,
        *filling(path),
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

    def compile_to(program: Path) -> None:
        done = subprocess.run(
            [*arguments, "-o", str(program)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    headers = [path.read_bytes() for path in sorted(SOURCES.glob("*.h"))]
    key = repr((arguments, source.read_bytes(), headers))
    return shared.once(source.stem, key, compile_to)


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
