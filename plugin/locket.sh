#!/bin/sh
# Starts locket with the Node that came with it, wherever this folder lies and whoever linked to it.
here=$(dirname "$(readlink -f "$0")")
# Node reads every --env-file before a --, even behind the program, and would end when there is no such file.
exec "$here/node" -- "$here/../lib/start.cjs" "$@"
