#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
# Node writes compiled code beside the program.
case $1 in remove | purge) rm -rf /usr/lib/locket ;; esac
[ "$1" = purge ] || exit 0
# Volumes that another installation, or a program that was started by hand, has mounted.
if awk 'index($2, "/var/lib/locket/") == 1 { found = 1 } END { exit !found }' /proc/self/mounts; then
  echo "locket is not purged: volumes are mounted below /var/lib/locket, and containers may use them" >&2
  exit 1
fi
if [ -e /usr/local/lib/locket ]; then
  echo "/etc/locket and /var/lib/locket stay: the installation in /usr/local uses them"
  exit 0
fi
# The settings, the secrets of the embedded store, and the names of volumes.
rm -rf /etc/locket /var/lib/locket
