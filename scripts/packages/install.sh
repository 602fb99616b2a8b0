#!/bin/sh
# install.sh --from URL|FOLDER [--version V] [--prefix DIR] [--sha256 SUM]: installs locket from a tarball whose checksum it compares.
# install.sh uninstall [--prefix DIR]: takes it away again; /etc/locket and /var/lib/locket stay.
set -eu

fail() { echo "install.sh: $1" >&2; exit 1; }
usage() { fail "$1: install.sh --from URL|FOLDER [--version V] [--prefix DIR] [--sha256 SUM], or install.sh uninstall [--prefix DIR]"; }

action=install from= version=@VERSION@ prefix= sum= units=
while [ $# -gt 0 ]; do
  case $1 in
    uninstall) action=uninstall ;;
    --from | --version | --prefix | --sha256 | --units)
      [ $# -gt 1 ] || usage "$1 has no value"
      case $1 in --from) from=$2 ;; --version) version=$2 ;; --prefix) prefix=$2 ;; --sha256) sum=$2 ;; --units) units=$2 ;; esac
      shift
      ;;
    *) usage "$1 is not known" ;;
  esac
  shift
done
if [ "$(id -u)" = 0 ]; then default=/usr/local; else default=${HOME:?}/.local; fi
prefix=${prefix:-$default}
case $prefix in /*) ;; *) usage "--prefix $prefix is not an absolute path" ;; esac
# The unit of a host: only for root, where systemd runs.
if [ -z "$units" ] && [ "$(id -u)" = 0 ] && [ -d /run/systemd/system ]; then units=/etc/systemd/system; fi
lib=$prefix/lib
reload() { if [ "$units" = /etc/systemd/system ]; then systemctl daemon-reload; fi; }

# Link in the prefix, and its target below lib/locket.
links() {
  cat << LINKS
bin/locket ../lib/locket/bin/locket
lib/docker/cli-plugins/docker-locket ../../locket/bin/locket
share/man/man1/locket.1.gz ../../../lib/locket/share/man/man1/locket.1.gz
share/bash-completion/completions/locket ../../../lib/locket/share/bash-completion/completions/locket
share/zsh/site-functions/_locket ../../../lib/locket/share/zsh/vendor-completions/_locket
share/fish/vendor_completions.d/locket.fish ../../../lib/locket/share/fish/vendor_completions.d/locket.fish
LINKS
}

# folder PATH: makes a folder with those above it, and prints those that were not there.
folder() {
  [ -z "$1" ] || [ -d "$1" ] || { folder "${1%/*}"; mkdir "$1"; echo "$1"; }
}

# versions: the versions in the prefix, one a line.
versions() {
  for version_folder in "$lib"/locket-*-????????????; do
    if [ -x "$version_folder/bin/node" ] && [ -f "$version_folder/lib/start-as.cjs" ]; then echo "$version_folder"; fi
  done
}

# fetch NAME FILE: the file NAME beside the tarball.
fetch() {
  case $from in
    http://* | https://*)
      if command -v curl > /dev/null; then curl -fsSL --proto "=${from%%:*},https" --max-time 600 -o "$2" "${from%/}/$1"
      elif command -v wget > /dev/null; then wget -q -T 600 -O "$2" "${from%/}/$1"
      else fail "neither curl nor wget is here to fetch $1"; fi
      ;;
    *) cp "$from/$1" "$2" ;;
  esac || fail "$1 cannot be fetched from $from"
}

install_it() {
  [ -n "$from" ] || usage "--from says where the tarball is, and is missing"
  case $(uname -sm) in
    'Linux x86_64') arch=x64 ;;
    'Linux aarch64') arch=arm64 ;;
    *) fail "there is no build for $(uname -sm): Linux on x86_64 and aarch64 only" ;;
  esac
  if [ -e "$lib/locket" ] && [ ! -L "$lib/locket" ]; then
    fail "$lib/locket is of another installation: make uninstall, or remove its package, first"
  fi
  links | while read -r link target; do
    if [ -e "$prefix/$link" ] || [ -L "$prefix/$link" ]; then
      [ "$(readlink "$prefix/$link" || true)" = "$target" ] || fail "$prefix/$link is there already, and not of locket; nothing was changed"
    fi
  done || exit 1
  case $sum$from in http://127.0.0.1[:/]* | http://localhost[:/]*) ;; http://*) fail "http:// protects nothing: name an https:// address, or give --sha256" ;; esac
  name=locket-$version-linux-$arch
  made=$(folder "$lib")
  work=$(mktemp -d "$lib/.locket-install.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM HUP
  fetch "$name.tar.gz" "$work/$name.tar.gz"
  if [ -z "$sum" ]; then
    fetch "$name.tar.gz.sha256" "$work/sum"
    read -r sum _ < "$work/sum" || true
  fi
  found=$(sha256sum "$work/$name.tar.gz" | cut -d' ' -f1)
  [ "$found" = "$sum" ] || fail "$name.tar.gz is refused: its checksum is $found and not $sum; nothing was changed"
  tar -xzf "$work/$name.tar.gz" -C "$work" --no-same-owner
  tree=$work/$name/lib/locket
  mv "$work/$name/share" "$work/$name/lib/systemd" "$tree/"
  "$tree/bin/locket" --version > "$work/version" 2>&1 || fail "$name does not start here: $(cat "$work/version")"
  place=$lib/locket-$version-$(printf %.12s "$found")
  # What uninstall takes away: folders that this script has made, now or before.
  {
    cat "$lib/locket/made" 2> /dev/null || true
    echo "$made"
    links | while read -r link target; do folder "$prefix/${link%/*}"; done
  } > "$work/made"
  mv "$work/made" "$tree/made"
  if [ -e "$place" ]; then mv "$place" "$work/before"; fi
  mv "$tree" "$place"
  before=$(readlink "$lib/locket" 2> /dev/null || true)
  # From here on the new one is used: a link is replaced in one step.
  ln -s "${place##*/}" "$work/link"
  mv -T "$work/link" "$lib/locket"
  links | while read -r link target; do
    ln -sfn "$target" "$prefix/$link"
  done
  if [ -n "$units" ]; then
    mkdir -p "$units"
    for unit in locket.service locket-serve.service; do sed "s|@PREFIX@|$prefix|" "$place/systemd/system/$unit" > "$units/$unit"; done
    reload
  fi
  # A daemon that runs may still read the one before.
  versions | while read -r old; do
    case ${old##*/} in "${place##*/}" | "$before") ;; *) rm -rf "$old" ;; esac
  done
  echo "installed $(cat "$work/version") at $prefix/bin/locket; next: locket init, then systemctl enable --now locket"
}

uninstall_it() {
  [ -L "$lib/locket" ] || fail "$lib/locket was not installed by this script"
  used=$(awk '$1 == "locket" && $3 == "tmpfs" && index($2, "/var/lib/locket/") == 1 && $2 !~ "/propagated-mount/" { print "  " $2 }' /proc/self/mounts)
  if [ -n "$used" ]; then
    printf 'install.sh: not uninstalled: these volumes are mounted, and containers may use them:\n%s\n' "$used" >&2
    exit 1
  fi
  if [ "$units" = /etc/systemd/system ]; then systemctl disable --now locket.service locket-serve.service || true; fi
  if [ -n "$units" ]; then rm -f "$units/locket.service" "$units/locket-serve.service"; fi
  links | while read -r link target; do
    if [ "$(readlink "$prefix/$link" || true)" = "$target" ]; then rm -f "$prefix/$link"; fi
  done
  made=$(sort -ru "$lib/locket/made" 2> /dev/null || true)
  rm -f "$lib/locket"
  versions | while read -r old; do rm -rf "$old"; done
  echo "$made" | while read -r old; do [ -z "$old" ] || rmdir "$old" 2> /dev/null || true; done
  reload
  echo "gone; /etc/locket and /var/lib/locket stay: they hold your secrets and your volumes' names"
}

"${action}_it"
