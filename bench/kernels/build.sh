#!/bin/sh
# Builds every kernel's .wasm next to its source. Needs clang and wasm-ld (Debian: clang-14 lld-14);
# CLANG picks the compiler. The results are committed, so that benchmarks need no wasm toolchain.
set -eu
cd "$(dirname "$0")"
for source in *.c; do
  name=${source%.c}
  features="-mbulk-memory -msign-ext -mnontrapping-fptoint"
  case $name in
    simd_*) features="$features -msimd128" ;;
    threaded) features="$features -mtail-call" ;;
  esac
  # shellcheck disable=SC2086
  "${CLANG:-clang-14}" --target=wasm32 -std=c11 -O2 -Wall -Wextra -fno-math-errno $features -nostdlib \
    -Wl,--no-entry -Wl,--strip-all -Wl,-z,stack-size=262144 -o "$name.wasm" "$source"
done
