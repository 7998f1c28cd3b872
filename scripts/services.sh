#!/bin/sh
# As root on Debian: installs the programs that some tests drive, where they are missing. Never fails: a test whose
# program is missing is skipped, and pytest's summary says so.
set -eu
cd "$(dirname "$0")"
MISSING=
want() { command -v "$1" >/dev/null 2>&1 || MISSING="$MISSING $2"; }
want chromium chromium
want redis-server redis-server
want rabbitmqctl rabbitmq-server  # not rabbitmq-server: asking that for its version starts it
want prometheus-alertmanager prometheus-alertmanager

[ -n "$MISSING" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "tocsin set-up: tests that need these are skipped:$MISSING (root on Debian installs them)" >&2
    exit 0
fi
for package in $MISSING; do
    echo "tocsin set-up: installs $package for the tests" >&2
    sh ./apt.sh "$package" || echo "tocsin set-up: $package is not to be had; tests that need it are skipped" >&2
done
