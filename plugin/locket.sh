#!/bin/sh
# Starts locket with the Node that came with it, wherever this folder lies and whoever linked to it.
here=$(dirname "$(readlink -f "$0")")
exec "$here/node" "$here/../lib/start.cjs" "$@"
