"""Starting the host ``start.c``, and imitations of Python installations for it to find."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import capi_host
import pytest
import testdata

import pywasmedge

GUEST = testdata.GUESTS / "library.wasm"
PACKAGE = Path(pywasmedge.__file__).parent
LIBRARY = capi_host.LIBRARY
NOTHING: dict[str, str] = {}
"""The environment of ``env -i``."""


def run(
    host: Path, mode: str, env: dict[str, str] = NOTHING, **others: str
) -> subprocess.CompletedProcess[str]:
    return capi_host.run(host, mode, GUEST, env=env | others, cwd="/")


def succeeds(host: Path, mode: str, env: dict[str, str] = NOTHING, **others: str) -> str:
    """Output of a host that ends well and says nothing on standard error."""
    done = run(host, mode, env, **others)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def fails(host: Path, **env: str) -> str:
    """The message when there is no Python; it comes once, and results say that they failed."""
    done = run(host, "try", **env)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "loader NULL\nparse 0x04\n"
    assert done.stderr.count("libwasmedge_c.so: ") == 1
    assert "the library is /" in done.stderr
    return done.stderr


class Installation:
    """An imitation of a Python installation: links to parts of the one that runs the tests."""

    def __init__(self, prefix: Path) -> None:
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        self.executable = prefix / "bin" / version
        self.executable.parent.mkdir(parents=True)
        shutil.copy(os.path.realpath(sys.executable), self.executable)
        (prefix / "lib").mkdir()
        self.stdlib = prefix / "lib" / version
        shutil.copytree(
            sysconfig.get_path("stdlib"),
            self.stdlib,
            ignore=shutil.ignore_patterns("site-packages", "test", "config-*", "__pycache__"),
            copy_function=os.symlink,
        )
        self.library = prefix / "lib" / (sysconfig.get_config_var("INSTSONAME") or "")
        source = Path(sysconfig.get_config_var("LIBDIR")) / self.library.name
        if not source.is_file():
            pytest.skip("no shared library of Python")
        self.library.symlink_to(source)
        self.packages = self.stdlib / "site-packages"
        self.packages.mkdir()

    def add(self, *names: str) -> None:
        """Link top-level packages of the tests' environment."""
        for name in names:
            for directory in map(Path, sys.path):
                for found in directory.glob(name):
                    (self.packages / found.name).symlink_to(found)
                    break
                else:
                    continue
                break
            else:
                raise AssertionError(f"{name} is not installed")

    def run(self, host: Path) -> str:
        """The message of a failing host."""
        return fails(host, PYWASMEDGE_PYTHON=str(self.executable))


def places_of_digests(content: bytes) -> list[int]:
    """Where strings of exactly 16 hexadecimal digits start."""
    return [match.start(1) for match in re.finditer(rb"\0([0-9a-f]{16})\0", content)]
