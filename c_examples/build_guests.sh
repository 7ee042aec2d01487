#!/bin/sh
# Makes the .wasm files; they are committed, so nobody needs this to build or run the examples.
# Debian 12: apt install wabt clang-14 lld-14 wasi-libc libclang-rt-14-dev-wasm32
set -eu
cd "$(dirname "$0")"
for text in *.wat; do
  wat2wasm "$text"
done
for program in wasi_guest plugins/zlib_guest plugins/process_guest; do
  "${CLANG:-clang-14}" --target=wasm32-wasi -std=c11 -Oz -s -Wall -Wextra -Werror "$program.c" -o "$program.wasm"
done
