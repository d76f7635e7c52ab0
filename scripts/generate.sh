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

# The console's types, from the API's description.
description=$(mktemp)
trap 'rm -f "$description"' EXIT
go run ./cmd/conductor openapi >"$description"
mkdir -p "$out/web/src/data"
web/node_modules/.bin/openapi-typescript "$description" --output "$out/web/src/data/schema.ts" >/dev/null 2>&1 ||
    { echo "openapi-typescript failed on the API's description" >&2 && exit 1; }
