#!/bin/sh
# The browser of `make test-browser`, on Debian as root. Does nothing where one is there.
set -eu
for name in chromium chromium-browser google-chrome chrome; do
    command -v "$name" >/dev/null && exit 0
done
[ "$(id -u)" = 0 ] || { echo "install_browser.sh: run it as root; missing: chromium" >&2; exit 1; }
apt-get update --quiet=2
DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends chromium fonts-dejavu-core >/dev/null
