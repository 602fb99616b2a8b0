import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createSigningKey } from '../../../src/core/broker/keys.ts'
import { assertNoSecret } from '../../support/assert-no-secret.ts'
import { startBroker, type TestBroker, type TestMachine } from '../../support/broker.ts'
import { askSikkerkey, newNonce, type SikkerkeyAsked } from '../../support/sikkerkey.ts'

const CANARY = 'canary-sikkerkey-4711'
const folder = mkdtempSync(join(tmpdir(), 'locket-sikkerkey-'))
let broker: TestBroker
let web1: TestMachine

before(async () => {
  broker = await startBroker({ folder, args: ['--machine-rate', '500/s'] })
  broker.put({ DB: CANARY, API: 'other "value"\nü' })
  const add = async (project: string, name: string, reference: string): Promise<void> => {
    const { status } = await broker.admin('POST', '/v1/secrets', { project, name, reference })
    assert.equal(status, 200)
  }
  for (const name of ['DB', 'API', 'GONE']) await add('shop', name, `dotenv://${name}`)
  await add('shop', 'all', 'dotenv://*')
  await add('blog', 'DB', 'dotenv://DB')
  await add('blog', 'API', 'dotenv://API')
  web1 = await broker.machine('web1', ['shop/DB', 'shop/all', 'blog/API'])
})
after(async () => {
  await broker.stop()
  assertNoSecret(broker.output(), [CANARY], 'the log')
  rmSync(folder, { recursive: true })
})

const ask = (path: string, asked?: SikkerkeyAsked) => askSikkerkey(broker, web1, path, asked)

interface AuditLine {
  readonly action: string
  readonly target: string
  readonly outcome: string
  readonly reason: string
}

async function lastLine(): Promise<AuditLine> {
  const { bytes } = await broker.admin('GET', '/v1/audit?limit=1')
  return (JSON.parse(bytes.toString()) as { lines: AuditLine[] }).lines[0] as AuditLine
}

test('a secret is read by its id, and the read is a line of the audit', async () => {
  const { status, json } = await ask('/v1/secret/sk_DB')
  assert.deepEqual([status, json], [200, { value: CANARY }])
  const { action, target, outcome, reason } = await lastLine()
  assert.deepEqual([action, target, outcome, reason], ['read', 'shop/DB', 'allowed', 'grant'])
  assert.equal((await ask('/v1/secret/sk_shop__DB')).json.value, CANARY)
  assert.equal((await ask('/v1/secret/sk_API')).json.value, 'other "value"\nü')
})

test('a secret with fields is a JSON object in a string', async () => {
  const { json } = await ask('/v1/secret/sk_all')
  assert.deepEqual(JSON.parse(json.value ?? ''), { DB: CANARY, API: 'other "value"\nü' })
})

const ITEMS = [
  { id: 'sk_API', name: 'API', fieldNames: null, projectId: 'blog' },
  { id: 'sk_DB', name: 'DB', fieldNames: null, projectId: 'shop' },
  { id: 'sk_all', name: 'all', fieldNames: 'DB,API', projectId: 'shop' },
]

test('lists have what is granted, with names of fields and without values', async () => {
  const { status, json, text } = await ask('/v1/secrets')
  assert.deepEqual([status, json], [200, { secrets: ITEMS }])
  assertNoSecret(text, [CANARY])
  const ofShop = await ask('/v1/secrets/list', { method: 'POST', body: '{"projectId":"shop"}' })
  assert.deepEqual(ofShop.json, { secrets: ITEMS.slice(1) })
  const ofNone = await ask('/v1/secrets/list', { method: 'POST', body: '{"projectId":"none"}' })
  assert.deepEqual(ofNone.json, { secrets: [] })
  const nothing = await ask('/v1/secrets/list', { method: 'POST' })
  assert.equal(nothing.status, 400)
})

test('an export without a body and without a type has all values', async () => {
  const values = ['other "value"\nü', CANARY, JSON.stringify({ DB: CANARY, API: 'other "value"\nü' })]
  const all = await ask('/v1/secrets/export', { method: 'POST' })
  assert.deepEqual(all.json, { secrets: ITEMS.map((item, at) => ({ ...item, value: values[at] })) })
  const ofBlog = await ask('/v1/secrets/export', { method: 'POST', body: '{"projectId":"blog"}' })
  assert.deepEqual(ofBlog.json.secrets, [{ ...ITEMS[0], value: values[0] }])
  const ofApplication = await ask('/v1/secrets/export', { method: 'POST', body: '{"applicationId":"a"}' })
  assert.equal(ofApplication.status, 400)
})

test('the projects of a machine are those of its grants', async () => {
  const { json } = await ask('/v1/cli/projects')
  const project = (name: string) => ({
    projectId: name,
    projectName: name,
    applicationId: null,
    applicationName: null,
  })
  assert.deepEqual(json, { projects: [project('blog'), project('shop')] })
})

test('what is not granted and what does not exist are refused in the same words', async () => {
  const [hidden, none] = [await ask('/v1/secret/sk_GONE'), await ask('/v1/secret/sk_none')]
  assert.deepEqual([hidden.status, none.status], [403, 403])
  assert.deepEqual(hidden.json, { error: 'sk_GONE: this machine may not read it' })
  assert.deepEqual(none.json, { error: 'sk_none: this machine may not read it' })
  const { action, target, outcome, reason } = await lastLine()
  assert.deepEqual([action, target, outcome, reason], ['read', 'sk_none', 'denied', 'no grant'])
})

test('an id of two projects is refused until it names one of them', async () => {
  const web2 = await broker.machine('web2', ['shop/DB', 'blog/DB', 'shop/GONE'])
  const short = await askSikkerkey(broker, web2, '/v1/secret/sk_DB')
  assert.deepEqual([short.status, /sk_PROJECT__NAME/.test(short.json.error ?? '')], [409, true])
  const { json } = await askSikkerkey(broker, web2, '/v1/secrets')
  assert.deepEqual(
    json.secrets?.map(({ id }) => id),
    ['sk_blog__DB', 'sk_shop__DB', 'sk_GONE'],
  )
  assert.equal((await askSikkerkey(broker, web2, '/v1/secret/sk_blog__DB')).json.value, CANARY)
  const gone = await askSikkerkey(broker, web2, '/v1/secret/sk_GONE')
  assert.deepEqual([gone.status, gone.json], [404, { error: 'sk_GONE: it has no value' }])
  const all = await askSikkerkey(broker, web2, '/v1/secrets/export', { method: 'POST' })
  assert.deepEqual([all.status, all.json], [404, { error: 'sk_GONE: it has no value' }])
})

const MINUTE_MS = 60_000
const REFUSED: readonly (readonly [string, SikkerkeyAsked, RegExp])[] = [
  ['another key', { key: createSigningKey() }, /does not know this machine/],
  ['a changed path', { sent: { path: '/v1/secret/sk_API' } }, /does not know/],
  ['a changed method', { sent: { method: 'HEAD' } }, /^$/],
  ['an old time', { aheadMs: -10 * MINUTE_MS }, /\d{3} s behind/],
  ['a future time', { aheadMs: 10 * MINUTE_MS }, /\d{3} s ahead/],
  ['an unknown machine', { machineId: `m_${'a'.repeat(26)}` }, /does not know/],
  ['a strange machine', { machineId: 'machine' }, /no signature of the protocol sikkerkey/],
  ['a short nonce', { nonce: 'AAAA' }, /no signature of the protocol/],
  ['another nonce', { headers: { 'x-nonce': newNonce() } }, /does not know/],
  ['another time', { headers: { 'x-timestamp': String(Math.floor(Date.now() / 1000) - 7) } }, /not know/],
  ['no signature', { headers: { 'x-signature': '' } }, /no signature of the protocol/],
]
for (const [name, asked, reason] of REFUSED)
  test(`a request is refused with 401: ${name}`, async () => {
    const { status, json } = await ask('/v1/secret/sk_DB', asked)
    assert.equal(status, 401)
    assert.match(json.error ?? '', reason)
  })

test('a request is refused with 401: a changed body', async () => {
  const signed = { method: 'POST', body: '{"projectId":"none"}' }
  const { status } = await ask('/v1/secrets/list', { ...signed, sent: { body: '{"projectId":"shop"}' } })
  assert.equal(status, 401)
})

test('a clock that differs by three minutes is accepted, and a nonce is good once', async () => {
  const late = { now: Date.now() - 3 * MINUTE_MS, nonce: newNonce() }
  assert.equal((await ask('/v1/secret/sk_DB', late)).status, 200)
  const again = await ask('/v1/secret/sk_DB', late)
  assert.deepEqual([again.status, again.json.error], [401, 'this request was sent before'])
  const web3 = await broker.machine('web3', ['shop/DB'])
  const other = await askSikkerkey(broker, web3, '/v1/secret/sk_DB', { nonce: late.nonce })
  assert.equal(other.status, 200, 'each machine has nonces of its own')
})

test('a disabled machine is refused at its next request', async () => {
  const web4 = await broker.machine('web4', ['shop/DB'])
  const read = () => askSikkerkey(broker, web4, '/v1/secret/sk_DB')
  assert.equal((await read()).status, 200)
  assert.equal((await broker.admin('POST', '/v1/machines/web4/disable')).status, 200)
  const { status, json } = await read()
  assert.deepEqual([status, json.value], [401, undefined])
  const { action, target, reason } = await lastLine()
  assert.deepEqual([action, target, reason], ['authenticate', 'web4', 'it is disabled'])
})

test('a query, a text that is not an id, and a large body are refused', async () => {
  assert.equal((await ask('/v1/secret/sk_DB?x=1')).status, 400)
  assert.equal((await ask('/v1/secret/shop')).status, 400)
  const large = await ask('/v1/secrets/list', { method: 'POST', body: 'x'.repeat(600_000) })
  assert.equal(large.status, 413)
  assert.match(large.json.error ?? '', /the body is larger/)
})

test('what changes secrets is forbidden: the broker stores no values', async () => {
  for (const [method, path] of [
    ['POST', '/v1/secrets'],
    ['PUT', '/v1/secret/sk_DB'],
    ['DELETE', '/v1/secret/sk_DB'],
  ] as const) {
    const { status, json } = await ask(path, { method, body: '{"value":"x"}' })
    assert.deepEqual([status, /stores no values/.test(json.error ?? '')], [403, true], method)
  }
  assert.equal((await ask('/v1/none')).status, 404)
})
