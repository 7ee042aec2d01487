"""Builds the two shared objects of the package and its commands.

``pywasmedge/libwasmedge_c.so``
    The kernel and the C API; what C and Go hosts link with. No symbol of Python in it.
``pywasmedge/_native.abi3.so``
    The cffi module, linked with the library (see ``src/bridge.h``).
``bin/wasmedge`` and the other commands
    Programs that start Python (``src/launcher.c``).

``setup.py`` runs this file through cffi for the second, and calls :func:`build_library` and
:func:`build_launcher` for the others. Build switches are environment variables:
``PYWASMEDGE_PORTABLE=1`` leaves out where Python is on this machine, for a wheel that is used on
others; ``PYWASMEDGE_SANITIZE=address,undefined`` compiles both shared objects with these
sanitizers. The faults of guests must be left to the kernel then::

    LD_PRELOAD=$(gcc -print-file-name=libasan.so) \\
    ASAN_OPTIONS=handle_segv=0:handle_sigbus=0:handle_sigill=0:detect_leaks=0 \\
    python -m pytest tests/kernel/test_kernel_traps.py
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cffi import FFI

if TYPE_CHECKING:
    from collections.abc import Sequence

sys.path.insert(0, "src")
import build_sources as sources

LIBRARY = "libwasmedge_c.so"
COMMANDS = tuple(runpy.run_path("pywasmedge/cli/launched.py")["COMMANDS"])
GENERATED = Path("build") / "generated"
NATIVE_PARTS = ["src/native.c", "src/pybuffer.c"]
"""C files of the cffi module."""
LAUNCHER = "src/launcher.c"
"""C file of the commands; all others in ``src/`` belong to the library."""
FLAGS = [
    "-std=gnu11",
    "-O2",
    "-g",
    "-fvisibility=hidden",
    "-fno-strict-aliasing",
    "-fno-omit-frame-pointer",
    "-Wall",
    "-Wextra",
    "-Wno-missing-field-initializers",
    "-Wno-unused-parameter",
]
INCLUDES = ["src", "include", str(GENERATED)]
EXPORTS = "{ global: WasmEdge_*; pywasmedge_kernel; local: *; };\n"


def _flags() -> tuple[list[str], list[str]]:
    """Compiler and linker switches."""
    compile_, link = list(FLAGS), ["-pthread"]
    if os.environ.get("PYWASMEDGE_PORTABLE"):
        compile_.append("-g0")
    if sanitizers := os.environ.get("PYWASMEDGE_SANITIZE"):
        compile_ += [f"-fsanitize={sanitizers}", "-fno-sanitize-recover=undefined"]
        link += [f"-fsanitize={sanitizers}"]
    return compile_, link


def _objects(compiler: Any, files: Sequence[str], directory: Path) -> list[str]:
    """Compile what is out of date."""
    compile_, _ = _flags()
    stamp = directory / "flags"
    if not stamp.exists() or stamp.read_text() != repr(compile_):
        for old in directory.glob("**/*.o"):
            old.unlink()
        directory.mkdir(parents=True, exist_ok=True)
        stamp.write_text(repr(compile_))
    headers = [path for place in INCLUDES for path in Path(place).rglob("*.[hi]*")]
    newest = max(path.stat().st_mtime for path in headers)
    objects = compiler.object_filenames(files, output_dir=str(directory))
    stale = [
        file
        for file, made in zip(files, objects, strict=True)
        if not os.path.exists(made) or os.path.getmtime(made) < max(newest, os.path.getmtime(file))
    ]
    if stale:
        compiler.compile(
            stale, output_dir=str(directory), include_dirs=INCLUDES, extra_postargs=compile_
        )
    return list(objects)


def build_library(compiler: Any, directory: Path, temporary: Path) -> Path:
    """Build the library.

    Args:
        compiler: setuptools' compiler, configured.
        directory: where to put the library.
        temporary: for object files.

    Returns:
        Its path.
    """
    sources.generate(GENERATED)
    others = [*NATIVE_PARTS, LAUNCHER]
    files = sorted(str(p) for p in Path("src").glob("*.c") if str(p) not in others)
    files.append(str(GENERATED / "capi_forward.c"))
    objects = _objects(compiler, files, temporary / "libwasmedge_c")
    exports = GENERATED / "exports.map"
    exports.write_text(EXPORTS, encoding="utf-8")
    path = directory / LIBRARY
    directory.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".so.new")  # a process may have the old one mapped
    compiler.link_shared_object(
        objects,
        str(fresh),
        libraries=["m", "dl"],
        extra_postargs=[
            *_flags()[1],
            f"-Wl,-soname,{LIBRARY}",
            f"-Wl,--version-script,{exports}",
            "-Wl,-z,nodelete",
            *([] if os.environ.get("PYWASMEDGE_SANITIZE") else ["-Wl,-z,defs"]),
        ],
    )
    os.replace(fresh, path)
    return path


def build_launcher(compiler: Any, command: str, directory: Path, temporary: Path) -> Path:
    """Build the program that is installed as a command.

    Args:
        compiler: setuptools' compiler, configured.
        command: one of ``COMMANDS``.
        directory: where to put it.
        temporary: for object files.

    Returns:
        Its path.
    """
    sources.generate(GENERATED)
    objects = compiler.compile(
        [LAUNCHER, "src/python_find.c", "src/streams.c"],
        output_dir=str(temporary / command),
        include_dirs=INCLUDES,
        macros=[("COMMAND", f'"{command}"')],
        extra_postargs=[*_flags()[0], "-fPIE"],
    )
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / command
    compiler.link_executable(objects, str(path), libraries=["dl"], extra_postargs=["-pie"])
    return path


def builder() -> FFI:
    """The configured cffi builder of ``_native``."""
    compile_, link = _flags()
    ffi = FFI()
    ffi.cdef(sources.public_types())
    for header in sources.KERNEL_HEADERS:
        ffi.cdef(sources.plain(sources.SOURCE / header))
    ffi.cdef("bool we_is_bound(void);")
    ffi.cdef('extern "Python+C" {\n' + sources.callbacks() + "\n}")
    ffi.set_source(
        "pywasmedge._native",
        '#include "native.h"',
        sources=NATIVE_PARTS,
        depends=[
            *sorted(str(p) for place in ("src", "include") for p in Path(place).rglob("*.h")),
            "src/build_sources.py",
            "src/build_native.py",
        ],
        include_dirs=INCLUDES,
        extra_compile_args=compile_,
        extra_link_args=[*link, "-Wl,-rpath,$ORIGIN"],
    )
    return ffi
