#!/bin/sh
# pydantic-settings cuts the files of secrets_dir, the folder that it documents for Docker secrets.
#
# Versions: pydantic-settings 2.16.3; needs python3 with pip.
# Behaviour: secrets_dir='/run/secrets' reads one file for each setting. Expected: the content, or the content without its last newline.
#   All white space at both ends is cut, so the password `  pass word ` is `pass word`, and a key in PEM has lost its last newline,
#   which OpenSSH needs. The type `bytes` is cut too.
#   The same value in the environment variable keeps its blanks: one application has two passwords, by the way of delivery.
# Exits with 0 while this is so, with 1 when it has changed.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m pip install --quiet --target python pydantic-settings==2.16.3 > log 2>&1 || { cat log; exit 1; }
mkdir secrets
printf '  pass word ' > secrets/password
printf '  pass word ' > secrets/data
printf -- '-----BEGIN TEST-----\nAAAA\n-----END TEST-----\n' > secrets/key

cat > read.py << 'PY'
import os
from pydantic import SecretStr
from pydantic_settings import BaseSettings

class Settings(BaseSettings, secrets_dir='secrets'):
    password: SecretStr
    data: bytes
    key: str

settings = Settings()
print('file    ', repr(settings.password.get_secret_value()))
print('bytes   ', settings.data)
print('key ends', repr(settings.key[-6:]))
os.environ['PASSWORD'] = '  pass word '
print('variable', repr(Settings().password.get_secret_value()))
PY
PYTHONPATH=python python3 read.py > seen 2>> log || { cat log seen; exit 1; }

cat > expected << 'TEXT'
file     'pass word'
bytes    b'pass word'
key ends 'T-----'
variable '  pass word '
TEXT
cat seen
diff expected seen > /dev/null || { echo 'changed: the files are read in another way'; exit 1; }
echo 'seen: white space at both ends of a secret file is gone'
