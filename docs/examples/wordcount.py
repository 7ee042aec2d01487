"""Runs a WASI program in a sandbox, and calls functions of a library.

The sources of both guests are in tests/guests. Usage: python wordcount.py FILE
"""

from __future__ import annotations

import sys
from pathlib import Path

import pywasmedge

GUESTS = Path(__file__).resolve().parents[2] / "tests" / "guests"


def count_words(file: Path) -> None:
    """Run the program on ``file``; all it can see is the folder the file is in."""
    wasi = pywasmedge.WASI(args=["wordcount", file.name], preopens={".": file.resolve().parent})
    with pywasmedge.VM() as vm:
        vm.register_module(wasi)
        vm.run_wasm_from_file(GUESTS / "wordcount.wasm")


def sum_of_squares(count: int) -> int:
    """Let the library add numbers that Python writes into its memory."""
    with pywasmedge.VM() as vm:
        vm.load_wasm_from_file(GUESTS / "library.wasm")
        vm.validate()
        library = vm.instantiate().exports
        library._initialize()
        at = library.allocate(4 * count)
        memory = memoryview(library.memory)
        memory[at : at + 4 * count].cast("i")[:] = memoryview(
            b"".join((n * n).to_bytes(4, sys.byteorder) for n in range(count))
        ).cast("i")
        total: int = library.sum(at, count)
        library.release(at)
        return total


def main() -> int:
    """Show both."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    count_words(Path(sys.argv[1]))
    print("sum of the squares below 1000:", sum_of_squares(1000))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except pywasmedge.Exit as end:
        sys.exit(end.exit_code)
