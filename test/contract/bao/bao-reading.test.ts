import assert from 'node:assert/strict'
import { test } from 'node:test'
import { engineOf, mountOf } from '../../fixtures/servers/bao-data.ts'
import type { BaoMount, BaoVersion } from '../../fixtures/servers/bao-data.ts'
import { fieldsOf } from '../provider/provider-all.ts'
import { parsed } from '../provider/provider-attempt.ts'
import { onBao, subject } from './bao-server.ts'

/** A mount with one secret whose fields are this JSON. */
function holding(json: string): BaoMount {
  return { path: 'secret', kv: 2, secrets: new Map([['app', [{ json }]]]) }
}

test('a text comes as it is, anything else as the JSON that the server has', async (t) => {
  const json =
    '{"text":"a \\"b\\"\\n","int":12345678901234567890,"float":1.0,"small":1e-7,"yes":true,' +
    '"object":{"a": [1.50, -0, {"b": "x"}], "n": null},"list":[ 9007199254740993 ],"__proto__":"own"}'
  const { read } = await onBao(t, { mounts: [holding(json)] })
  const fields = ['text', 'int', 'float', 'small', 'yes', 'object', 'list', '__proto__']
  assert.deepEqual(await read(...fields.map((field) => `bao://secret/app/${field}`)), [
    'a "b"\n',
    '12345678901234567890',
    '1.0',
    '1e-7',
    'true',
    '{"a":[1.50,-0,{"b":"x"}],"n":null}',
    '[9007199254740993]',
    'own',
  ])
})

test('a field that is missing, null or not writable text is named', async (t) => {
  const { codes, messages } = await onBao(t, {
    mounts: [holding('{"other":"canary-9f2c-value","null":null,"half":"\\ud800"}')],
  })
  const references = ['password', 'null', 'half', 'toString'].map((field) => `bao://secret/app/${field}`)
  assert.deepEqual(await codes(...references), ['not_found', 'not_found', 'provider_protocol', 'not_found'])
  const [missing = '', none = ''] = await messages(...references)
  assert.match(
    missing,
    /^bao at http:\S+ has no field "password" at secret\/app \(there is other, null, half\)$/,
  )
  assert.match(none, /has null in field "null" at secret\/app$/)
})

test('a version by its number; deleted, destroyed and unknown ones are distinguished', async (t) => {
  const versions: BaoVersion[] = [
    { json: '{"f":"one"}' },
    { json: '{"f":"two"}', deleted: true },
    { json: '{"f":"three"}', destroyed: true },
    { json: '{"f":"four"}' },
  ]
  const mount: BaoMount = { path: 'secret', kv: 2, secrets: new Map([['app', versions]]) }
  const { read, codes, messages } = await onBao(t, { mounts: [mount] })
  assert.deepEqual(await read('bao://secret/app/f?version=1', 'bao://secret/app/f'), ['one', 'four'])
  const gone = [2, 3, 9].map((version) => `bao://secret/app/f?version=${version}`)
  assert.deepEqual(await codes(...gone), ['not_found', 'not_found', 'not_found'])
  const [deleted = '', destroyed = '', never = ''] = await messages(...gone)
  assert.match(deleted, /version 2 of secret\/app is deleted \(undelete it/)
  assert.match(destroyed, /version 3 of secret\/app is destroyed and cannot be restored/)
  assert.match(never, /has no version 9 at secret\/app$/)
})

test('a mount of KV version 1 is found out once', async (t) => {
  const secrets = { 'app/db': { password: 'one' }, 'data/app/web': { password: 'canary' } }
  const { read, asked, codes } = await onBao(t, { mounts: [mountOf('old', 1, secrets)] })
  assert.deepEqual(await read('bao://old/app/db/password'), ['one'])
  assert.deepEqual(asked(), [
    '/v1/old/data/app/db',
    '/v1/sys/internal/ui/mounts/old/app/db',
    '/v1/old/app/db',
  ])
  assert.deepEqual(await read('bao://old/app/db/password'), ['one'])
  assert.deepEqual(await codes('bao://old/nothing/password'), ['not_found'])
  assert.deepEqual(asked(), ['/v1/old/app/db', '/v1/old/nothing'])
})

test('a secret of KV version 1 below data/ is not taken for one of version 2', async (t) => {
  const secrets = { 'data/app': { password: 'wrong' }, app: { password: 'right' } }
  const { read } = await onBao(t, { mounts: [mountOf('old', 1, secrets)] })
  assert.deepEqual(await read('bao://old/app/password', 'bao://old/data/app/password'), ['right', 'wrong'])
})

test('a mount of several words is found below it, or read at once if written with %2F', async (t) => {
  const secrets = { 'app/db': { password: 'one', user: 'two' }, 'app/web': { key: 'three' } }
  const mounts = [mountOf('team/kv', 2, secrets), mountOf('team/old', 1, secrets)]
  const { read, asked } = await onBao(t, { mounts })
  assert.deepEqual(await read('bao://team%2Fkv/app/db/password'), ['one'])
  assert.deepEqual(asked(), ['/v1/team/kv/data/app/db'])
  const references = ['bao://team/kv/app/db/user', 'bao://team/old/app/db/user', 'bao://team/old/app/web/key']
  assert.deepEqual(await read(...references), ['two', 'two', 'three'])
  assert.ok(asked().length <= 3 + 2 + 2)
  assert.deepEqual(await read(...references), ['two', 'two', 'three'])
  assert.deepEqual(asked().toSorted(), [
    '/v1/team/kv/data/app/db',
    '/v1/team/old/app/db',
    '/v1/team/old/app/web',
  ])
})

test('twenty secrets below one unknown mount ask for it once', async (t) => {
  const paths = Array.from({ length: 20 }, (_, at) => `app/${at}`)
  const secrets = Object.fromEntries(paths.map((path) => [path, { key: path }]))
  const { read, asked } = await onBao(t, { mounts: [mountOf('team/kv', 2, secrets)] })
  assert.deepEqual(await read(...paths.map((path) => `bao://team/kv/${path}/key`)), paths)
  assert.equal(asked().filter((path) => path.includes('/sys/internal/')).length, 1)
})

test('if a token cannot ask for mounts, the reference or the setting names the version', async (t) => {
  const secrets = { app: { key: 'one' } }
  const mounts = [mountOf('old', 1, secrets), mountOf('team/kv', 2, secrets)]
  const { server, read, codes, messages } = await onBao(t, { mounts })
  server.knobs.allowsMounts = false
  assert.deepEqual(await codes('bao://old/app/key', 'bao://team/kv/app/key'), ['not_found', 'denied'])
  assert.match(
    (await messages('bao://old/app/key'))[0] ?? '',
    /%2F between them, and KV version 1, .* may need \?kv=1/,
  )
  assert.match((await messages('bao://team/kv/app/key'))[0] ?? '', /%2F between them\)$/)
  assert.deepEqual(await read('bao://old/app/key?kv=1', 'bao://team%2Fkv/app/key'), ['one', 'one'])
})

test('a mount of another kind or version than asked for is reported', async (t) => {
  const secrets = { app: { key: 'one' } }
  const mounts = [engineOf('db', 'database', {}), mountOf('old', 1, secrets), mountOf('new', 2, secrets)]
  const { codes, messages } = await onBao(t, { mounts })
  const references = [
    'bao://db/creds/role/password?version=2',
    'bao://old/app/key?kv=2',
    'bao://new/app/key?kv=1',
  ]
  assert.deepEqual(await codes(...references), ['not_found', 'not_found', 'not_found'])
  const [kind = '', first = '', second = ''] = await messages(...references)
  assert.match(kind, /has an engine of the type database at db \(correct kv=…/)
  assert.match(first, /has KV version 1 at old \(correct kv=…/)
  assert.match(second, /has KV version 2 at new \(/)
})

test('names with spaces, percents and other signs reach the server as they are', async (t) => {
  const secrets = { 'my app/50% + ü?': { 'a/b#c': 'one' } }
  const { read } = await onBao(t, { mounts: [mountOf('my mount', 2, secrets)] })
  assert.deepEqual(await read('bao://my%20mount/my app/50%25 + ü%3F/a%2Fb%23c'), ['one'])
})

test('* gives every field that is not null, as text or JSON, of the version that is asked for', async (t) => {
  const versions: BaoVersion[] = [
    { json: '{"old":"1"}' },
    { json: '{"text":"a","null":null,"n":1.50,"*":"star"}' },
  ]
  const mount: BaoMount = { path: 'secret', kv: 2, secrets: new Map([['app', versions]]) }
  const one: BaoMount = { path: 'kv1', kv: 1, secrets: new Map([['app', [{ json: '{"a":"b"}' }]]]) }
  const opened = await onBao(t, { mounts: [mount, one] })
  const read = (text: string) => fieldsOf(opened, parsed(subject, text))
  assert.deepEqual(await read('bao://secret/app/*'), { text: 'a', n: '1.50', '*': 'star' })
  assert.deepEqual(await read('vault://secret/app/*?version=1'), { old: '1' })
  assert.deepEqual(await read('bao://kv1/app/*'), { a: 'b' })
  assert.deepEqual(await opened.read('bao://secret/app/%2A'), ['star'])
})

test('* of a secret without a value, or with a field that is not text, is named', async (t) => {
  const opened = await onBao(t, { mounts: [holding('{"null":null}')] })
  assert.match(
    (await opened.messages('bao://secret/app/*')).join(),
    /has no field with a value at secret\/app$/,
  )
  const odd = await onBao(t, { mounts: [holding('{"a":"canary-9f2c-value","half":"\\ud800"}')] })
  assert.match((await odd.messages('bao://secret/app/*')).join(), /invalid Unicode in field "half" at/)
})

test('?whole is the only field as it is, and several fields as one JSON object', async (t) => {
  const one = await onBao(t, { mounts: [holding('{"url":"postgres://x"}')] })
  assert.deepEqual(await one.read('bao://secret/app?whole'), ['postgres://x'])
  const two = await onBao(t, { mounts: [holding('{"a":1.50,"b":"x"}')] })
  assert.deepEqual(await two.read('bao://secret/app?whole'), ['{"a":1.50,"b":"x"}'])
  const none = await onBao(t, { mounts: [holding('{}')] })
  assert.deepEqual(await none.codes('bao://secret/app?whole'), ['not_found'])
})
