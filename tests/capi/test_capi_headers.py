"""The public headers: equal to the published interface, usable alone, documented throughout.

Programs made from the list of everything in the interface are compiled against the headers. What
they assert is checked by the compiler, so none of them runs.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import capi_host
import pytest
import testdata
from capi_host import INCLUDE, LIBRARY, WARNINGS, compiler

sys.path.insert(0, str(capi_host.ROOT / "src"))
import build_sources

ADDITIONS = [INCLUDE / "wasmedge" / name for name in ("plugin.h", "text.h")]
"""Headers of functions that WasmEdge 0.10.0 lacks."""
HEADERS = sorted(set((INCLUDE / "wasmedge").glob("*.h")).difference(ADDITIONS))
"""Those it has."""
PRIVATE_EXPORT = "pywasmedge_kernel"
"""The one exported symbol without a public declaration, for our own second object."""
MOST_COLUMNS = 110


@cache
def api() -> dict[str, Any]:
    """The published interface."""
    text = testdata.require("capi/wasmedge-0.10.0-api.json").read_text()
    found: dict[str, Any] = json.loads(text)
    return found


def check(source: str, standard: str = "c11", *flags: str) -> None:
    """Compile a program with warnings as errors; ``standard`` also chooses the language."""
    language = "c++" if "++" in standard else "c"
    done = subprocess.run(
        [
            compiler(language),
            f"-std={standard}",
            *WARNINGS,
            f"-I{INCLUDE}",
            "-fsyntax-only",
            *flags,
            *("-x", language, "-"),
        ],
        input=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def program(*lines: str) -> str:
    """A program that includes everything."""
    return "\n".join(["#include <stddef.h>", "#include <wasmedge/wasmedge.h>", *lines, ""])


def signature(row: dict[str, Any], name: str = "") -> str:
    """The type of a function or callback as C writes it."""
    parameters = ", ".join([p["type"] for p in row["params"]]) or "void"
    return f"{row['returns']} {name}({parameters})"


def same_type(c: str, expected: str) -> str:
    """An assertion that two C types are the same."""
    return f'_Static_assert(__builtin_types_compatible_p({c}, {expected}), "{c}");'


def same_value(c: str, expected: int) -> str:
    """An assertion about a constant expression."""
    return f'_Static_assert(({c}) == {expected}, "{c}");'


# --- equal to the published interface ---------------------------------------------------------


def test_functions_have_the_published_types() -> None:
    rows = api()["functions"]
    assert len(rows) == 208
    check(program(*[same_type(f"__typeof__({r['name']})", signature(r)) for r in rows]))


def test_functions_have_the_published_types_in_cxx() -> None:
    """C++ also tells an enumeration from an integer, and has no functions without prototype."""
    same = "static_assert(std::is_same<decltype({}), {}>::value, {});"
    lines = [
        same.format(r["name"], signature(r), json.dumps(r["name"])) for r in api()["functions"]
    ]
    check(program("#include <type_traits>", *lines), "c++17")


def test_the_headers_declare_these_functions_with_these_parameters() -> None:
    published = {r["name"]: [p["name"] for p in r["params"]] for r in api()["functions"]}
    functions = build_sources.public_functions(["wasmedge.h"])
    assert {f.name: [p.name for p in f.parameters] for f in functions} == published
    assert set(declarations()) == set(published)


def test_enumerators_have_the_published_values() -> None:
    lines = []
    for enum in api()["enums"]:
        lines.append(same_value(f"sizeof(enum {enum['name']})", enum["size_bytes"]))
        lines += [same_value(v["name"], v["value"]) for v in enum["values"]]
    check(program(*lines))


def test_there_are_no_other_enumerators() -> None:
    bodies = re.findall(r"^enum (\w+) \{(.*?)^\};", public_text(), re.MULTILINE | re.DOTALL)
    found = {name: re.findall(r"\b(WasmEdge_\w+) = ", body) for name, body in bodies}
    assert found == {e["name"]: [v["name"] for v in e["values"]] for e in api()["enums"]}


def test_structs_have_the_published_layout() -> None:
    lines = []
    for struct in api()["structs"]:
        name = struct["name"]
        lines.append(same_type(f"struct {struct['tag']} *", f"{name} *"))
        if struct["opaque"]:
            lines.append(f"struct {struct['tag']} {{ int free; }};")
            continue
        lines.append(same_value(f"sizeof({name})", struct["size_bytes"]))
        lines.append(same_value(f"_Alignof({name})", struct["align_bytes"]))
        for field in struct["fields"]:
            member = f"(({name} *)0)->{field['name']}"
            lines.append(same_type(f"__typeof__({member})", field["type"]))
            lines.append(same_value(f"sizeof({member})", field["size_bytes"]))
            offset = f"offsetof({name}, {field['name']})"
            lines.append(same_value(offset, field["offset_bytes"]))
    check(program(*lines))


def test_structs_have_the_published_fields_in_order() -> None:
    structs = r"^typedef struct (WasmEdge_\w+) \{(.*?)^\}"
    bodies = re.findall(structs, public_text(), re.MULTILINE | re.DOTALL)
    found = {name: re.findall(r"^  .*?(\w+);", body, re.MULTILINE) for name, body in bodies}
    assert found == {
        s["name"]: [f["name"] for f in s["fields"]] for s in api()["structs"] if not s["opaque"]
    }


def test_callbacks_have_the_published_types() -> None:
    check(program(*[same_type(r["name"], signature(r, "(*)")) for r in api()["callbacks"]]))


def test_128_bit_integers() -> None:
    lines = []
    for row in api()["typedefs"]:
        lines.append(same_type(row["name"], row["on_x86_64_and_aarch64"]))
        lines.append(same_value(f"sizeof({row['name']})", row["size_bytes"]))
    check(program("#if defined(__x86_64__) || defined(__aarch64__)", *lines, "#endif"))


def test_128_bit_integers_elsewhere() -> None:
    lines = []
    for row in api()["typedefs"]:
        name = row["name"]
        assert re.sub(r"\s+", " ", row["elsewhere"]).startswith(f"struct {name} {{")
        lines.append(same_type(name, f"struct {name}"))
        lines.append(same_value(f"sizeof({name})", row["size_bytes"]))
        for offset, field in enumerate(re.findall(r"(\w+ \w+);", row["elsewhere"])):
            type_, member = field.split()
            lines.append(same_type(f"__typeof__((({name} *)0)->{member})", type_))
            lines.append(same_value(f"offsetof({name}, {member})", 8 * offset))
    undefine = ["#undef __x86_64__", "#undef __aarch64__"]
    include = ["#include <stddef.h>", "#include <stdint.h>", *undefine]
    check("\n".join([*include, '#include "wasmedge/int128.h"', *lines, ""]))


def macros(source: str) -> dict[str, str]:
    """What the preprocessor knows of ours after ``source``."""
    done = subprocess.run(
        [compiler(), f"-I{INCLUDE}", "-E", "-dM", "-x", "c", "-"],
        input=source,
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.findall(r"^#define (WASMEDGE_\w+|WasmEdge_\w+) ?(.*)$", done.stdout, re.MULTILINE)
    return dict(found)


def test_macros_have_the_published_values() -> None:
    published = {row["name"]: row for row in api()["macros"] if row["header"]}
    found = macros(program())
    assert set(found) == set(published)
    for name, row in published.items():
        if name.startswith("WASMEDGE_VERSION"):
            assert found[name] == row["value"]
        elif row["meaning"] == "include guard":
            assert found[name] == ""
    assert found["WASMEDGE_CAPI_EXPORT"] in published["WASMEDGE_CAPI_EXPORT"]["value"]


def test_result_macros() -> None:
    rows = [row for row in api()["macros"] if row["name"].startswith("WasmEdge_Result_")]
    codes = {row["name"]: re.search(r"Code (0x\w\w)", row["value"]) for row in rows}
    assert len(codes) == 3
    check(program(*[same_type(f"__typeof__({name})", "WasmEdge_Result") for name in codes]))
    lines = [
        f'static_assert({name}.Code == {code[1]}, "{name}");'
        for name, code in codes.items()
        if code
    ]
    assert len(lines) == 3
    check(program(*lines), "c++17")


# --- usable by hosts --------------------------------------------------------------------------

USES_MACROS = """
static WasmEdge_Result plain(void *Data, WasmEdge_MemoryInstanceContext *MemCxt,
                             const WasmEdge_Value *Params, WasmEdge_Value *Returns) {
  if (Data != NULL) return WasmEdge_Result_Terminate;
  if (MemCxt != NULL || Params != NULL || Returns != NULL) return WasmEdge_Result_Fail;
  return WasmEdge_Result_Success;
}
WasmEdge_HostFunc_t used = plain;
"""


@pytest.mark.parametrize("standard", ["c99", "c11", "c17", "c++17"])
def test_compiles_without_warnings(standard: str) -> None:
    only_c = () if "++" in standard else ("-pedantic", "-Wstrict-prototypes")
    check(program(USES_MACROS), standard, *only_c)


def test_each_header_can_be_included_alone() -> None:
    listed = [row for row in api()["headers"] if row["must_define"]]
    assert {row["name"] for row in listed} == {f"wasmedge/{path.name}" for path in HEADERS}
    for row in listed:
        needed = "#include <stdint.h>\n" if row["name"] == "wasmedge/int128.h" else ""
        for standard in ("c99", "c++17"):
            check(f"{needed}#include <{row['name']}>\n#include <{row['name']}>\n", standard)


@pytest.mark.parametrize("path", ADDITIONS, ids=lambda path: path.name)
def test_additions_have_a_header_of_their_own(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "0.10.0" in comments(text)[0]
    for standard in ("c99", "c11", "c17", "c++17"):
        check(f"#include <wasmedge/{path.name}>\n" * 2, standard)
    added = {f.name for f in build_sources.public_functions([path.name])}
    assert added and added.isdisjoint({row["name"] for row in api()["functions"]})


def test_headers_include_what_is_published() -> None:
    for row in api()["headers"]:
        path = INCLUDE / row["name"]
        if path.exists():
            assert re.findall(r'#include [<"](.+)[>"]', path.read_text()) == row["includes"]


def test_functions_have_c_linkage() -> None:
    """In C++, a second declaration inside ``extern "C"`` conflicts with one that has none."""
    lines = [f'extern "C" {signature(r, r["name"])};' for r in api()["functions"]]
    check(program(*lines), "c++17")


# --- documented -------------------------------------------------------------------------------

EXPORT = "WASMEDGE_CAPI_EXPORT"
_DOCUMENTED = re.compile(
    rf"(?:^/\*\*((?:(?!\*/).)*)\*/\n)?^{EXPORT} extern ([^;]*?)\b(WasmEdge_\w+)\s*\(([^;]*)\);$",
    re.MULTILINE | re.DOTALL,
)


def public_text() -> str:
    """All headers, one after the other."""
    return "\n".join([path.read_text(encoding="utf-8") for path in HEADERS])


def comments(text: str) -> list[str]:
    """All comments of a text."""
    return re.findall(r"/\*.*?\*/", text, re.DOTALL)


def declarations() -> dict[str, str]:
    """The documentation comments of the functions, as one line each; empty if there is none."""
    text = (INCLUDE / "wasmedge" / "wasmedge.h").read_text(encoding="utf-8")
    found = {m[3]: re.sub(r"\s+(?:\* ?)?", " ", m[1] or "") for m in _DOCUMENTED.finditer(text)}
    assert text.count(f"\n{EXPORT}") == len(found)
    return found


def test_every_function_has_a_comment() -> None:
    texts = {name: re.sub(r"@nullable[\w ]*", "", text) for name, text in declarations().items()}
    assert [name for name, text in texts.items() if len(text.split()) < 3] == []


def test_comments_name_parameters_that_exist() -> None:
    functions = {f.name: f for f in build_sources.public_functions()}
    callbacks = {row["name"] for row in api()["callbacks"]}
    pointers = {
        row["name"]: {
            p["name"] for p in row["params"] if p["type"].endswith("*") or p["type"] in callbacks
        }
        for row in api()["functions"]
    }
    for name, text in declarations().items():
        known = {p.name for p in functions[name].parameters}
        assert set(re.findall(r"@param (\w+)", text)) <= known, name
        assert functions[name].nullable <= pointers[name], name
        stated = re.search(r"@nullable ([\w ]*\w)", text)
        assert functions[name].nullable == set(stated[1].split() if stated else []), name


def test_what_is_nullable_everywhere() -> None:
    """Configurations, parameters and results of calls, and what the file's comment calls lists."""
    counts = {"Params": "ParamLen", "Returns": "ReturnLen"}
    for function in build_sources.public_functions():
        names = [p.name for p in function.parameters]
        if function.name.endswith("Create"):
            assert {"ConfCxt"} & set(names) <= function.nullable, function.name
        for array, count in counts.items():
            if count in names and array in names:
                assert array in function.nullable, function.name
        assert "ASTCxt" not in function.nullable
        assert not (function.name.endswith("Delete") and function.nullable)


def test_types_macros_and_enumerators_have_comments() -> None:
    """Before the declaration, or behind it for fields, enumerators and opaque types."""
    before = r"/\*\*(?:(?!\*/).)+\*/\n(?:#if[^\n]*\n)*"
    behind = r",? +/\*\*< \w"
    patterns = {}
    for enum in api()["enums"]:
        patterns[enum["name"]] = rf"{before}enum {enum['name']} \{{"
        for value in enum["values"]:
            patterns[value["name"]] = rf"^  {value['name']} = \w+{behind}"
    for struct in api()["structs"]:
        name = struct["name"]
        patterns[name] = rf"{before}typedef struct {name} \{{"
        if struct["opaque"]:
            patterns[name] = rf"^typedef struct {name} {name};{behind}"
        for field in struct["fields"]:
            patterns[f"{name}.{field['name']}"] = rf"^  [\w *]+\b{field['name']};{behind}"
    for row in [*api()["typedefs"], *api()["callbacks"]]:
        patterns[row["name"]] = rf"{before}(?:__extension__ )?typedef [^\n;]*\b{row['name']}\b"
    for row in api()["macros"]:
        if row["header"] and row["meaning"] != "include guard":
            patterns[row["name"]] = rf"{before}#define {row['name']} "
    text = public_text()
    flags = re.MULTILINE | re.DOTALL
    assert [name for name, known in patterns.items() if not re.search(known, text, flags)] == []


def test_comments_refer_to_what_exists() -> None:
    functions = {row["name"] for row in api()["functions"]}
    values = {v["name"]: v["value"] for enum in api()["enums"] for v in enum["values"]}
    known = functions | values.keys()
    for key in ("structs", "enums", "callbacks", "macros"):
        known |= {row["name"] for row in api()[key]}
    for comment in comments(public_text()):
        assert EXPORT not in comment
        assert set(re.findall(r"\bWasmEdge_\w+", comment)) - {"WasmEdge_Process"} <= known
        for number, name in re.findall(r"(0x[0-9A-F]{2}) \(?([A-Z]\w+)", comment):
            assert values[f"WasmEdge_ErrCode_{name}"] == int(number, 16), (number, name)


def test_layout_of_the_text() -> None:
    for path in (*HEADERS, *ADDITIONS):
        for number, line in enumerate(path.read_text(encoding="ascii").splitlines(), 1):
            assert len(line) <= MOST_COLUMNS and line == line.rstrip(), f"{path.name}:{number}"


# --- the built library ------------------------------------------------------------------------


def tool(name: str, *arguments: str) -> str:
    """What a program of binutils says about the library."""
    if not LIBRARY.exists():
        pytest.skip(f"{LIBRARY.name} is not built")
    program = shutil.which(name) or pytest.skip(f"{name} is not on the path")
    return subprocess.run(
        [program, *arguments, str(LIBRARY)], capture_output=True, text=True, check=True
    ).stdout


def test_the_library_exports_the_functions_and_nothing_else() -> None:
    lines = tool("nm", "-D", "--defined-only").splitlines()
    found = {name: kind for _, kind, name in (line.split() for line in lines)}
    functions = {f.name for f in build_sources.public_functions()}
    assert set(found) == functions | {PRIVATE_EXPORT}
    assert {found[name] for name in functions} == {"T"}


def test_the_private_export_is_declared_in_the_sources() -> None:
    texts = [path.read_text() for path in build_sources.SOURCE.glob("*.h")]
    assert any(re.search(rf"\b{PRIVATE_EXPORT}\b", text) for text in texts)


def test_soname() -> None:
    assert re.findall(r"SONAME.*\[(.*)\]", tool("readelf", "-d")) == ["libwasmedge_c.so"]
