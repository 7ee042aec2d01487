"""The benchmark's kernels compute what the same C computes natively, in every tier."""

from __future__ import annotations

from pathlib import Path

import pytest

from pywasmedge import VM, Configure, Proposal, Tier

KERNELS = Path(__file__).parents[2] / "bench" / "kernels"

NATIVE = {
    "ackermann": 0x0BD44E54BE36E8E3,
    "fib": 0x0000000000000022,
    "queens": 0x0000000000000160,
    "tak": 0x77E06F926351D095,
    "indirect": 0x0000000000000008,
    "methods": 0x40B4B269E239AE98,
    "quicksort": 0x1986593B9F036953,
    "interp": 0x00000000038AE915,
    "threaded": 0x9B5AEAC764BF5B15,
    "bits": 0xB626576F78982957,
    "collatz": 0x00000000000000F0,
    "gcd": 0x95E97D716484FE0A,
    "mul64": 0x3423C16CBBBE8FEA,
    "sieve": 0x37ADA2ECD0113DDF,
    "aes": 0x08E8B31BF18E0DA9,
    "chacha20": 0x0004FE0B13205CE2,
    "sha256": 0xFFEBC1C7EF146C18,
    "mandelbrot": 0x000000000000288A,
    "matmul": 0xC06D8F0000000000,
    "nbody": 0x85A9999BBD38F8B4,
    "spectralnorm": 0x3FF4633895DEE5AB,
    "simd_bytes": 0x22A4945099C0908D,
    "simd_pixels": 0x415281F54A787C50,
    "chase": 0x00000004BBA773DB,
    "gather": 0x01AA36B6D69448FC,
    "hashtable": 0x0000000000000000,
    "triad": 0x41E1C7AAAAAAAAAA,
    "malloc": 0x2087B36468582F32,
    "base64": 0x0B6F98B7D05D6B15,
    "json": 0x2173AC7E2114C1C8,
    "lz": 0xB9407A0D862A978F,
    "strings": 0xEA82513A987F76B0,
    "utf8": 0x5FCA93D38870D0E8,
    "wordcount": 0xC0F4293708316BF4,
}
"""Result of ``run(9)`` compiled with gcc -O2."""


def test_every_kernel_is_here() -> None:
    assert {path.stem for path in KERNELS.glob("*.wasm")} == set(NATIVE)


@pytest.mark.parametrize("tier", list(Tier))
@pytest.mark.parametrize("name", list(NATIVE))
def test_result_is_that_of_native_code(name: str, tier: Tier) -> None:
    configure = Configure(tier=tier)
    configure.add_proposal(Proposal.TAIL_CALL)
    with VM(configure) as vm:
        vm.load_wasm_from_file(KERNELS / f"{name}.wasm")
        vm.validate()
        vm.instantiate()
        assert vm.execute("run", 9) % 2**64 == NATIVE[name]
