#!/usr/bin/env bash
# audit.sh asks the public databases for known vulnerabilities of what Segno is built of. It fails where there are some,
# and says clearly where a database could not be reached: then nothing is known, in either direction.
set -euo pipefail

cd "$(dirname "$0")/.."
found=0 unknown=0
output=$(mktemp)
trap 'rm -f "$output"' EXIT

# examine NAME UNREACHABLE COMMAND… tells a finding from a database that could not be reached.
examine() {
    local name=$1 unreachable=$2
    shift 2
    echo "== $name"
    if "$@" >"$output" 2>&1; then
        echo "no known vulnerability"
    elif grep -qiE "$unreachable" "$output"; then
        grep -iE -m 1 "$unreachable" "$output"
        echo "NOT CHECKED: the database of $name could not be reached from here"
        unknown=1
    else
        cat "$output"
        found=1
    fi
}

examine govulncheck 'fetching vulnerabilities' bin/tools/govulncheck ./...
examine 'npm audit' 'audit endpoint returned an error|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN' npm --prefix web audit --audit-level=low

if ((found)); then
    echo "audit: vulnerabilities were found"
    exit 1
elif ((unknown)); then
    echo "audit: incomplete, see NOT CHECKED above"
else
    echo "audit: nothing found"
fi
