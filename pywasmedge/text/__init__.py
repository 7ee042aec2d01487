"""The text format of WebAssembly (specification, chapter 6): modules to binaries and back.

``assemble`` makes a binary from text, so that everything behind it sees one kind of module;
``script`` reads the scripts of the specification's test suite; ``print_module`` is the way back.
"""

from __future__ import annotations

from .assemble import assemble

__all__ = ["assemble"]
