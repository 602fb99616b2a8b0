#!/bin/sh
# install.sh install|uninstall DESTDIR PREFIX: dist/locket onto this host, with two systemd units; or away again.
set -eu
action=$1 dest=$2 prefix=$3
top=$(dirname "$(dirname "$(readlink -f "$0")")")
program=$prefix/lib/locket
units=/etc/systemd/system
# Where the Docker CLI and Compose look for plugins, below /usr/local and /usr. For another prefix the folder has to be named in
# cliPluginsExtraDirs of docker's config.json.
plugins=$prefix/lib/docker/cli-plugins

# Speaks to systemd only on the host itself, never for a package's DESTDIR.
systemd() { [ -n "$dest" ] || [ ! -d /run/systemd/system ] || systemctl "$@"; }

# is_ours PATH: true for what this script puts there, and for nothing. A link of install.sh of the tarballs is neither.
is_ours() {
  [ -e "$1" ] || [ -L "$1" ] || return 0
  case $1 in
    "$dest$program") [ ! -L "$1" ] && [ -x "$1/bin/node" ] && [ -f "$1/lib/start-as.cjs" ] ;;
    "$dest$prefix/bin/locket") [ "$(readlink "$1")" = ../lib/locket/bin/locket ] ;;
    "$dest$plugins/docker-locket") [ "$(readlink "$1")" = ../../locket/bin/locket ] ;;
    *) grep -q "^ExecStart=$prefix/bin/locket " "$1" ;;
  esac
}

# refuse_others WORD: ends the script for a file of somebody else in the place of one of ours.
refuse_others() {
  for place in "$prefix/bin/locket" "$program" "$plugins/docker-locket" "$units/locket.service" "$units/locket-serve.service"; do
    is_ours "$dest$place" && continue
    echo "not $1: $dest$place is not of this installation: move it away, or name another PREFIX; nothing was changed" >&2
    exit 1
  done
}

install_it() {
  refuse_others installed
  mkdir -p "$dest$prefix/lib" "$dest$prefix/bin" "$dest$plugins" "$dest$units" "$dest/etc/locket"
  rm -rf "$dest$program.new"
  cp -a "$top/dist/locket" "$dest$program.new"
  rm -rf "$dest$program"
  mv "$dest$program.new" "$dest$program"
  ln -sf ../lib/locket/bin/locket "$dest$prefix/bin/locket"
  ln -sf ../../locket/bin/locket "$dest$plugins/docker-locket"
  for unit in locket.service locket-serve.service; do
    sed "s|@PREFIX@|$prefix|" "$top/plugin/$unit" > "$dest$units/$unit"
  done
  chmod 700 "$dest/etc/locket"
  if [ ! -e "$dest/etc/locket/locket.toml" ]; then install -m 600 "$top/plugin/locket.toml" "$dest/etc/locket/locket.toml"; fi
  systemd daemon-reload
  echo "installed $dest$prefix/bin/locket; next: locket init, or edit /etc/locket/locket.toml; then systemctl enable --now locket, and locket-serve for a broker"
}

# The mounted volumes of a daemon on this host, one a line. Those of a managed plugin do not need this program.
mounted() {
  awk -v dest="$dest/" '$1 == "locket" && $3 == "tmpfs" && index($2, dest) == 1 && $2 !~ "/propagated-mount/" { print "  " $2 }' \
    /proc/self/mounts
}

uninstall_it() {
  used=$(mounted)
  if [ -n "$used" ]; then
    printf 'not uninstalled: these volumes are mounted, and containers may use them:\n%s\n' "$used" >&2
    echo "stop the containers and remove the volumes with docker volume rm, then try again" >&2
    exit 1
  fi
  refuse_others uninstalled
  systemd disable --now locket.service locket-serve.service || true
  rm -rf "$dest$program"
  rm -f "$dest$prefix/bin/locket" "$dest$plugins/docker-locket" "$dest$units/locket.service" "$dest$units/locket-serve.service"
  rmdir "$dest$plugins" "$dest$prefix/lib/docker" 2> /dev/null || true
  systemd daemon-reload
  echo "gone; /etc/locket and /var/lib/locket stay: they hold your secrets and your volumes' names"
}

"${action}_it"
