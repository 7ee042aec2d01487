"""``python -m pywasmedge``: the ``wasmedge`` command."""

from __future__ import annotations

from .cli.wasmedge import main

if __name__ == "__main__":
    main()
