#!/bin/sh
# Makes build/blind-clients: the HTTP clients of Python that the tests of blind mode run, in an environment of their own.
set -eu
cd "$(dirname "$0")/.."
want='requests==2.34.2 httpx==0.28.1'
[ "$(cat build/blind-clients/.packages 2> /dev/null)" = "$want" ] && exit 0
echo 'installing clients of Python into build/blind-clients, for some ten seconds' >&2
rm -rf build/blind-clients
python3 -m venv build/blind-clients
# shellcheck disable=SC2086 # one word per package
build/blind-clients/bin/pip install --quiet --no-input --disable-pip-version-check $want
echo "$want" > build/blind-clients/.packages
