"""Runs a WASI program (tests/guests/wordcount.c) on a file and calls functions of a library.

Usage: python docs/examples/wordcount.py FILE
"""

from __future__ import annotations

import sys
from pathlib import Path

import pywasmedge

GUESTS = Path(__file__).resolve().parents[2] / "tests" / "guests"


def main(file: Path) -> int:
    """Count the words of ``file`` in a sandbox that sees only its folder."""
    configuration = pywasmedge.Configure()
    configuration.host_registrations.add(pywasmedge.HostRegistration.WASI)
    with pywasmedge.VM(configuration) as vm:
        vm.wasi.init(args=["wordcount", file.name], preopens={".": file.resolve().parent})
        vm.run_wasm_from_file(GUESTS / "wordcount.wasm", "_start")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
