#!/bin/sh
# Makes build/moto: moto, which speaks the protocols of AWS for the tests, in a Python environment of its own.
set -eu
cd "$(dirname "$0")/.."
want='moto==5.2.5 flask==3.1.3 flask-cors==6.0.5 PyYAML==6.0.4'
[ "$(cat build/moto/.packages 2> /dev/null)" = "$want" ] && exit 0
echo 'installing moto into build/moto, for up to a minute' >&2
rm -rf build/moto
python3 -m venv build/moto
# shellcheck disable=SC2086 # one word per package
build/moto/bin/pip install --quiet --no-input --disable-pip-version-check $want
echo "$want" > build/moto/.packages
