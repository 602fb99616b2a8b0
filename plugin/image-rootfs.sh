#!/bin/sh
# image-rootfs.sh x64|arm64 DIST: makes DIST/image, the sidecar image's context, of DIST/plugin/rootfs. Files are hard links: they take
# no room.
set -eu
arch=$1 dist=$2
top=$(dirname "$(dirname "$(readlink -f "$0")")")
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

# The launcher, which answers a health check in a twentieth of Node's time, and the shell that it needs. The shell lies in a folder
# of no PATH, under a name that nobody calls: `docker exec ... sh` finds none (ADR 0050).
case $arch in
  x64) debian=amd64 machine=x86_64 ;;
  arm64) debian=arm64 machine=aarch64 ;;
esac
if [ "$(uname -m)" = "$machine" ]; then
  "$top/scripts/debian-packages.sh" dash:dash
  dash=$(command -v dash) from=
else
  from=$("$top/plugin/debian-root.sh" "$debian")
  dash=$(find "$from" -path '*bin/dash' -type f | head -n 1)
fi
install -m 755 "$dash" "$root/locket/lib/dash"
for licence in "$from/usr/share/doc/dash/copyright" "$from/usr/share/licenses/dash/COPYING"; do
  if [ -f "$licence" ]; then break; fi
done
install -m 644 "$licence" "$root/locket/LICENSES/dash"
{ echo '#!/locket/lib/dash' && sed 1d "$top/plugin/locket.sh"; } > "$root/locket/bin/launcher"
chmod 755 "$root/locket/bin/launcher"
node "$top/scripts/build/check-rootfs.ts" "$arch" "$root"
