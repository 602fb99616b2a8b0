#!/bin/sh
# image.sh NAME DIST: makes the image NAME:latest of DIST/image in the engine that answers.
set -eu
name=$1 dist=$2
top=$(dirname "$(dirname "$(readlink -f "$0")")")
if ! api=$(docker version --format '{{.Server.APIVersion}}' 2> /dev/null); then
  echo "no engine answers: $dist/image is ready for 'docker build -t $name:latest -f Dockerfile $dist/image', and for an engine before 25"
  echo "for 'plugin/dockerfile.sh 1.43 | docker build -t $name:latest -f - $dist/image'"
  exit 0
fi
"$top/plugin/dockerfile.sh" "$api" | docker build -q -t "$name:latest" -f - "$dist/image"
echo "next: docs/guides/images.md says what $name:latest is for; docs/guides/inject.md has a compose file for it"
