#!/bin/sh
# Makes build/sikkerkey: the SDK of SikkerKey, for a test, in a Python environment of its own.
set -eu
cd "$(dirname "$0")/.."
want='sikkerkey==1.3.0 cryptography==50.0.2 cffi==2.1.1 pycparser==3.12'
[ "$(cat build/sikkerkey/.packages 2> /dev/null)" = "$want" ] && exit 0
echo 'installing the SDK of SikkerKey into build/sikkerkey, for up to a minute' >&2
rm -rf build/sikkerkey
python3 -m venv build/sikkerkey
# shellcheck disable=SC2086 # one word per package
build/sikkerkey/bin/pip install --quiet --no-input --disable-pip-version-check $want
echo "$want" > build/sikkerkey/.packages
