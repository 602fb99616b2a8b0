#!/bin/sh
# django-environ: a password that begins with a dollar sign is the name of another variable.
#
# Versions: django-environ 0.14.0; needs python3 with pip.
# Behaviour: env('PASSWORD') of a variable of the process's environment (no .env file is read). Expected: its value.
#   `$other` gives the value of the variable `other`, `$$other` too. `$ecret` fails: "Set the ecret environment variable",
#   which names a variable that nobody uses, and shows the password without its first character in the error.
#   With a default, `$ecret` silently gives the default. A dollar sign that is not the first character has no meaning.
#   The option escape_proxy=True lets one write `\$ecret`; other programs of the same environment then see the backslash.
# Exits with 0 while this is so, with 1 when it has changed.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m pip install --quiet --target python django-environ==0.14.0 > log 2>&1 || { cat log; exit 1; }

cat > read.py << 'PY'
import os
import environ

env = environ.Env()

def show(value, **options):
    os.environ['PASSWORD'] = value
    try:
        read = env('PASSWORD', **options)
    except environ.ImproperlyConfigured as error:
        read = f'error: {error}'
    print(f'{value:8} {read}')

show('$other')
show('$$other')
show('a$other')
show('$ecret')
show('$ecret', default='insecure')
PY
env -i PATH="$PATH" HOME="$work" PYTHONPATH=python other=value-of-other python3 read.py > seen 2>> log || { cat log seen; exit 1; }

cat > expected << 'TEXT'
$other   value-of-other
$$other  value-of-other
a$other  a$other
$ecret   error: Set the ecret environment variable
$ecret   insecure
TEXT
cat seen
diff expected seen > /dev/null || { echo 'changed: a dollar sign at the start means something else'; exit 1; }
echo 'seen: a first dollar sign makes the value a name'
