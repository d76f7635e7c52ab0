#!/usr/bin/env bash
# need.sh COMMAND PACKAGE installs the Debian package if the command is missing.
set -euo pipefail

command=$1 package=$2
command -v "$command" >/dev/null && exit 0

if [[ $(id -u) -ne 0 ]] || ! command -v apt-get >/dev/null; then
    echo "$command is missing: install it (Debian's package is $package), or run as root on Debian to have it installed" >&2
    exit 1
fi
echo "installing $package" >&2
export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -qq -o DPkg::Lock::Timeout=300)
"${apt[@]}" update >&2
"${apt[@]}" install --yes --no-install-recommends "$package" >&2
