#!/bin/sh
# image-rootfs.sh DIST: makes DIST/image, the sidecar image's context, of DIST/plugin/rootfs. Files are hard links: it takes no room.
set -eu
dist=$1
root=$dist/image/rootfs
rm -rf "$dist/image"
mkdir -p "$dist/image/writable"
chmod 755 "$dist/image/writable"
cp -al "$dist/plugin/rootfs" "$root" || { rm -rf "$root"; cp -a "$dist/plugin/rootfs" "$root"; }
# Of the plugin alone.
rm -rf "$root/run" "$root/var" "$root/locket/build-id"
# The entry point: the same program, which sees by its name that its first word is for `locket inject`.
cp "$root/locket/bin/locket" "$root/locket/bin/sidecar"
# Without templates there is nothing to write, which is no error.
mkdir -p "$root/run/secrets" "$root/templates"
