#!/bin/sh
# One .netrc file, four readers: a password with #, a backslash or quotes is cut or changed in some of them.
#
# Versions: libcurl 8.23.0 in pycurl 7.49.0, netrc-parser 3.1.6 of npm, github.com/jdx/go-netrc v1.0.0,
#   netrc of Python 3.11 or newer (also read by requests and pip); needs python3 with pip, npm and Go.
# Behaviour: expected is that a password without spaces is read as it stands. Seen, without a warning:
#   `password ab#cd`: npm gives `ab`, the others all of it.
#   `password #abc`: npm and Go give an empty password, the others `#abc`.
#   `password a\b`: Python drops the backslash.   `password "a b"`: npm and Go give `"a`.
# Exits with 0 while this is so, with 1 when it has changed.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m pip install --quiet --target python pycurl==7.49.0 > log 2>&1
npm install --silent --no-save --ignore-scripts netrc-parser@3.1.6 >> log 2>&1

cat > netrc << 'TEXT'
machine inside login app password ab#cd
machine first login app password #abc
machine backslash login app password a\b
machine quoted login app password "a b"
machine last login app password plain
TEXT
chmod 600 netrc

cat > read.py << 'PY'
import base64, http.server, netrc, threading
import pycurl

NAMES = ['inside', 'first', 'backslash', 'quoted', 'last']
sent = []

class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        sent.append(base64.b64decode(self.headers['Authorization'].split()[1]).decode().partition(':')[2])
        self.send_response(204)
        self.end_headers()

    def log_message(self, *words):
        pass

server = http.server.HTTPServer(('127.0.0.1', 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
port = server.server_port
for name in NAMES:
    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, f'http://{name}:{port}/')
    curl.setopt(pycurl.RESOLVE, [f'{name}:{port}:127.0.0.1'])
    curl.setopt(pycurl.PROXY, '')
    curl.setopt(pycurl.NETRC, pycurl.NETRC_REQUIRED)
    curl.setopt(pycurl.NETRC_FILE, 'netrc')
    curl.perform()
print('curl   ', *(f'[{password}]' for password in sent))
hosts = netrc.netrc('netrc').hosts
print('python ', *(f'[{hosts[name][2]}]' for name in NAMES))
PY
cat > read.cjs << 'JS'
const { Netrc } = require('netrc-parser')
const file = new Netrc('netrc')
file.loadSync()
const names = ['inside', 'first', 'backslash', 'quoted', 'last']
console.log('npm    ', ...names.map((name) => `[${file.machines[name]?.password ?? ''}]`))
JS
cat > main.go << 'GO'
package main

import (
	"fmt"

	"github.com/jdx/go-netrc"
)

func main() {
	file, err := netrc.Parse("netrc")
	if err != nil {
		panic(err)
	}
	fmt.Print("go     ")
	for _, name := range []string{"inside", "first", "backslash", "quoted", "last"} {
		fmt.Printf(" [%s]", file.Machine(name).Get("password"))
	}
	fmt.Println()
}
GO
go mod init finding >> log 2>&1
go get github.com/jdx/go-netrc@v1.0.0 >> log 2>&1
{ PYTHONPATH=python python3 read.py && node read.cjs && go run .; } > seen 2>> log || { cat log seen; exit 1; }

cat > expected << 'TEXT'
curl    [ab#cd] [#abc] [a\b] [a b] [plain]
python  [ab#cd] [#abc] [ab] [a b] [plain]
npm     [ab] [] [a\b] ["a] [plain]
go      [ab#cd] [] [a\b] ["a] [plain]
TEXT
cat seen
diff expected seen > /dev/null || { echo 'changed: the readers give other passwords'; exit 1; }
echo 'seen: four readers, four results'
