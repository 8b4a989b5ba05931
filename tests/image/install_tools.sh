#!/bin/sh
# What `make test-image` builds and runs images with, on Debian and Ubuntu as root. Does nothing where it is all there.
set -eu
packages="buildah podman runc uidmap netavark skopeo docker-registry mmdebstrap iproute2"
missing=""
for package in $packages; do
    dpkg --status "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
[ "$(id -u)" = 0 ] || { echo "install_tools.sh: run it as root; missing:$missing" >&2; exit 1; }
apt-get update --quiet=2
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends $missing >/dev/null
