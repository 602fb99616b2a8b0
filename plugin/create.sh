#!/bin/sh
# create.sh NAME PLUGIN: makes a plugin of the folder PLUGIN in the engine that answers.
set -eu
name=$1 plugin=$2
if ! docker version --format '{{.Server.Version}}' > /dev/null 2>&1; then
  echo "no engine answers: $plugin is ready for 'docker plugin create $name $plugin'"
  exit 0
fi
if docker plugin inspect "$name" > /dev/null 2>&1; then
  echo "this engine has a plugin $name already: 'docker plugin rm $name' first, or make it under another NAME=" >&2
  exit 1
fi
"$(dirname "$(readlink -f "$0")")/build-id.sh" "$plugin"
docker plugin create "$name" "$plugin"
echo "next: dist/locket/bin/locket init, which writes /etc/locket; then"
echo "  docker plugin set $name config.source=/etc/locket && docker plugin enable $name"
