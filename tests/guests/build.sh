#!/bin/sh
# Build the guests. Nobody needs this to run the tests: the .wasm files are committed.
#
# Debian 12: apt install clang-14 lld-14 wasi-libc libclang-rt-14-dev-wasm32
set -eu
cd "$(dirname "$0")"
CC="${CC:-clang-14} -std=gnu11 -Wall -Wextra -Werror"

# Whole programs: _start, exit code, WASI.
for name in hello args files clock echo wordcount alloc indirect; do
    $CC --target=wasm32-wasi -Oz -s "$name.c" -o "$name.wasm"
done

# Programs that import nothing; names are kept for backtraces.
for name in trap recurse spin; do
    $CC --target=wasm32 -O1 -fno-inline -Wno-infinite-recursion -nostdlib "$name.c" -o "$name.wasm"
done

# A program for wasi_unstable, without the C library, which is for today's interface.
$CC --target=wasm32-wasi -Oz -s -mbulk-memory -nostdlib preview0.c -o preview0.wasm

# A library: _initialize instead of _start; a host calls what is marked EXPORT.
$CC --target=wasm32-wasi -O2 -s -mexec-model=reactor library.c -o library.wasm
