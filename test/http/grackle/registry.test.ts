import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../../../scripts/engine/until.ts'
import { startBroker } from '../../support/broker.ts'
import {
  addSecrets,
  askGrackle,
  createClient,
  grackleBody,
  publicText,
  registryFile,
  registryRow,
  sendGrackle,
  startGrackle,
} from '../../support/grackle.ts'
import { auditOf } from '../../support/grackle-audit.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { untilLogged } from '../../support/until-logged.ts'

const client = createClient()

test('without compat there is no such path, and its settings are an error', async (t) => {
  const broker = await startBroker({ folder: await temporaryFolder(t) })
  t.after(() => broker.stop())
  assert.equal((await broker.send({ path: '/locket' })).status, 404)
  const args = ['--grackle-registry', '/nothing.yml']
  const folder = await temporaryFolder(t)
  await assert.rejects(startBroker({ folder, args }), /no effect without compat = \["grackle"\]/)
})

test('a bad row costs that row, and the log names it', async (t) => {
  const bad = '-----BEGIN ED25519 PUBLIC KEY-----\nAAAA\n-----END ED25519 PUBLIC KEY-----\n'
  const registry = `- name: short\n  keypub: ${JSON.stringify(bad)}\n${registryRow('api', client)}`
  const broker = await startGrackle(t, client, { registry })
  await addSecrets(broker, { DB: 'value' })
  assert.equal((await askGrackle(broker, client, 'DB')).value, 'value')
  await untilLogged(() => broker.output(), /row 1 \(short\): keypub has 3 bytes/)
})

test('the registry follows its file, and keeps what it has while the file is wrong', async (t) => {
  const next = createClient(1024)
  const broker = await startGrackle(t, client)
  await addSecrets(broker, { DB: 'value' })
  const status = async (by: typeof client) => (await askGrackle(broker, by, 'DB')).status
  const replace = (text: string): void => {
    writeFileSync(`${registryFile(broker.folder)}.new`, text)
    renameSync(`${registryFile(broker.folder)}.new`, registryFile(broker.folder))
  }
  assert.deepEqual([await status(client), await status(next)], [200, 403])
  appendFileSync(registryFile(broker.folder), registryRow('api', next))
  await until('the added client is known', () => /clients=2\b/.test(broker.output()))
  assert.deepEqual([await status(client), await status(next)], [200, 200])
  replace('{ not a list')
  await until('the fault is logged', () => broker.output().includes('the registry stays as it was'))
  assert.equal(await status(client), 200)
  replace(registryRow('api', next))
  await until('the first client is gone', async () => (await status(client)) === 403)
  assert.equal(await status(next), 200)
  const loads = (await auditOf(broker, 'registry.load')).map(({ outcome }) => outcome)
  assert.deepEqual(loads, ['allowed', 'failed', 'allowed', 'allowed'])
})

test('a registry that is not a list, or is missing, ends the start', async (t) => {
  const folder = await temporaryFolder(t)
  const file = registryFile(folder)
  const args = ['--compat', 'grackle', '--grackle-registry', file]
  await assert.rejects(startBroker({ folder, args }), /registry\.yml/)
  writeFileSync(file, 'name: api\n')
  await assert.rejects(startBroker({ folder, args }), /not a YAML list of rows/)
})

test('networks of the server, and addresses of a client', async (t) => {
  const [near, far] = [createClient(1024), createClient(1024)]
  const registry = [
    registryRow('api', near, '  addresses: [127.0.0.1]\n'),
    registryRow('api', far, '  addresses: [10.0.0.5]\n'),
  ].join('')
  const broker = await startGrackle(t, client, { registry })
  await addSecrets(broker, { DB: 'value' })
  assert.equal((await askGrackle(broker, near, 'DB')).status, 200)
  const { status, text } = await askGrackle(broker, far, 'DB')
  assert.deepEqual([status, text], [403, 'forbidden\n'])
  const [line] = await auditOf(broker, 'authenticate')
  assert.deepEqual([line?.machine, line?.reason], ['grackle:api', 'its address is not allowed'])
})

test('by default only 10.0.0.0/24 may ask, and everybody gets the key', async (t) => {
  const folder = await temporaryFolder(t)
  writeFileSync(registryFile(folder), registryRow('api', client))
  const args = ['--compat', 'grackle', '--grackle-registry', registryFile(folder)]
  const broker = await startBroker({ folder, args })
  t.after(() => broker.stop())
  assert.equal((await broker.send({ path: '/locket' })).status, 200)
  const { status, text } = await sendGrackle(broker, client, 'not even JSON')
  assert.deepEqual([status, text], [403, 'forbidden\n'])
  const [line] = await auditOf(broker, 'authenticate')
  assert.deepEqual([line?.actor, line?.reason], ['grackle', 'its address is in none of the networks'])
})

test('the key and the nonces outlive a restart, and the key is private', async (t) => {
  const folder = await temporaryFolder(t)
  const first = await startGrackle(t, client, { folder })
  await addSecrets(first, { DB: 'value' })
  const key = (await first.send({ path: '/locket' })).bytes.toString()
  const body = JSON.stringify(await grackleBody(first, client, 'DB'))
  assert.equal((await sendGrackle(first, client, body)).status, 200)
  await first.stop()
  const path = join(folder, 'broker', 'grackle-key.pem')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  const second = await startGrackle(t, client, { folder })
  assert.equal((await second.send({ path: '/locket' })).bytes.toString(), key)
  assert.equal((await sendGrackle(second, client, body)).status, 403)
  const [line] = await auditOf(second, 'authenticate')
  assert.equal(line?.reason, 'this request was sent before')
})

test('two clients may use the same nonce', async (t) => {
  const other = createClient(1024)
  const registry = registryRow('api', client) + registryRow('api', other)
  const broker = await startGrackle(t, client, { registry })
  await addSecrets(broker, { DB: 'value' })
  const nonce = 'one-nonce-for-two'
  assert.equal((await askGrackle(broker, client, 'DB', { nonce })).status, 200)
  assert.equal((await askGrackle(broker, other, 'DB', { nonce })).status, 200)
  assert.equal((await askGrackle(broker, other, 'DB', { nonce })).status, 403)
})

test('the registry has an API for its token, and refuses everything else', async (t) => {
  const other = createClient(1024)
  const broker = await startGrackle(t, client, { args: ['--grackle-registry-api', 'true'] })
  await addSecrets(broker, { DB: 'value' })
  const path = join(broker.folder, 'broker', 'grackle-token')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  const own = readFileSync(path, 'utf8').trim()
  const call = async (method: string, body?: unknown, token = own) => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const length = text === undefined ? {} : { 'content-length': String(text.length) }
    const headers = { 'x-auth-token': token, ...length }
    const { status, bytes } = await broker.send({ method, path: '/locket/registry', headers }, text)
    return [status, bytes.toString()] as const
  }
  const keypub = publicText(other.signing)
  assert.deepEqual(await call('GET', undefined, 'other'), [403, 'forbidden\n'])
  assert.deepEqual(await call('POST', { name: 'api', keypub }, ''), [403, 'forbidden\n'])
  assert.deepEqual(await call('POST', { name: 'api', keypub: 'x' }), [400, 'bad request\n'])
  assert.deepEqual(await call('POST', { name: '../api', keypub }), [400, 'bad request\n'])
  assert.deepEqual(await call('POST', { name: 'w', keypub: publicText(client.signing) }), [
    403,
    'forbidden\n',
  ])
  assert.deepEqual(await call('DELETE', { name: 'nobody', keypub: '' }), [404, 'not found\n'])
  assert.deepEqual(await call('DELETE', { name: 'api', keypub: '' }), [403, 'forbidden\n'])
  assert.equal((await askGrackle(broker, other, 'DB')).status, 403)
  assert.equal((await call('POST', { name: 'api', keypub }))[0], 200)
  assert.equal((await askGrackle(broker, other, 'DB')).value, 'value')
  assert.deepEqual(JSON.parse((await call('GET'))[1]), [
    { name: 'api', keypub: publicText(client.signing) },
    { name: 'api', keypub },
  ])
  assert.equal((await call('DELETE', { name: 'api', keypub: '' }))[0], 200)
  assert.equal((await askGrackle(broker, other, 'DB')).status, 403)
  assert.equal((await askGrackle(broker, client, 'DB')).status, 200)
  const [added] = await auditOf(broker, 'registry.add')
  assert.deepEqual([added?.actor, added?.target, added?.outcome], ['registry token', 'api', 'allowed'])
  assert.ok(!broker.output().includes(own))
})

test('without its switch the registry has no API', async (t) => {
  const broker = await startGrackle(t, client)
  assert.equal((await broker.send({ path: '/locket/registry', headers: { 'x-auth-token': '' } })).status, 404)
})
