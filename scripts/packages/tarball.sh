#!/bin/sh
# tarball.sh x64|arm64 LOCKET OUT VERSION: makes OUT/locket-VERSION-linux-ARCH.tar.gz with its .sha256, and OUT/install.sh, which reads them.
set -eu
arch=$1 locket=$2 out=$3 version=$4
here=$(dirname "$(readlink -f "$0")")
name=locket-$version-linux-$arch
work=$(mktemp -d "${TMPDIR:-/tmp}/locket-tar.XXXXXX")
trap 'rm -rf "$work"' EXIT
umask 022
"$here/stage.sh" "$locket" "$work/$name" ''
# The installer writes the prefix into the units, which here are those of the source.
cp "$here/../../plugin/locket.service" "$here/../../plugin/locket-serve.service" "$work/$name/lib/systemd/system/"
tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@${SOURCE_DATE_EPOCH:-0}" --format=ustar -cf - "$name" \
  | gzip -"${LEVEL:-9}"n > "$out/$name.tar.gz"
(cd "$out" && sha256sum "$name.tar.gz" > "$name.tar.gz.sha256")
sed "s/@VERSION@/$version/" "$here/install.sh" > "$out/install.sh"
chmod 755 "$out/install.sh"
