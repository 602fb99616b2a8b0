#!/bin/sh
set -e
if [ "$1" = configure ] && [ ! -e /etc/locket/locket.toml ]; then install -m 600 /usr/share/locket/locket.toml /etc/locket/locket.toml; fi
if [ "$1" = configure ] && [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
  # An upgrade has replaced the files of a daemon that runs. Mounted volumes stay as they are. A daemon that does not start again, because
  # of its settings or its provider, is no reason to leave the package half installed.
  if [ -n "$2" ]; then
    for unit in locket locket-serve; do systemctl try-restart "$unit.service" || echo "$unit was not restarted: journalctl -u $unit"; done
  fi
fi
