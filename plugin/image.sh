#!/bin/sh
# image.sh NAME DIST: makes the image NAME:latest of DIST/image in the engine that answers.
set -eu
name=$1 dist=$2
top=$(dirname "$(dirname "$(readlink -f "$0")")")
if ! docker version --format '{{.Server.Version}}' > /dev/null 2>&1; then
  echo "no engine answers: $dist/image is ready for 'docker build -t $name:latest -f Dockerfile $dist/image'"
  exit 0
fi
docker build -q -t "$name:latest" -f "$top/Dockerfile" "$dist/image"
echo "next: docs/guides/images.md says what $name:latest is for; docs/guides/inject.md has a compose file for it"
