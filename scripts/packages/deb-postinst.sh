#!/bin/sh
set -e
if [ "$1" = configure ] && [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  # An upgrade has replaced the files of a daemon that runs. Mounted volumes stay as they are.
  if [ -n "$2" ]; then systemctl try-restart locket.service locket-serve.service; fi
fi
