"""Limits of this implementation (spec appendix A.2); those of the JavaScript interface.

They bound what a small hostile binary can make the runtime do. A count above its limit is a
:class:`LoadError` "length out of bounds" (0x27), too many locals are 0x30.
"""

from __future__ import annotations

MAX_MODULE_SIZE = 1 << 30
"""Bytes of a binary."""
MAX_TYPES = 1_000_000
MAX_FUNCTIONS = 1_000_000
MAX_IMPORTS = 1_000_000
MAX_EXPORTS = 1_000_000
MAX_GLOBALS = 1_000_000
MAX_TABLES = 100_000
MAX_MEMORIES = 100
MAX_ELEMENT_SEGMENTS = 10_000_000
MAX_SEGMENT_ELEMENTS = 10_000_000
"""References in one element segment."""
MAX_DATA_SEGMENTS = 100_000
MAX_PARAMS = 1_000
MAX_RESULTS = 1_000
MAX_LOCALS = 50_000
"""Locals declared by one function."""
MAX_NAME = 100_000
"""Bytes of an import's, export's or custom section's name."""
