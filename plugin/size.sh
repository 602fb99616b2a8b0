#!/bin/sh
# size.sh PLUGIN: says how large the rootfs is when it is sent, and fails above the limit.
set -eu
bytes=$(tar -C "$1/rootfs" -cf - . | gzip -6 | wc -c)
awk -v bytes="$bytes" -v plugin="$1" \
  'BEGIN { printf "%s: rootfs %.1f MiB as a gzipped tar (at most 64)\n", plugin, bytes / 1048576; exit bytes > 64 * 1048576 }'
