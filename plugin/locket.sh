#!/bin/sh
# Starts locket with the Node that came with it, wherever this folder lies and whoever linked to it. By the link's name the program
# knows who calls: the Docker CLI starts `docker-locket`. A variable of this script must not have the name of a variable that the
# command of `exec` may inherit.
held_program=$(readlink -f "$0")
held_here=${held_program%/*}
if [ "${1-}" = exec ]; then
  # What Node changes when it starts, so that `exec` can put it back: the soft limit of open files, the mask of ignored signals, and
  # the inherited descriptors. One with O_CLOEXEC (02000000) belongs to this shell.
  HELD_START=$(
    exec 2> /dev/null
    printf %s "$(ulimit -Sn)"
    while read -r name value; do
      [ "$name" != SigIgn: ] || printf ' %s' "$value"
    done < /proc/self/status
    for fd in /proc/self/fd/*; do
      fd=${fd##*/}
      [ "$fd" -gt 2 ] && [ -e "/proc/self/fdinfo/$fd" ] || continue
      while read -r name value; do
        case $name$value in
          flags:*[2367]??????) ;;
          flags:*) printf ' %s' "$fd" ;;
        esac
      done < "/proc/self/fdinfo/$fd"
    done
  )
  export HELD_START
fi
# Node reads every --env-file before a --, even behind the program, and would end when there is no such file.
# SIGUSR1 would open a debugger.
exec "$held_here/node" --disable-sigusr1 -- "$held_here/../lib/start-as.cjs" "$0" "$@"
