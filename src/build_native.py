"""Builds ``pywasmedge._native``: the kernel in C and its cffi binding, one shared object.

``setup.py`` runs this file through cffi. Build switches are environment variables:
``PYWASMEDGE_SANITIZE=address,undefined`` compiles the kernel with these sanitizers. The faults of
guests must be left to the kernel then::

    LD_PRELOAD=$(gcc -print-file-name=libasan.so) \\
    ASAN_OPTIONS=handle_segv=0:handle_sigbus=0:handle_sigill=0:detect_leaks=0 \\
    python -m pytest tests/test_kernel_traps.py
"""

from __future__ import annotations

import os
from pathlib import Path

from cffi import FFI

SOURCE = Path("src")
PARTS = [
    "atomic_wait.c",
    "code.c",
    "fault.c",
    "instance.c",
    "interrupt.c",
    "invoke.c",
    "machine_x86_64.c",
    "memory.c",
    "module.c",
    "pages.c",
    "pybuffer.c",
    "table.c",
    "thread.c",
    "trap.c",
    "type.c",
]
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


def declarations(header: str) -> str:
    """The plain declarations of a header of ``src/``: all lines but the preprocessor's."""
    lines = (SOURCE / header).read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("#"))


def builder() -> FFI:
    """The configured cffi builder."""
    flags = list(FLAGS)
    link = ["-pthread"]
    if sanitizers := os.environ.get("PYWASMEDGE_SANITIZE"):
        flags += [f"-fsanitize={sanitizers}", "-fno-sanitize-recover=undefined"]
        link += [f"-fsanitize={sanitizers}"]
    ffi = FFI()
    ffi.cdef(declarations("instance.h"))
    ffi.cdef(declarations("kernel.h"))
    ffi.cdef('extern "Python+C" {\n' + declarations("callbacks.h") + "\n}")
    ffi.embedding_api("")
    ffi.embedding_init_code("import pywasmedge")
    ffi.set_source(
        "pywasmedge._native",
        '#include "kernel.h"',
        sources=[str(SOURCE / name) for name in PARTS],
        depends=[str(path) for path in sorted(SOURCE.glob("*.h"))],
        include_dirs=[str(SOURCE)],
        libraries=["m"],
        extra_compile_args=flags,
        extra_link_args=link,
    )
    return ffi
