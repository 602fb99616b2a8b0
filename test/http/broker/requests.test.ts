import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSigningKey } from '../../../src/core/broker/keys.ts'
import { createNonce } from '../../../src/core/broker/tokens.ts'
import { startBroker, type Asked, type TestBroker, type TestMachine } from '../../support/broker.ts'
import { assertNoSecret } from '../../support/assert-no-secret.ts'

const CANARY = 'canary-broker-4711'
const folder = mkdtempSync(join(tmpdir(), 'locket-broker-'))
let broker: TestBroker
let web1: TestMachine

before(async () => {
  broker = await startBroker({ folder, args: ['--machine-rate', '500/s'] })
  broker.put({ DB: CANARY, API: 'other-value' })
  for (const name of ['DB', 'API', 'GONE'])
    await broker.admin('POST', '/v1/secrets', { project: 'shop', name, reference: `dotenv://${name}` })
  await broker.admin('POST', '/v1/secrets', { project: 'shop', name: 'all', reference: 'dotenv://*' })
  web1 = await broker.machine('web1', ['shop/DB', 'shop/GONE', 'shop/all'])
})
after(async () => {
  await broker.stop()
  assertNoSecret(broker.output(), [CANARY], 'the log')
  rmSync(folder, { recursive: true })
})

const value = (text: string): string => Buffer.from(text).toString('base64')

test('one batch gives values, versions and errors, and is signed', async () => {
  const refs = ['shop/DB', 'shop/GONE', 'shop/API', 'shop/nothing', 'blog/DB', 'no reference']
  const { status, json, isSigned, type } = await broker.resolve(web1, ...refs)
  assert.deepEqual([status, isSigned, type], [200, true, 'application/json'])
  const { answers } = json
  assert.equal(answers['shop/DB']?.['value'], value(CANARY))
  assert.match(String(answers['shop/DB']?.['version']), /^[\w-]{43}$/)
  assert.deepEqual(answers['shop/GONE'], { error: 'not_found' })
  assert.deepEqual(answers['no reference'], { error: 'ref_syntax' })
  for (const hidden of ['shop/API', 'shop/nothing', 'blog/DB'])
    assert.deepEqual(answers[hidden], { error: 'denied' })
})

test('a value that the machine knows is not sent again', async () => {
  const first = await broker.resolve(web1, 'shop/DB')
  const version = first.json.answers['shop/DB']?.['version']
  const again = await broker.ask(web1, { body: { refs: ['shop/DB'], known: { 'shop/DB': version } } })
  assert.deepEqual(again.json.answers['shop/DB'], { unchanged: true, version })
  const other = await broker.ask(web1, { body: { refs: ['shop/DB'], known: { 'shop/DB': 'x' } } })
  assert.equal(other.json.answers['shop/DB']?.['value'], value(CANARY))
})

test('a secret with fields gives one field, all of them, or a JSON object', async () => {
  const refs = ['shop/all/DB', 'shop/all/*', 'shop/all', 'shop/all/none', 'shop/DB/x']
  const { answers } = (await broker.resolve(web1, ...refs)).json
  assert.equal(answers['shop/all/DB']?.['value'], value(CANARY))
  const pairs = answers['shop/all/*']?.['fields'] as [string, string][]
  assert.deepEqual(
    pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)),
    [
      ['API', value('other-value')],
      ['DB', value(CANARY)],
    ],
  )
  const text = Buffer.from(String(answers['shop/all']?.['value']), 'base64').toString()
  assert.deepEqual(JSON.parse(text), { DB: CANARY, API: 'other-value' })
  assert.deepEqual(answers['shop/all/none'], { error: 'not_found' })
  assert.deepEqual(answers['shop/DB/x'], { error: 'not_found' })
})

test('a machine lists what it may read, without values', async () => {
  const { json, isSigned, bytes } = await broker.ask(web1, { method: 'GET', url: '/v2/secrets' })
  assert.ok(isSigned)
  assert.deepEqual(json.secrets, [
    { project: 'shop', name: 'DB', hasFields: false },
    { project: 'shop', name: 'GONE', hasFields: false },
    { project: 'shop', name: 'all', hasFields: true },
  ])
  assertNoSecret(bytes, [CANARY])
})

const body = { refs: ['shop/DB'] }
const REFUSED: readonly (readonly [string, Asked, RegExp])[] = [
  ['another key', { key: createSigningKey() }, /does not know this machine/],
  ['a host of another broker', { host: 'other.example:7468' }, /signed for another host/],
  ['a changed body', { sent: { body: '{"refs":["shop/API"]}' } }, /does not know/],
  ['a changed path', { sent: { url: '/v2/resolve?x=1' } }, /does not know/],
  ['a changed host', { sent: { host: 'localhost:1' } }, /does not know/],
  [
    'a time 90 s ago',
    { now: Date.now() - 90_000 },
    /clock of this machine is \d+ s behind that of the broker/,
  ],
  ['a time in 90 s', { now: Date.now() + 90_000 }, /clock of this machine is \d+ s ahead of/],
]

for (const [name, asked, says] of REFUSED) {
  test(`a request with ${name} is refused without a value`, async () => {
    const { status, json, bytes, isSigned } = await broker.ask(web1, { body, ...asked })
    assert.deepEqual([status, json.error.code, isSigned], [401, 'auth', false])
    assert.match(json.error.reason, says)
    assert.ok(Math.abs(json.error.time - Date.now()) < 10_000)
    assertNoSecret(bytes, [CANARY])
  })
}

test('a request that is sent again is refused, and the nonce of another machine is not used up', async () => {
  const [nonce, now] = [createNonce(), Date.now()]
  const again = { body, nonce, now }
  assert.equal((await broker.ask(web1, again)).status, 200)
  assert.match((await broker.ask(web1, again)).json.error.reason, /was sent before/)
  const web2 = await broker.machine('web2', ['shop/DB'])
  assert.equal((await broker.ask(web2, again)).status, 200)
  const stranger = { body, nonce: createNonce(), key: createSigningKey() }
  assert.equal((await broker.ask(web1, stranger)).status, 401)
  assert.equal(
    (await broker.ask(web1, { body, nonce: stranger.nonce })).status,
    200,
    'only the signature uses a nonce up',
  )
})

test('an answer to one request is not an answer to another', async () => {
  const [one, two] = [await broker.resolve(web1, 'shop/DB'), await broker.resolve(web1, 'shop/DB')]
  assert.ok(one.isSigned && two.isSigned)
  assert.notDeepEqual(one.requestSignature, two.requestSignature)
})

test('an unknown machine, and one without a signature, learn nothing', async () => {
  const unknown = { id: `m_${'z'.repeat(26)}`, key: createSigningKey() }
  const [known, none] = [
    await broker.ask(web1, { body, key: createSigningKey() }),
    await broker.ask(unknown, { body }),
  ]
  assert.deepEqual([none.status, none.json.error.reason], [known.status, known.json.error.reason])
  const bare = await broker.send({ method: 'POST', path: '/v2/resolve' }, '{}')
  assert.equal(bare.status, 401)
})

test('bodies that are too large, too many references and nonsense are refused by name', async () => {
  const large = await broker.send({ method: 'POST', path: '/v2/resolve' }, 'x'.repeat(600_000))
  assert.equal(large.status, 413)
  const many = await broker.resolve(web1, ...Array.from({ length: 2001 }, (_, index) => `shop/n${index}`))
  assert.deepEqual([many.status, many.isSigned, many.json.error.code], [400, true, 'usage'])
  const most = await broker.resolve(web1, ...Array.from({ length: 2000 }, (_, index) => `shop/n${index}`))
  assert.equal(Object.keys(most.json.answers).length, 2000)
  const odd = await broker.ask(web1, { body: { refs: [7] } })
  assert.match(odd.json.error.reason, /refs\.0/)
  assert.equal((await broker.ask(web1, { body, url: '/v2/other' })).status, 404)
})
