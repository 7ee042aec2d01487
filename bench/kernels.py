"""The kernels: what each exercises and how much work it gets (about 80 ms natively)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DIRECTORY = Path(__file__).parent / "kernels"


@dataclass(frozen=True, slots=True)
class Kernel:
    """A benchmark kernel: ``run(n)`` in ``kernels/NAME.c`` and ``kernels/NAME.wasm``.

    Attributes:
        name: stem of its files.
        character: what its time goes to.
        n: the argument that makes it run for some 80 ms.
    """

    name: str
    character: str
    n: int

    @property
    def source(self) -> Path:
        """The C source."""
        return DIRECTORY / f"{self.name}.c"

    @property
    def wasm(self) -> Path:
        """The prebuilt binary."""
        return DIRECTORY / f"{self.name}.wasm"


KERNELS = (
    Kernel("ackermann", "calls", 45),
    Kernel("fib", "calls", 38),
    Kernel("queens", "calls", 14),
    Kernel("tak", "calls", 2_400),
    Kernel("indirect", "indirect calls", 42_000_000),
    Kernel("methods", "indirect calls", 30_000_000),
    Kernel("quicksort", "indirect calls", 70),
    Kernel("interp", "branch table", 3_000_000),
    Kernel("threaded", "tail calls", 7_000_000),
    Kernel("bits", "integer", 4_700_000),
    Kernel("collatz", "integer", 400_000),
    Kernel("gcd", "integer", 930_000),
    Kernel("mul64", "integer", 13_000_000),
    Kernel("sieve", "integer", 82),
    Kernel("aes", "cryptography", 1_250_000),
    Kernel("chacha20", "cryptography", 730_000),
    Kernel("sha256", "cryptography", 18_000),
    Kernel("mandelbrot", "float", 1_200),
    Kernel("matmul", "float", 170),
    Kernel("nbody", "float", 880_000),
    Kernel("spectralnorm", "float", 240),
    Kernel("simd_bytes", "vectors", 15_000),
    Kernel("simd_pixels", "vectors", 9_000),
    Kernel("chase", "memory", 1_900_000),
    Kernel("gather", "memory", 27_000_000),
    Kernel("hashtable", "memory", 4_800_000),
    Kernel("triad", "memory", 104),
    Kernel("malloc", "allocation", 1_050),
    Kernel("base64", "bytes", 3_500),
    Kernel("json", "bytes", 2_000),
    Kernel("lz", "bytes", 236),
    Kernel("strings", "bytes", 2_550),
    Kernel("utf8", "bytes", 700),
    Kernel("wordcount", "bytes", 420),
)
