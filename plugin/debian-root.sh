#!/bin/sh
# debian-root.sh amd64|arm64: prints a folder with the unpacked Debian packages whose files a rootfs for that processor gets. It fetches
# them into build/ when they are not there.
set -eu
debian=$1
packages='dash libatomic1 libc6 libgcc-s1 libstdc++6'
top=$(dirname "$(dirname "$(readlink -f "$0")")")
root=$top/build/debian-$debian
state=$top/build/apt-$debian
if [ "$(cat "$root/done" 2> /dev/null)" != "$packages" ]; then
  rm -rf "$root" "$state"
  mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$root"
  : > "$state/status"
  set -- -qq -o APT::Architecture="$debian" -o APT::Architectures="$debian" -o Dir::State="$state" \
    -o Dir::State::lists="$state/lists" -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache" \
    -o APT::Sandbox::User=root -o Acquire::Languages=none
  apt-get "$@" update >&2
  # shellcheck disable=SC2086 # one word per package
  (cd "$state" && apt-get "$@" download $packages >&2)
  for package in "$state"/*.deb; do dpkg -x "$package" "$root"; done
  echo "$packages" > "$root/done"
fi
echo "$root"
