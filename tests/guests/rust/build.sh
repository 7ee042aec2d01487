#!/bin/sh
# Build the guests in Rust. Nobody needs this to run the tests: the .wasm files are committed.
#
# Debian 12: apt install clang-14 lld-14 (for the C in the crate ring); Rust 1.95: rustup target add wasm32-wasip1
set -eu
cd "$(dirname "$0")"
target="${CARGO_TARGET_DIR:-/tmp/pywasmedge-guests}"
export CC_wasm32_wasip1="${CC:-clang-14}" AR_wasm32_wasip1="${AR:-llvm-ar-14}"

# Messages of panics name sources: as crates, not as places on the machine that builds.
registry="$(echo "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*)"
export RUSTFLAGS="--remap-path-prefix=$registry=crates"

cargo build --locked --release --target wasm32-wasip1 --target-dir "$target"
for source in src/bin/*.rs; do
    cp "$target/wasm32-wasip1/release/$(basename "$source" .rs).wasm" .
done
