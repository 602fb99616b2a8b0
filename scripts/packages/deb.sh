#!/bin/sh
# deb.sh x64|arm64 LOCKET OUT VERSION: makes OUT/locket_VERSION_ARCH.deb of the program in the folder LOCKET. PACKING= is xz, with LEVEL=.
set -eu
arch=$1 locket=$2 out=$3 version=$4
here=$(dirname "$(readlink -f "$0")")
top=$(dirname "$(dirname "$here")")
case $arch in x64) arch=amd64 ;; arm64) ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/locket-deb.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
umask 022
"$here/stage.sh" "$locket" "$work" /usr
mkdir -p "$work/etc/locket" "$work/DEBIAN"
chmod 700 "$work/etc/locket"
# No conffile: dpkg would remove it in a purge, also where an installation in /usr/local uses it.
install -D -m 644 "$top/plugin/locket.toml" "$work/usr/share/locket/locket.toml"
cat > "$work/DEBIAN/control" << CONTROL
Package: locket
Version: $version
Architecture: $arch
Maintainer: locket <locket@localhost>
Section: admin
Priority: optional
Depends: libc6 (>= 2.28), libgcc-s1, libstdc++6
Suggests: docker.io
Installed-Size: $(du -sk --exclude DEBIAN "$work" | cut -f1)
Description: secrets for containers, on time and gone when done
 A Docker volume driver that fetches secrets of a secret manager when a
 container starts, and removes them when it has ended; and a command that gives
 secrets to programs.
CONTROL
for script in postinst prerm postrm; do install -m 755 "$here/deb-$script.sh" "$work/DEBIAN/$script"; done
find "$work" -exec touch -hd "@${SOURCE_DATE_EPOCH:-0}" {} +
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-0} dpkg-deb --root-owner-group -Z"${PACKING:-xz}" -z"${LEVEL:-6}" --build "$work" "$out/locket_${version}_$arch.deb" > /dev/null
