#!/usr/bin/env bash
# check-generated.sh fails if a generated file in the repository is not what its source gives now.
set -euo pipefail

cd "$(dirname "$0")/.."
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
scripts/generate.sh "$fresh"
# The version of protoc itself stands in a comment and differs from one Debian to the next.
if ! diff --recursive --brief --ignore-matching-lines '^//.*protoc  *(\?v' protocol/segnov1 "$fresh/protocol/segnov1" ||
    ! diff --brief web/src/data/schema.ts "$fresh/web/src/data/schema.ts"; then
    echo "generated files are out of date: run make generate" >&2
    exit 1
fi
