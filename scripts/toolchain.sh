#!/bin/sh
# Installs the npm packages that package-lock.json pins, the Node that everything runs on among them, and sees that it starts.
set -eu
cd "$(dirname "$0")/.."
# npm replaces the folder that a Node in node_modules would be running from.
PATH=$(printf %s "$PATH" | sed "s|$PWD/node_modules/.bin:||g")
export PATH
major=$(node -p 'process.versions.node.split(".")[0]' 2> /dev/null || echo 0)
if [ "$major" -lt 20 ] || ! command -v npm > /dev/null; then
  echo "locket is built with npm on Node 20 or later: apt-get install npm, or from nodejs.org" >&2
  exit 1
fi
echo "toolchain: npm ci, for some ten seconds (packages pinned by package-lock.json, no install scripts)"
npm ci --ignore-scripts --silent
if ! node_modules/.bin/node --version > /dev/null 2>&1; then scripts/debian-packages.sh libatomic1; fi
node_modules/.bin/node --version > /dev/null
touch node_modules/.ready
