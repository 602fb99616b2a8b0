#!/bin/sh
# Starts locket with the Node that came with it, wherever this folder lies and whoever linked to it.
self=$(readlink -f "$0")
here=${self%/*}
exec "$here/node" "$here/../lib/start.cjs" "$@"
