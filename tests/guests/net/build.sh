#!/bin/sh
# Build the guests that use sockets. Nobody needs this to run the tests: the .wasm files are committed.
#
# Debian 12: apt install clang-14 lld-14 wasi-libc libclang-rt-14-dev-wasm32
set -eu
cd "$(dirname "$0")"
CC="${CC:-clang-14} -std=gnu11 -Wall -Wextra -Werror"

for name in tcp_echo udp_echo http_server http_client lookup chat poll_echo; do
    $CC --target=wasm32-wasi -Oz -s "$name.c" -o "$name.wasm"
done
