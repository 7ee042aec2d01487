#!/bin/sh
# Builds the guests of the call, instantiation, thread and WASI benchmarks; the results are committed.
# Debian 12: apt install clang-14 lld-14
set -eu
cd "$(dirname "$0")"
for name in calls wasi; do
  "${CLANG:-clang-14}" --target=wasm32 -std=c11 -O2 -Wall -Wextra -Wno-unused-parameter -nostdlib \
    -Wl,--no-entry -Wl,--strip-all -o $name.wasm $name.c
done
