#!/bin/sh
# hvac: read and write of a path with # or ? use another secret. The KV classes of the same library do not.
#
# Versions: hvac 2.4.0 (client of Vault and OpenBao); needs python3 with pip. The server here only shows the request line.
# Behaviour: client.write('secret/data/db#1', …) is documented to write to that path. Expected: the # is escaped in the URL.
#   The text from the # on is dropped: it writes `secret/data/db`, so the value of another secret is replaced, without an error.
#   client.read(…) reads that secret in the same way. `db?x` becomes the secret `db` with a query.
#   client.secrets.kv.v2 escapes both, so what it has stored as `db#1` is not found by client.read.
# Exits with 0 while this is so, with 1 when it has changed.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m pip install --quiet --target python hvac==2.4.0 > log 2>&1 || { cat log; exit 1; }

cat > ask.py << 'PY'
import http.server, threading
import hvac

class Server(http.server.BaseHTTPRequestHandler):
    def answer(self):
        self.rfile.read(int(self.headers.get('Content-Length') or 0))
        print(' ', self.command, self.path, flush=True)
        body = b'{"data":{"data":{},"metadata":{}}}'
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *words):
        pass

server = http.server.HTTPServer(('127.0.0.1', 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = hvac.Client(url=f'http://127.0.0.1:{server.server_port}', token='example')
for name in ('db#1', 'db?x'):
    print(name)
    client.read(f'secret/data/{name}')
    client.write(f'secret/data/{name}', data={'password': 'new'})
    client.secrets.kv.v2.read_secret_version(path=name, raise_on_deleted_version=True)
    client.secrets.kv.v2.create_or_update_secret(path=name, secret={'password': 'new'})
PY
NO_PROXY=127.0.0.1 PYTHONPATH=python python3 -W ignore ask.py > seen 2>> log || { cat log seen; exit 1; }

cat > expected << 'TEXT'
db#1
  GET /v1/secret/data/db
  POST /v1/secret/data/db
  GET /v1/secret/data/db%231
  POST /v1/secret/data/db%231
db?x
  GET /v1/secret/data/db?x
  POST /v1/secret/data/db?x
  GET /v1/secret/data/db%3Fx
  POST /v1/secret/data/db%3Fx
TEXT
cat seen
diff expected seen > /dev/null || { cat log; echo 'changed: hvac asks for other paths'; exit 1; }
echo 'seen: read and write drop what follows a # in a path'
