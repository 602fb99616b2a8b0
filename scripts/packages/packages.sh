#!/bin/sh
# packages.sh DIST OUT: makes OUT/: a .deb, a .rpm and a tarball with its checksum, of the program in DIST for this processor and, where it
# was built, in DIST/ARCH for the other one.
set -eu
dist=$1 out=$2
here=$(dirname "$(readlink -f "$0")")
version=$(node -p 'require(process.argv[1]).version' "$here/../../package.json")
rm -rf "$out"
mkdir -p "$out"
out=$(readlink -f "$out")
case $(uname -m) in aarch64) own=arm64 other=x64 ;; *) own=x64 other=arm64 ;; esac
for arch in $own $other; do
  locket=$dist/locket
  [ "$arch" = "$own" ] || locket=$dist/$arch/locket
  [ -d "$locket" ] || continue
  for kind in deb rpm tarball; do "$here/$kind.sh" "$arch" "$locket" "$out" "$version"; done
done
(cd "$out" && ls -l | awk 'NR > 1 { printf "%s: %.1f MiB\n", $NF, $5 / 1048576 }' | grep -v -e sha256 -e install.sh)
