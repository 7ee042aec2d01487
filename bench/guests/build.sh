#!/bin/sh
# Builds the guests of the call, instantiation and thread benchmarks; the results are committed.
# Debian 12: apt install clang-14 lld-14
set -eu
cd "$(dirname "$0")"
"${CLANG:-clang-14}" --target=wasm32 -std=c11 -O2 -Wall -Wextra -nostdlib \
  -Wl,--no-entry -Wl,--strip-all -o calls.wasm calls.c
