#!/bin/sh
# push.sh REGISTRY NAME PLUGIN: makes a plugin of the folder PLUGIN and sends it to REGISTRY/NAME.
set -eu
[ -n "$1" ] || { echo "no registry is named: make push REGISTRY=host:port [NAME=$2]" >&2; exit 64; }
name=$1/$2 plugin=$3
"$(dirname "$(readlink -f "$0")")/build-id.sh" "$plugin"
docker plugin create "$name" "$plugin"
docker plugin push "$name"
docker plugin rm "$name" > /dev/null
echo "next, on any host: docker plugin install $name --alias $2 config.source=/etc/locket"
