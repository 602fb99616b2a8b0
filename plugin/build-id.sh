#!/bin/sh
# build-id.sh PLUGIN: makes the rootfs differ from every other one. The engine refuses a second plugin with the same content.
set -eu
echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) $(cat /proc/sys/kernel/random/uuid)" > "$1/rootfs/locket/build-id"
