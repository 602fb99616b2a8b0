import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { until } from '../../../scripts/engine/until.ts'
import { createSigningKey, keyFingerprint, rawPublicKey } from '../../../src/core/broker/keys.ts'
import { createNonce } from '../../../src/core/broker/tokens.ts'
import { assertNoSecret } from '../../support/assert-no-secret.ts'
import { enrol, startBroker, type TestBroker } from '../../support/broker.ts'
import { untilLogged } from '../../support/until-logged.ts'

const folder = mkdtempSync(join(tmpdir(), 'locket-admin-'))
let broker: TestBroker

before(async () => {
  broker = await startBroker({ folder, args: ['--machine-rate', '5/m'] })
  broker.put({ DB: 'canary-admin' })
  await broker.admin('POST', '/v1/secrets', { project: 'shop', name: 'db', reference: 'dotenv://DB' })
})
after(async () => {
  await broker.stop()
  rmSync(folder, { recursive: true })
})

test('the admin API is a socket of the owner, and answers nobody without the token', async () => {
  assert.equal(statSync(join(folder, 'broker', 'admin.sock')).mode & 0o777, 0o600)
  for (const path of ['/v1/secrets', '/v1/openapi.json', '/v1/nothing', '/v2/server']) {
    const { status, json } = await broker.admin('GET', path, undefined, 'la_wrong')
    assert.deepEqual([status, json.error.code], [401, 'auth'], path)
  }
  const onMachines = await broker.send({ method: 'GET', path: '/v1/machines' })
  assert.equal(onMachines.status, 404, 'machines do not reach it')
})

test('its description names every route, with the shapes of bodies and answers', async () => {
  const { json } = await broker.admin('GET', '/v1/openapi.json')
  assert.deepEqual(Object.keys(json.paths).toSorted(), [
    '/v1/audit',
    '/v1/audit/chain',
    '/v1/audit/head',
    '/v1/bundles/download',
    '/v1/machines',
    '/v1/machines/{name}',
    '/v1/machines/{name}/disable',
    '/v1/machines/{name}/enable',
    '/v1/machines/{name}/grants',
    '/v1/machines/{name}/grants/{project}/{secret}',
    '/v1/policy',
    '/v1/secrets',
    '/v1/secrets/{project}/{secret}',
    '/v1/workloads',
  ])
  const text = JSON.stringify(json)
  for (const word of ['fingerprint', 'needsApproval', 'bearer', 'application/zip'])
    assert.ok(text.includes(word), word)
})

test('the longest names can be granted, revoked and removed, in the path too', async () => {
  const [project, name, machine] = ['p'.repeat(63), 's'.repeat(127), 'm'.repeat(63)]
  const place = { project, name }
  await broker.admin('POST', '/v1/secrets', { ...place, reference: 'dotenv://DB' })
  await broker.machine(machine, [`${project}/${name}`])
  const encoded = '%73'.repeat(127)
  for (const path of [
    `/v1/machines/${machine}/grants/${project}/${encoded}`,
    `/v1/secrets/${project}/${name}`,
  ])
    assert.equal((await broker.admin('DELETE', path)).status, 200, path)
  assert.equal((await broker.admin('DELETE', `/v1/machines/${machine}`)).status, 200)
})

test('wrong bodies are refused by the place of the mistake', async () => {
  const rows: readonly (readonly [unknown, RegExp])[] = [
    [{ name: 'x', how: 'magic' }, /how:/],
    [{ name: 'x', grants: [{ project: 'a' }] }, /grants\.0\.name/],
    [{ name: 'x', extra: 1 }, /extra/],
    [[], /the body/],
  ]
  for (const [body, says] of rows) {
    const { status, json } = await broker.admin('POST', '/v1/machines', body)
    assert.equal(status, 400)
    assert.match(json.error.reason, says)
  }
})

test('a bundle is downloaded once, also when the broker is killed in between', async () => {
  const body = { name: 'killed', grants: [{ project: 'shop', name: 'db' }], how: 'bundle' }
  const { json } = await broker.admin('POST', '/v1/machines', body)
  const database = readFileSync(join(folder, 'broker', 'broker.db-wal'))
  assertNoSecret(database, [json.token, 'BEGIN PRIVATE KEY'], 'the database')
  await broker.stop('SIGKILL')
  broker = await startBroker({ folder, port: broker.port, args: ['--machine-rate', '5/m'] })
  const download = (): ReturnType<TestBroker['admin']> =>
    broker.admin('POST', '/v1/bundles/download', { token: json.token })
  const both = await Promise.all([download(), download()])
  assert.deepEqual(
    both.map(({ status }) => status).toSorted((a, b) => a - b),
    [200, 404],
  )
  await broker.stop('SIGKILL')
  broker = await startBroker({ folder, port: broker.port, args: ['--machine-rate', '5/m'] })
  assert.equal((await download()).status, 404)
  const { bytes } = await broker.admin('GET', '/v1/machines/killed')
  assert.ok(bytes.includes('"enabled"'), 'the machine stays')
})

test('a request that was sent before a kill is refused after it', async () => {
  const machine = await broker.machine('replayed', ['shop/db'])
  const request = { body: { refs: ['shop/db'] }, nonce: createNonce(), now: Date.now() }
  assert.equal((await broker.ask(machine, request)).status, 200)
  await broker.stop('SIGKILL')
  broker = await startBroker({ folder, port: broker.port, args: ['--machine-rate', '5/m'] })
  assert.match((await broker.ask(machine, request)).json.error.reason, /was sent before/)
})

test('a machine above its rate is refused with the time to wait, and no other machine', async () => {
  const [fast, other] = [
    await broker.machine('fast', ['shop/db']),
    await broker.machine('other', ['shop/db']),
  ]
  const statuses: number[] = []
  for (let count = 0; count < 6; count += 1) statuses.push((await broker.resolve(fast, 'shop/db')).status)
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429])
  const { headers } = await broker.send({ method: 'GET', path: '/healthz' })
  assert.equal(headers['retry-after'], undefined)
  assert.equal((await broker.resolve(other, 'shop/db')).status, 200)
})

test('a machine from a network that is not its own, and an expired one, are refused and logged', async () => {
  const far = await broker.machine('far', ['shop/db'], { cidrs: ['10.0.0.0/8'] })
  assert.equal((await broker.resolve(far, 'shop/db')).status, 401)
  const near = await broker.machine('near', ['shop/db'], { cidrs: ['127.0.0.0/8'] })
  assert.equal((await broker.resolve(near, 'shop/db')).status, 200)
  const expires = new Date(Date.now() + 1500).toISOString()
  const brief = await broker.machine('brief', ['shop/db'], { expires })
  assert.equal((await broker.resolve(brief, 'shop/db')).status, 200)
  await new Promise((resolve) => setTimeout(resolve, 1600))
  assert.equal((await broker.resolve(brief, 'shop/db')).status, 401)
  await untilLogged(
    () => broker.output(),
    /its address is not allowed[^\n]*far|far[^\n]*its address is not allowed/,
  )
  await until('the reason is logged', () => broker.output().includes('it has expired'))
})

test('a key is enrolled only by who has it, and its fingerprint is shown', async () => {
  const { json } = await broker.admin('POST', '/v1/machines', { name: 'proof' })
  const key = createSigningKey()
  const stolen = { token: json.token.split('.')[0], proof: 'A'.repeat(86) + '==', signing: '', sealing: '' }
  const raw = Buffer.from(rawPublicKey(key)).toString('base64')
  const body = JSON.stringify({ ...stolen, signing: raw, sealing: raw })
  assert.equal((await broker.send({ method: 'POST', path: '/v2/enrol' }, body)).status, 400)
  const { fingerprint } = await enrol(broker, json.token, key)
  assert.equal(fingerprint, keyFingerprint(rawPublicKey(key)))
  const shown = await broker.admin('GET', '/v1/machines/proof')
  assert.ok(shown.bytes.includes(fingerprint))
})

test('a reference whose provider fails costs that reference, and the reason is in the log alone', async () => {
  const reference = 'dotenv://NOTHING_THERE'
  await broker.admin('POST', '/v1/secrets', { project: 'shop', name: 'lost', reference })
  const machine = await broker.machine('reads-lost', ['shop/*'])
  const { json, bytes } = await broker.resolve(machine, 'shop/lost', 'shop/db')
  assert.deepEqual(json.answers['shop/lost'], { error: 'not_found' })
  assert.ok('value' in (json.answers['shop/db'] ?? {}))
  assert.ok(!bytes.includes('NOTHING_THERE'))
  await until('the reason is logged', () =>
    /a secret could not be read[^\n]*NOTHING_THERE/.test(broker.output()),
  )
})
