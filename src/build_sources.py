"""What the build derives from the headers: the one place where each fact is stated.

======================  ========================================================================
generated file          from
======================  ========================================================================
``kernel_table.h``      ``kernel.h`` and what it includes, ``contexts.h``, ``callbacks.h``: the
``kernel_calls.h``      tables through which the two shared objects call each other
``capi_forward.c``      the public headers and ``pywasmedge/capi/*.py``: the exported functions
                        that are written in Python
``messages.inc``        ``pywasmedge/base/errors.py``: text and phase of each error code
``wasi_abi.h``          ``pywasmedge/wasi/abi.py``: its numbers, as ``WASI_...``
``python_build.h``      the interpreter that runs the build, unless ``PYWASMEDGE_PORTABLE`` is set
======================  ========================================================================
"""

from __future__ import annotations

import hashlib
import os
import re
import runpy
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"
INCLUDE = ROOT / "include"
CAPI = ROOT / "pywasmedge" / "capi"
KERNEL_HEADERS = ("instance.h", "statistics.h", "wasi.h", "kernel.h", "contexts.h")
"""Read by cffi, in this order; the functions they declare are given to Python."""
PUBLIC_HEADERS = ("wasmedge.h", "plugin.h", "text.h")
"""With the exported functions; the second has those that WasmEdge 0.10.0 lacks."""
PYTHON_PREFIX = "we_py_"
"""What the names of functions written in Python start with, on the C side."""


class Parameter(NamedTuple):
    """A parameter of a C function: its declaration and its name."""

    declaration: str
    name: str

    @property
    def is_pointer(self) -> bool:
        """Whether it is a pointer."""
        return "*" in self.declaration


class Function(NamedTuple):
    """A function of the public header."""

    returns: str
    name: str
    parameters: tuple[Parameter, ...]
    nullable: frozenset[str]
    """Names of the pointers that may be NULL."""


_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


def plain(header: Path) -> str:
    """The declarations of a header: no comments, no preprocessor lines, no ``extern "C"``."""
    text = _COMMENT.sub("", header.read_text(encoding="utf-8"))
    text = re.sub(r"^#(?:.*\\\n)*.*\n", "", text, flags=re.MULTILINE)
    return re.sub(r'extern "C" \{|^\}\s*$|__extension__', "", text, flags=re.MULTILINE)


def public_functions(headers: Sequence[str] = PUBLIC_HEADERS) -> list[Function]:
    """All exported functions of these public headers, in order."""
    text = "".join([(INCLUDE / "wasmedge" / name).read_text(encoding="utf-8") for name in headers])
    declaration = re.compile(
        r"(?P<comment>/\*\*(?:(?!\*/).)*\*/\s*)?"
        r"WASMEDGE_CAPI_EXPORT\s+(?:extern\s+)?(?P<returns>[^;()]*?)(?P<name>WasmEdge_\w+)"
        r"\s*\((?P<parameters>[^)]*)\);",
        re.DOTALL,
    )
    functions = []
    for match in declaration.finditer(text):
        nullable = frozenset(
            name
            for line in re.findall(r"@nullable\s+([\w ,]+)", match["comment"] or "")
            for name in re.findall(r"\w+", line)
        )
        items = " ".join(match["parameters"].split()).split(", ")
        parameters = [
            Parameter(item, re.findall(r"\w+", item)[-1]) for item in items if item != "void"
        ]
        returns = " ".join(match["returns"].split())
        functions.append(Function(returns, match["name"], tuple(parameters), nullable))
    return functions


def public_types() -> str:
    """The types of the public headers for cffi; only the address of a value matters to Python."""
    enums = [plain(INCLUDE / "wasmedge" / f"enum_{n}.h") for n in ("configure", "errcode", "types")]
    text = "".join([plain(INCLUDE / "wasmedge" / name) for name in PUBLIC_HEADERS])
    text = re.sub(r"WASMEDGE_CAPI_(?:PLUGIN_)?EXPORT[^;]*;", "", text)
    value = re.compile(r"typedef struct WasmEdge_Value \{.*?\} WasmEdge_Value;", re.DOTALL)
    return "\n".join([*enums, value.sub("typedef struct WasmEdge_Value WasmEdge_Value;", text)])


def python_functions() -> list[Function]:
    """The public functions that ``pywasmedge/capi`` defines."""
    defined = {
        name
        for path in sorted(CAPI.glob("*.py"))
        for name in re.findall(r"^def (WasmEdge_\w+)\(", path.read_text("utf-8"), re.MULTILINE)
    }
    return [function for function in public_functions() if function.name in defined]


def python_name(function: Function) -> str:
    """The C name of the Python part of a public function."""
    return PYTHON_PREFIX + function.name.removeprefix("WasmEdge_")


def prototype(function: Function, name: str) -> str:
    """The C prototype of a function under another name."""
    parameters = ", ".join([p.declaration for p in function.parameters]) or "void"
    star = "" if function.returns.endswith("*") else " "
    return f"{function.returns}{star}{name}({parameters})"


def callbacks() -> str:
    """Prototypes of everything that Python implements and C calls."""
    api = "\n".join([f"{prototype(f, python_name(f))};" for f in python_functions()])
    return plain(SOURCE / "callbacks.h") + "\n" + api


def declared(text: str) -> list[str]:
    """Names of the functions that plain declarations declare."""
    return re.findall(r"^[\w][\w *]*?\b(\w+)\([^;{]*\);", text, re.MULTILINE)


def kernel_table() -> str:
    """``kernel_table.h``."""
    headers = [plain(SOURCE / name) for name in KERNEL_HEADERS]
    kernel = [name for text in headers for name in declared(text)]
    python = declared(callbacks())
    prototypes = "\n".join([f"{prototype(f, python_name(f))};" for f in python_functions()])
    facts = " ".join("".join([*headers, callbacks(), public_types()]).split())
    lines = [
        "/* Generated by src/build_sources.py. */",
        f'#define WE_DIGEST "{hashlib.sha256(facts.encode()).hexdigest()[:16]}"',
        "#define WE_KERNEL_FUNCTIONS(X) \\",
        *[f"  X({name}) \\" for name in kernel],
        "",
        "#define WE_PYTHON_FUNCTIONS(X) \\",
        *[f"  X({name}) \\" for name in python],
        "",
        prototypes,
    ]
    return "\n".join(lines) + "\n"


def call_macros() -> str:
    """``kernel_calls.h``: lets ``_native`` call the kernel through its table, under its names."""
    headers = [plain(SOURCE / name) for name in KERNEL_HEADERS]
    names = [name for text in headers for name in declared(text)]
    lines = [f"#define {name} (we_bound_kernel->{name})" for name in names]
    return "\n".join(["/* Generated by src/build_sources.py. */", *lines]) + "\n"


_FAILURES = {
    "WasmEdge_Result": "result({code})",
    "WasmEdge_String": "(WasmEdge_String){{0, NULL}}",
    "WasmEdge_Limit": "(WasmEdge_Limit){{false, 0, 0}}",
    "bool": "false",
    "uint32_t": "0",
    "uint64_t": "0",
    "double": "0.0",
    "void": "",
}
_FAILING_EXIT_CODE = {"WasmEdge_ModuleInstanceWASIGetExitCode": "1"}
_NULL_CONTEXT, _NO_PYTHON = "0x04", "0x02"


def failure(function: Function, code: str) -> str:
    """What a function returns for NULL contexts or without Python."""
    if function.name in _FAILING_EXIT_CODE:
        return _FAILING_EXIT_CODE[function.name]
    if function.returns.endswith("*"):
        return "NULL"
    return _FAILURES[function.returns].format(code=code)


def forwarders() -> str:
    """``capi_forward.c``."""
    lines = ["/* Generated by src/build_sources.py. */", '#include "bridge.h"', '#include "capi.h"']
    for function in python_functions():
        needed = [p.name for p in function.parameters if p.is_pointer]
        tests = " || ".join([f"{name} == NULL" for name in needed if name not in function.nullable])
        arguments = ", ".join([p.name for p in function.parameters])
        call = f"we_bound_python.{python_name(function)}({arguments})"
        lines.append(f"\n{prototype(function, function.name)} {{")
        if tests:
            lines.append(f"  if ({tests}) return {failure(function, _NULL_CONTEXT)};")
        lines.append(f"  if (!python_ready()) return {failure(function, _NO_PYTHON)};")
        lines.append(f"  {'' if function.returns == 'void' else 'return '}{call};")
        lines.append("}")
    return "\n".join(lines) + "\n"


def messages() -> str:
    """``messages.inc``."""
    names = runpy.run_path(str(ROOT / "pywasmedge" / "base" / "errors.py"), {}, "errors")
    lines = [
        "/* Generated by src/build_sources.py. */",
        "static const struct {",
        "  const char *message, *phase;",
        "} messages[256] = {",
    ]
    lines += [
        f'  [{int(code)}] = {{"{code.message}", "{code.phase}"}},'
        for code in names["ErrCode"]
        if code not in names["SHOWN_AS"]
    ]
    lines += ["};", "/* What hosts get for codes that the API does not have. */"]
    shown = [f"[{int(code)}] = {int(other)}" for code, other in names["SHOWN_AS"].items()]
    lines.append(f"static const uint8_t shown_as[256] = {{{', '.join(shown)}}};")
    return "\n".join(lines) + "\n"


def wasi_abi() -> str:
    """``wasi_abi.h``."""
    names = runpy.run_path(str(ROOT / "pywasmedge" / "wasi" / "abi.py"), {}, "abi")
    numbers = {n: value for n, value in names.items() if n.isupper() and isinstance(value, int)}
    lines = [f"#define WASI_{name} {value:#x}" for name, value in numbers.items()]
    return "\n".join(["/* Generated by src/build_sources.py. */", *lines]) + "\n"


def python_build() -> str:
    """``python_build.h``."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    facts = {
        "PYTHON_EXECUTABLE": sys.executable,
        "PYTHON_BASE_EXECUTABLE": getattr(sys, "_base_executable", sys.executable),
        "PYTHON_VERSION": version,
        "PYTHON_LIBRARY_DIR": sysconfig.get_config_var("LIBDIR") or "",
        "PYTHON_LIBRARY": sysconfig.get_config_var("INSTSONAME") or f"libpython{version}.so.1.0",
    }
    if os.environ.get("PYWASMEDGE_PORTABLE"):
        facts = dict.fromkeys(facts, "")
    lines = [f'#define {name} "{value}"' for name, value in facts.items()]
    return "\n".join(["/* Generated by src/build_sources.py. */", *lines]) + "\n"


def generate(directory: Path) -> None:
    """Write all generated files to ``directory``; files that would not change are left alone."""
    directory.mkdir(parents=True, exist_ok=True)
    files = {
        "kernel_table.h": kernel_table(),
        "kernel_calls.h": call_macros(),
        "capi_forward.c": forwarders(),
        "messages.inc": messages(),
        "wasi_abi.h": wasi_abi(),
        "python_build.h": python_build(),
    }
    for name, text in files.items():
        path = directory / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
