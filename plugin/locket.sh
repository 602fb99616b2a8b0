#!/bin/sh
# Starts locket with the Node that came with it, wherever this folder lies and whoever linked to it. By the link's name the program
# knows who calls: the Docker CLI starts `docker-locket`. A variable of this script must not have the name of a variable that the
# command of `exec` may inherit.
# A link is followed. Without one, no program has to be started to find the folder.
if [ -L "$0" ] || [ "${0%/*}" = "$0" ]; then held_program=$(readlink -f "$0"); else held_program=$0; fi
held_here=${held_program%/*}
if [ "${1-}" = healthcheck ]; then
  # Answers that all is well without Node, in a thirtieth of its time. Any other answer, and what is not understood here, is left to
  # src/cli/healthcheck.ts: other flags, a status file with a backslash, more than one line or more than 64 paths.
  held_status= held_list= held_count=0
  case $#${2-} in
    1) held_status=${LOCKET_STATUS_FILE:-/dev/shm/locket/ready} ;;
    2--status-file=*) held_status=${2#--status-file=} ;;
    3--status-file) held_status=$3 ;;
  esac
  case $held_status in
    /*) [ -f "$held_status" ] && [ -r "$held_status" ] && { read -r held_list < "$held_status" || :; } ;;
  esac
  case $held_list in
    '[]' | '["/'*'"]')
      case $held_list in *\\*) held_count=99 ;; esac
      held_list=${held_list#[} held_list=${held_list%]}
      while [ -n "$held_list" ] && [ "$held_count" -lt 64 ]; do
        held_list=${held_list#\"}
        held_path=${held_list%%\"*}
        held_list=${held_list#*\"}
        held_list=${held_list#,}
        held_count=$((held_count + 1))
        case $held_path in /*) [ -e "$held_path" ] || held_count=99 ;; *) held_count=99 ;; esac
      done
      if [ "$held_count" -lt 64 ]; then
        echo 'every secret is in place' && exit 0
      fi
      ;;
  esac
fi
if [ "${1-}" = exec ] || [ "${1-}" = run ]; then
  # What Node changes when it starts, so that the command can get it back: the soft limit of open files, the mask of ignored signals, and
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
# A broker answers a fleet for months with little work at a time: V8 would let 48 MiB of young garbage lie, and collects it at 6.
held_young=
[ "${1-}" != serve ] || held_young=--max-semi-space-size=2
# Node reads every --env-file before a --, even behind the program, and would end when there is no such file.
# SIGUSR1 would open a debugger.
exec "$held_here/node" --disable-sigusr1 ${held_young:+"$held_young"} -- "$held_here/../lib/start-as.cjs" "$0" "$@"
