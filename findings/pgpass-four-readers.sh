#!/bin/sh
# One .pgpass file, four readers: a password with a colon or a backslash is another password in each.
#
# Versions: psycopg 3.3.9 with its own libpq 18.0.6, asyncpg 0.32.0, pgpass 1.0.6 of npm (the reader of node-postgres),
#   github.com/jackc/pgpassfile v1.0.0 (the reader of pgx); needs python3 with pip, npm and Go.
# Behaviour: PostgreSQL's manual says that a colon and a backslash in a field are escaped by a backslash. Expected: one value each.
#   A colon that is not escaped: libpq cuts the password there, asyncpg and npm take the rest, pgx finds no password at all.
#   A backslash that is not escaped: libpq drops it, the others keep it.
#   Both escaped, as the manual says: asyncpg sends the backslashes too, so a correct file fails with it alone.
#   A space at the end: libpq and npm keep it, asyncpg and pgx cut it. None of them warns.
# Exits with 0 while this is so, with 1 when it has changed.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export PGPASSFILE="$work/pgpass" HOME="$work/home" GOPATH="$(go env GOPATH)" GOCACHE="$(go env GOCACHE)"
mkdir home
python3 -m pip install --quiet --target python 'psycopg[binary]==3.3.9' 'psycopg-binary==3.3.9' asyncpg==0.32.0 > log 2>&1
npm install --silent --no-save --ignore-scripts pgpass@1.0.6 >> log 2>&1

# A server that asks for the password as text and keeps it: what the client has sent is what its reader has read.
cat > server.py << 'PY'
import asyncio, os, socket, struct, threading
import asyncpg, psycopg

LINES = {'colon': 'a:b', 'backslash': 'a\\b', 'escaped': 'a\\:b\\\\c', 'blank': 'ab '}
sent = {}

def answer(client):
    with client, client.makefile('rb') as stream:
        while True:
            size, code = struct.unpack('!ii', stream.read(8))
            body = stream.read(size - 8)
            if code == 196608 or code >> 16 == 3 and code != 80877103:
                break
            client.sendall(b'N')
        words = body.split(b'\0')
        client.sendall(b'R' + struct.pack('!ii', 8, 3))
        if stream.read(1) == b'p':
            size, = struct.unpack('!i', stream.read(4))
            sent[words[words.index(b'user') + 1].decode()] = stream.read(size - 4)[:-1].decode()
        text = b'SFATAL\0VFATAL\0C28P01\0Mno\0\0'
        client.sendall(b'E' + struct.pack('!i', len(text) + 4) + text)

def accept(server):
    while True:
        threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()

server = socket.create_server(('127.0.0.1', 0))
port = server.getsockname()[1]
threading.Thread(target=accept, args=(server,), daemon=True).start()
with open(os.environ['PGPASSFILE'], 'w') as file:
    file.writelines(f'*:*:db:{user}:{password}\n' for user, password in LINES.items())
os.chmod(os.environ['PGPASSFILE'], 0o600)

def show(reader):
    print(f'{reader:8}', *(f'{user}=[{sent.get(user)}]' for user in LINES), flush=True)
    sent.clear()

for user in LINES:
    try:
        psycopg.connect(host='127.0.0.1', port=port, dbname='db', user=user, sslmode='disable')
    except psycopg.OperationalError:
        pass
show('libpq')

async def ask():
    for user in LINES:
        try:
            await asyncpg.connect(host='127.0.0.1', port=port, database='db', user=user, ssl=False)
        except asyncpg.PostgresError:
            pass
asyncio.run(ask())
show('asyncpg')
PY
cat > read.cjs << 'JS'
const pgpass = require('pgpass')
const ask = (user) =>
  new Promise((done) => pgpass({ host: 'h', port: 5432, database: 'db', user }, (found) => done(`${user}=[${found}]`)))
Promise.all(['colon', 'backslash', 'escaped', 'blank'].map(ask)).then((all) => console.log('npm     ', ...all))
JS
cat > main.go << 'GO'
package main

import (
	"fmt"
	"os"

	"github.com/jackc/pgpassfile"
)

func main() {
	file, err := pgpassfile.ReadPassfile(os.Getenv("PGPASSFILE"))
	if err != nil {
		panic(err)
	}
	fmt.Print("pgx     ")
	for _, user := range []string{"colon", "backslash", "escaped", "blank"} {
		fmt.Printf(" %s=[%s]", user, file.FindPassword("h", "5432", "db", user))
	}
	fmt.Println()
}
GO
go mod init finding >> log 2>&1
go get github.com/jackc/pgpassfile@v1.0.0 >> log 2>&1
{ PYTHONPATH=python python3 server.py && node read.cjs && go run .; } > seen 2>> log || { cat log seen; exit 1; }

cat > expected << 'TEXT'
libpq    colon=[a] backslash=[ab] escaped=[a:b\c] blank=[ab ]
asyncpg  colon=[a:b] backslash=[a\b] escaped=[a\:b\\c] blank=[ab]
npm      colon=[a:b] backslash=[a\b] escaped=[a:b\c] blank=[ab ]
pgx      colon=[] backslash=[a\b] escaped=[a:b\c] blank=[ab]
TEXT
cat seen
diff expected seen > /dev/null || { echo 'changed: the readers give other passwords'; exit 1; }
echo 'seen: a colon, a backslash or a blank at the end is read in different ways'
