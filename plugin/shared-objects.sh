#!/bin/sh
# shared-objects.sh x64|arm64 FOLDER NAME...: copies glibc's and the compiler's shared objects into FOLDER.
# For this machine's processor they come from this machine, for another one from Debian's packages.
set -eu
arch=$1 folder=$2
shift 2
top=$(dirname "$(dirname "$(readlink -f "$0")")")
case $arch in
  x64) debian=amd64 triplet=x86_64-linux-gnu machine=x86_64 ;;
  arm64) debian=arm64 triplet=aarch64-linux-gnu machine=aarch64 ;;
esac

from_this_machine() {
  ldd "$top/node_modules/node-linux-$arch/bin/node" | awk -v name="$1" \
    '{ path = $2 == "=>" ? $3 : $1; base = path; sub(".*/", "", base); if (base == name) { print path; exit } }'
}

from_debian() {
  find "$("$top/plugin/debian-root.sh" "$debian")" -path "*/$triplet/$1" | head -n 1
}

mkdir -p "$folder"
for name; do
  if [ "$(uname -m)" = "$machine" ]; then path=$(from_this_machine "$name"); else path=$(from_debian "$name"); fi
  [ -n "$path" ] || { echo "shared-objects.sh: no $name for $arch" >&2; exit 1; }
  cp -L "$path" "$folder/$name"
done
