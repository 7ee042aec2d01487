"""The persistent cache: where it is, how its files are written and read, what modules are in it.

Code in it is bytes here; what becomes of them is said in ``prepare/kept.py``. Nothing here raises
for what a disk or another process can do: what cannot be read is as if it were not there, and what
cannot be written is not kept.
"""

from __future__ import annotations

import sys


def flush() -> None:
    """Save all that is new now: before the process ends without Python's doing.

    By itself that happens from time to time.
    """
    saver = sys.modules.get(f"{__name__}.saver")
    if saver is not None:
        saver.flush()
