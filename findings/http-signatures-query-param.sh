#!/bin/sh
# RFC 9421: a request that one library signs is refused by another one if a signed query parameter holds ' ( ! or ~.
#
# Versions: http-message-signatures 1.0.6 of npm, http-message-signatures 3.0.0 of PyPI; needs npm, node and python3 with pip.
# Behaviour: npm's library signs requests with `@query-param`, Python's verifies them with the same key (hmac-sha256).
#   Expected: all are valid. RFC 9421, section 2.2.8, encodes the value by the form-urlencoded set of the URL standard.
#   npm's uses encodeURIComponent, which leaves ! ' ( ) and ~ as they are, and Python's encodes them. Both leave * alone.
#   A name such as O'Neill or a version such as 1.0~rc1 therefore fails as if the key were wrong. Others in the same program work.
#   `@target-uri` of a URL without a path (https://api.example) differs too. Python's adds the slash, npm's signs the text as given.
# Exits with 0 while this is so, with 1 when it has changed.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-save --ignore-scripts http-message-signatures@1.0.6 > log 2>&1
python3 -m pip install --quiet --target python http-message-signatures==3.0.0 >> log 2>&1

cat > sign.cjs << 'JS'
const { createHmac } = require('node:crypto')
const { httpbis } = require('http-message-signatures')
const key = {
  id: 'example',
  alg: 'hmac-sha256',
  sign: async (data) => createHmac('sha256', 'an example key of 32 characters!').update(data).digest(),
}
const values = ['plain', 'a%20b', 'a/b', 'a*b', "O'Neill", '(a)', 'a!', '1.0~rc1']
const requests = [
  ...values.map((value) => [`https://api.example/?q=${value}`, '@query-param;name="q"']),
  ['https://api.example/', '@target-uri'],
  ['https://api.example', '@target-uri'],
]
const sign = async ([url, field]) => {
  const message = { method: 'GET', url, headers: { host: 'api.example' } }
  const { headers } = await httpbis.signMessage({ key, fields: [field], params: ['created', 'keyid', 'alg'] }, message)
  return { url, field, headers }
}
Promise.all(requests.map(sign)).then((signed) => console.log(JSON.stringify(signed)))
JS
cat > verify.py << 'PY'
import json, sys, types
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, InvalidSignature, algorithms

class Keys(HTTPSignatureKeyResolver):
    def resolve_public_key(self, key_id):
        return b'an example key of 32 characters!'
    resolve_private_key = resolve_public_key

for request in json.load(sys.stdin):
    message = types.SimpleNamespace(method='GET', url=request['url'], headers=request['headers'])
    try:
        HTTPMessageVerifier(signature_algorithm=algorithms.HMAC_SHA256, key_resolver=Keys()).verify(message)
        result = 'valid'
    except InvalidSignature as error:
        result = f'refused: {error}'
    print(request['field'].partition(';')[0], request['url'], result)
PY
node sign.cjs > signed 2>> log || { cat log; exit 1; }
PYTHONPATH=python python3 verify.py < signed > seen 2>> log || { cat log seen; exit 1; }

cat > expected << 'TEXT'
@query-param https://api.example/?q=plain valid
@query-param https://api.example/?q=a%20b valid
@query-param https://api.example/?q=a/b valid
@query-param https://api.example/?q=a*b valid
@query-param https://api.example/?q=O'Neill refused: Signature did not match digest.
@query-param https://api.example/?q=(a) refused: Signature did not match digest.
@query-param https://api.example/?q=a! refused: Signature did not match digest.
@query-param https://api.example/?q=1.0~rc1 refused: Signature did not match digest.
@target-uri https://api.example/ valid
@target-uri https://api.example refused: Signature did not match digest.
TEXT
cat seen
diff expected seen > /dev/null || { cat log; echo 'changed: the libraries agree on other requests'; exit 1; }
echo 'seen: valid requests of one library are refused by the other'
