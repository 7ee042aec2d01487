"""The text format of WebAssembly (specification, chapter 6): modules to binaries and back.

``assemble`` makes a binary from text, so that everything behind it sees one kind of module;
``script.read`` reads the scripts of the specification's test suite. What is here costs nothing
until it is called.
"""

from __future__ import annotations


def assemble(text: str | bytes) -> bytes:
    """The binary of a text module: ``(module ...)`` or the fields of one.

    Identifiers are kept in a name section. Nothing is validated.

    Args:
        text: the module; bytes are UTF-8. At most 1 GiB.

    Returns:
        The module in the binary format.

    Raises:
        WatError: the text is malformed.
    """
    from .assembly import assemble

    return assemble(text)


def print_module(binary: bytes, *, folded: bool = False) -> str:
    """The text of a binary module, valid or not.

    Names come from the name section. What is printed assembles to the same bytes, if all numbers
    in the binary have their shortest form and there is no section count that nothing needs.

    Args:
        binary: the module.
        folded: print operands inside of what consumes them, ``(i32.add (local.get 0) ...)``.

    Raises:
        LoadError: the binary is malformed.
    """
    from .printer import print_module

    return print_module(binary, folded=folded)
