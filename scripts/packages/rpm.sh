#!/bin/sh
# rpm.sh x64|arm64 LOCKET OUT VERSION: makes OUT/locket-VERSION-1.ARCH.rpm of the program in the folder LOCKET. LEVEL= is that of zstd.
set -eu
arch=$1 locket=$2 out=$3 version=$4
here=$(dirname "$(readlink -f "$0")")
top=$(dirname "$(dirname "$here")")
case $arch in x64) arch=x86_64 ;; arm64) arch=aarch64 ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/locket-rpm.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/files
"$here/stage.sh" "$locket" "$root" /usr
# Where Fedora's zsh looks.
mv "$root/usr/share/zsh/vendor-completions" "$root/usr/share/zsh/site-functions"
mkdir -p "$root/etc/locket"
install -D -m 644 "$top/plugin/locket.toml" "$root/usr/share/locket/locket.toml"
find "$root" -exec touch -hd "@${SOURCE_DATE_EPOCH:-0}" {} +
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-0} rpmbuild -bb --quiet --target "$arch-linux" --dbpath "$work/db" \
  --define "_topdir $work" --define "_rpmdir $work/out" --define "_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm" \
  --define "given_version $version" --define "given_files $root" --define "_binary_payload w${LEVEL:-10}.zstdio" \
  --define '_buildhost localhost' --define 'use_source_date_epoch_as_buildtime 1' --define 'clamp_mtime_to_source_date_epoch 1' \
  "$here/locket.spec" > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
mv "$work"/out/*.rpm "$out/"
