#!/bin/sh
set -e
[ "$1" = remove ] || exit 0
used=$(awk '$1 == "locket" && $3 == "tmpfs" && index($2, "/var/lib/locket/") == 1 && $2 !~ "/propagated-mount/" { print "  " $2 }' /proc/self/mounts 2> /dev/null || true)
if [ -n "$used" ]; then
  printf 'locket is not removed: these volumes are mounted, and containers may use them:\n%s\n' "$used" >&2
  echo "stop the containers and remove the volumes with docker volume rm, then try again" >&2
  exit 1
fi
if [ -d /run/systemd/system ]; then systemctl disable --now locket.service locket-serve.service || true; fi
