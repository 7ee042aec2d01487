#!/bin/sh
# Makes the .wasm files of this directory (with wat2wasm of wabt); they are committed.
set -e
cd "$(dirname "$0")"
for source in *.wat; do
  wat2wasm --debug-names "$source" -o "${source%.wat}.wasm"
done
