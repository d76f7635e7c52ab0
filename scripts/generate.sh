#!/usr/bin/env bash
# generate.sh FOLDER writes the generated files below the folder, in the layout of the repository.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
out=$(cd "$1" && pwd)
cd "$root"
scripts/need.sh protoc protobuf-compiler
PATH="$root/bin/tools:$PATH" protoc -I protocol \
    --go_out="$out" --go_opt=module=github.com/segno-jobs/segno \
    --connect-go_out="$out" --connect-go_opt=module=github.com/segno-jobs/segno \
    segno.proto
