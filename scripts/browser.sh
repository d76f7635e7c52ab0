#!/usr/bin/env bash
# browser.sh prints the path of a Chromium for the browser tests: the one that CHROMIUM names, the machine's own, or
# Debian's package, which it installs where there is none.
set -euo pipefail

if [[ -n ${CHROMIUM:-} ]]; then
    echo "$CHROMIUM"
    exit 0
fi
for name in chromium chromium-browser google-chrome; do
    if command -v "$name"; then
        exit 0
    fi
done
"$(dirname "$0")/need.sh" chromium chromium
command -v chromium
