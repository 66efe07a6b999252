#!/bin/sh
# What make interop needs: Debian's packages, where there is root to install them, and Node's, of exact
# versions, into a folder that git ignores.
set -eu
cd "$(dirname "$0")"

missing=
need() { # PROGRAM PACKAGE...
	command -v "$1" >/dev/null || { shift; missing="$missing $*"; }
}
need node nodejs
need npm npm
need apache2 apache2-bin
for package in python3-jwt python3-authlib python3-requests python3-cryptography libapache2-mod-auth-openidc; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
	if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
		echo "make interop needs these packages of Debian:$missing" >&2
		exit 1
	fi
	echo "running: apt-get update && apt-get install -y --no-install-recommends$missing"
	apt-get update
	# shellcheck disable=SC2086 # names of packages, one word each
	apt-get install -y --no-install-recommends $missing
fi
npm ci --prefix node --no-fund --no-audit
