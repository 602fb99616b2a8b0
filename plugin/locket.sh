#!/bin/sh
# Starts locket with the Node that came with it, wherever this folder lies and whoever linked to it. By the link's name the program
# knows who calls: the Docker CLI starts `docker-locket`.
program=$(readlink -f "$0")
here=${program%/*}
# Node reads every --env-file before a --, even behind the program, and would end when there is no such file.
# SIGUSR1 would open a debugger. Node raises the soft limit of open files: `locket exec` puts this one back.
exec "$here/node" --disable-sigusr1 -- "$here/../lib/start-as.cjs" "$0" "$(ulimit -Sn)" "$@"
