#!/bin/sh
# dockerfile.sh API: prints the sidecar image's Dockerfile for an engine with that API version.
# An engine before 25 (API 1.44) does not know --start-interval, and would first check after --interval. It gets a short interval, and
# a check that holds its answer back once the secrets are in place, so that no more checks run than elsewhere.
set -eu
api=$1
top=$(dirname "$(dirname "$(readlink -f "$0")")")
if [ "${api%%.*}" -gt 1 ] || [ "${api#*.}" -ge 44 ]; then
  cat "$top/Dockerfile"
else
  sed 's|^HEALTHCHECK .* CMD \(.*\)"\]$|HEALTHCHECK --interval=500ms --timeout=10s --start-period=60s --retries=20 CMD \1", "--hold", "4"]|' "$top/Dockerfile"
fi
