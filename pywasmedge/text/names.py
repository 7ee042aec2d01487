"""The name section of a text module: what its identifiers called things.

Subsections are those of the specification (appendix A.4.1) and of the proposal "extended name
section", which other tools write as well.
"""

from __future__ import annotations

from . import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .module import Assembler

SUBSECTIONS = {
    "func": 1,
    "local": 2,
    "label": 3,
    "type": 4,
    "table": 5,
    "memory": 6,
    "global": 7,
    "elem": 8,
    "data": 9,
    "field": 10,
    "tag": 11,
}
"""Numbers of the subsections; that of the module's own name is 0."""


def name_section(module: Assembler) -> bytes:
    """The section, or nothing if nothing has a name."""
    fields = {index: space.names for index, space in module.fields.items() if space.names}
    nested = {"local": module.local_names, "label": module.label_names, "field": fields}
    content = b""
    if module.module_name is not None:
        content += b"\0" + encode.sized(encode.text(module.module_name))
    for kind, number in SUBSECTIONS.items():
        if kind in nested:
            found = encode.vector(
                encode.unsigned(index) + _map(names)
                for index, names in sorted(nested[kind].items())
            )
        else:
            found = _map(module.spaces[kind].names)
        if found != b"\0":
            content += bytes((number,)) + encode.sized(found)
    return b"\0" + encode.sized(encode.text("name") + content) if content else b""


def _map(names: dict[int, str]) -> bytes:
    return encode.vector(
        encode.unsigned(index) + encode.text(name) for index, name in sorted(names.items())
    )
