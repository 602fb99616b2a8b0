#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
# Node writes compiled code beside the program.
case $1 in remove | purge) rm -rf /usr/lib/locket ;; esac
# The settings, the secrets of the embedded store, and the names of volumes.
if [ "$1" = purge ]; then rm -rf /etc/locket /var/lib/locket; fi
