#!/bin/sh
# What make browser needs: Chromium and Node from Debian, where there is root to install them, and
# Playwright's library, of an exact version, into a folder that git ignores.
set -eu
cd "$(dirname "$0")"

missing=
need() { # PROGRAM PACKAGE
	command -v "$1" >/dev/null || missing="$missing $2"
}
need chromium chromium
need node nodejs
need npm npm
if [ -n "$missing" ]; then
	if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
		echo "make browser needs these packages of Debian:$missing" >&2
		exit 1
	fi
	echo "running: apt-get update && apt-get install -y --no-install-recommends$missing"
	apt-get update
	# shellcheck disable=SC2086 # names of packages, one word each
	apt-get install -y --no-install-recommends $missing
fi
npm ci --no-fund --no-audit
