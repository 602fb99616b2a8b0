#!/bin/sh
# python-packages.sh NAME TEXT PACKAGE==VERSION...: makes build/NAME, a Python environment with these packages for the tests.
set -eu
cd "$(dirname "$0")/.."
name=$1 text=$2
shift 2
[ "$(cat "build/$name/.packages" 2> /dev/null)" = "$*" ] && exit 0
echo "installing $text into build/$name, for up to a minute" >&2
rm -rf "build/$name"
python3 -m venv "build/$name"
"build/$name/bin/pip" install --quiet --no-input --disable-pip-version-check "$@"
echo "$*" > "build/$name/.packages"
