"""Runs a command for the program that was started, which was built from ``src/launcher.c``.

It starts Python without the module ``site``: the directories of packages are added here, in a
tenth of the time if they are the usual ones.
"""

from __future__ import annotations

import gc
import sys

COMMANDS = {"wasmedge": "wasmedge", "wasmedgec": "wasmedgec", "pywasmedge-config": "config"}
"""The commands, and the files of this folder whose ``main`` they are."""
_NEEDED = ("_cffi_backend", "llvmlite")


def main() -> None:
    """Run the command that the first argument names."""
    name, streams, *words = sys.argv[1:]
    _take_back(streams)
    sys.argv = [name, *words]
    module = __import__(f"pywasmedge.cli.{COMMANDS[name]}", fromlist=["main"])
    gc.enable()  # start.py has switched it off
    module.main()


def _take_back(streams: str) -> None:
    """Give standard streams their numbers back that Python could not have started with."""
    if any(mark != "-" for mark in streams.split(",")):
        import os

        for stream, mark in enumerate(streams.split(",")):
            if mark != "-":
                os.dup2(int(mark), stream)
                os.close(int(mark))


def add_packages(packages: str) -> None:
    """Add the directories of packages to the path.

    Args:
        packages: the one that this package is in, which is the last of the path.
    """
    from _frozen_importlib_external import PathFinder

    if (sys.flags.isolated or _is_alone(packages)) and all(
        PathFinder.find_spec(name, [packages]) is not None for name in _NEEDED
    ):
        return
    import site

    sys.path.pop()
    site.main()
    if packages not in sys.path:
        sys.path.append(packages)


def _is_alone(packages: str) -> bool:
    """Whether the module ``site`` would find this directory of packages and no other."""
    import os

    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    prefix = os.path.dirname(os.path.dirname(sys.executable))
    if packages != f"{prefix}/lib/{version}/site-packages":
        return False
    try:
        with open(f"{prefix}/pyvenv.cfg", encoding="utf-8") as file:
            lines = [line.replace(" ", "").strip().lower() for line in file]
        return "include-system-site-packages=false" in lines
    except OSError:
        base = os.environ.get("PYTHONUSERBASE") or os.path.expanduser("~/.local")
        return not os.path.isdir(f"{base}/lib/{version}/site-packages")
