"""The name section: names for people, however broken the section is."""

from __future__ import annotations

import pytest
import wasmbuild as wb

from pywasmedge.base.config import Configure
from pywasmedge.module.ast import Module
from pywasmedge.module.loader import load
from pywasmedge.module.names import display_name, function_name, read_names


def subsection(kind: int, content: bytes) -> bytes:
    return wb.section(kind, content)


def name_map(names: dict[int, str]) -> bytes:
    return wb.vec(wb.uleb(index) + wb.name(text) for index, text in names.items())


FUNCTIONS = subsection(1, name_map({0: "log", 1: "main", 3: "süß"}))
LOCALS = subsection(
    2,
    wb.vec([wb.uleb(1) + name_map({0: "argc", 1: "argv"}), wb.uleb(3) + name_map({2: "i"})]),
)
MODULE = subsection(0, wb.name("prog"))


def module(*subsections: bytes) -> Module:
    binary = wb.wasm(
        types=["->"],
        imports=[("env", "x", "global", wb.global_type("i32")), ("env", "print", "func", 0)],
        funcs=[0, 0, 0],
        exports=[("start", "func", 2), ("glob", "global", 0), ("main!", "func", 1)],
        code=[wb.body("")] * 3,
        customs=wb.custom("name", b"".join(subsections)) if subsections else b"",
    )
    return load(binary, Configure())


def test_module_function_and_local_names() -> None:
    names = read_names(module(MODULE, FUNCTIONS, LOCALS))
    assert names.module == "prog"
    assert names.functions == {0: "log", 1: "main", 3: "süß"}
    assert names.locals(1) == {0: "argc", 1: "argv"}
    assert names.locals(3) == {2: "i"}
    assert names.locals(2) == {}
    assert names.function(3) == "süß"
    assert names.function(2) is None


def test_without_a_name_section_there_are_no_names() -> None:
    names = read_names(module())
    assert (names.module, names.functions, names.locals(0)) == (None, {}, {})


def test_display_names_fall_back_to_export_import_and_index() -> None:
    assert display_name(module(FUNCTIONS), 1) == "main"
    bare = module()
    assert [display_name(bare, i) for i in range(5)] == [
        "env.print",
        "main!",
        "start",
        "function[3]",
        "function[4]",
    ]


def test_only_the_first_name_section_counts() -> None:
    binary = (
        wb.PREAMBLE
        + wb.custom("name", subsection(0, wb.name("one")))
        + wb.custom("name", subsection(0, wb.name("two")))
    )
    assert read_names(load(binary, Configure())).module == "one"


@pytest.mark.parametrize(
    ("section", "functions"),
    [
        (b"\1", {}),
        (b"\1\x80", {}),
        (b"\1\x7f\2\0\1a", {0: "a"}),
        (subsection(1, b"\xff\xff\xff\xff\x0f" + b"\0\1a"), {0: "a"}),
        (subsection(1, b"\2\0\1a\1\1\xff"), {0: "a"}),
        (subsection(1, b"\2\0\1a\1\5b"), {0: "a"}),
        (subsection(0, b"\x09x") + FUNCTIONS, {0: "log", 1: "main", 3: "süß"}),
        (subsection(99, b"junk") + FUNCTIONS, {0: "log", 1: "main", 3: "süß"}),
        (b"\0\xff\xff\xff\xff\xff\xff" + FUNCTIONS, {}),
    ],
)
def test_a_malformed_section_gives_what_can_be_read(
    section: bytes, functions: dict[int, str]
) -> None:
    broken = module(section)
    names = read_names(broken)
    assert names.functions == functions
    assert names.module is None
    assert names.locals(0) == {}
    assert function_name(broken, 0) == functions.get(0)


def test_every_truncation_of_a_name_section_is_harmless() -> None:
    whole = MODULE + FUNCTIONS + LOCALS
    expected = {0: "log", 1: "main", 3: "süß"}
    for length in range(len(whole)):
        names = read_names(module(whole[:length] or b"\0"))
        assert names.functions.items() <= expected.items()
        assert names.locals(3).items() <= {2: "i"}.items()
