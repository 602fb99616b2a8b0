import assert from 'node:assert/strict'
import { createHash, createPrivateKey, randomBytes, sign, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { unzipSync } from 'fflate'
import { startBroker, type TestBroker } from '../../support/broker.ts'

// SikkerKey's SDK for Node is on no registry. This sends what its version 1.1.0 sends: the identity of a
// bundle, a path at the root of the host, a Content-Type only with a body, and Content-Length always.

const folder = mkdtempSync(join(tmpdir(), 'locket-node-sdk-'))
let broker: TestBroker
let identity: { readonly machineId: string; readonly apiUrl: string }
let key: KeyObject
let authority: string

before(async () => {
  broker = await startBroker({ folder })
  broker.put({ DB: 'canary-node-db', secret_key: 'canary-node-key' })
  for (const [name, reference] of [
    ['database_url', 'dotenv://DB'],
    ['stripe_keys', 'dotenv://*'],
    ['hidden', 'dotenv://DB'],
  ])
    await broker.admin('POST', '/v1/secrets', { project: 'shop', name, reference })
  const grants = ['database_url', 'stripe_keys'].map((name) => ({ project: 'shop', name }))
  const { json } = await broker.admin('POST', '/v1/machines', { name: 'app', grants, how: 'bundle' })
  const zip = await broker.admin('POST', '/v1/bundles/download', { token: json.token })
  const files = unzipSync(zip.bytes)
  const textOf = (name: string): string => Buffer.from(files[name] ?? []).toString()
  identity = JSON.parse(textOf('identity.json'))
  key = createPrivateKey(textOf('private.pem'))
  authority = textOf('ca.pem')
})
after(async () => {
  await broker.stop()
  rmSync(folder, { recursive: true })
})

interface Got {
  readonly status: number
  readonly json: Readonly<Record<string, unknown>>
}

function call(method: 'GET' | 'POST', path: string, body = ''): Promise<Got> {
  const timestamp = String(Math.floor(Date.now() / 1000))
  const nonce = randomBytes(16).toString('base64')
  const digest = createHash('sha256').update(body).digest('hex')
  const text = [method, path, timestamp, nonce, digest].join(':')
  const headers = {
    'X-Machine-Id': identity.machineId,
    'X-Timestamp': timestamp,
    'X-Nonce': nonce,
    'X-Signature': sign(null, Buffer.from(text), key).toString('base64'),
    ...(method === 'POST' ? { 'Content-Length': String(Buffer.byteLength(body)) } : {}),
    ...(body === '' ? {} : { 'Content-Type': 'application/json' }),
  }
  const { promise, resolve, reject } = Promise.withResolvers<Got>()
  // NODE_EXTRA_CA_CERTS names the authority for the SDK.
  const options = { method, headers, ca: authority, agent: false } as const
  const request = https.request(new URL(path, identity.apiUrl), options, (response) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('end', () =>
      resolve({
        status: response.statusCode ?? 0,
        json: JSON.parse(Buffer.concat(chunks).toString()) as Got['json'],
      }),
    )
  })
  request.on('error', reject)
  request.end(body)
  return promise
}

test('it reads a secret, and the fields of one as a JSON object in a string', async () => {
  const { status, json } = await call('GET', '/v1/secret/sk_database_url')
  assert.deepEqual([status, json], [200, { value: 'canary-node-db' }])
  const fields = await call('GET', '/v1/secret/sk_stripe_keys')
  assert.deepEqual(JSON.parse(String(fields.json['value'])), {
    DB: 'canary-node-db',
    secret_key: 'canary-node-key',
  })
})

test('it lists, exports without a body, and exports one project', async () => {
  const item = { name: 'database_url', fieldNames: null, projectId: 'shop' }
  const list = await call('GET', '/v1/secrets')
  assert.deepEqual((list.json['secrets'] as unknown[])[0], { id: 'sk_database_url', ...item })
  const byProject = await call('POST', '/v1/secrets/list', JSON.stringify({ projectId: 'shop' }))
  assert.deepEqual(byProject.json, list.json)
  const all = await call('POST', '/v1/secrets/export')
  const [first] = all.json['secrets'] as unknown[]
  assert.deepEqual(first, { id: 'sk_database_url', ...item, value: 'canary-node-db' })
  const ofShop = await call('POST', '/v1/secrets/export', JSON.stringify({ projectId: 'shop' }))
  assert.deepEqual(ofShop.json, all.json)
})

test('it polls, and hears what it may not read', async () => {
  const poll = () =>
    call('POST', '/v1/secrets/poll', JSON.stringify({ watch: ['sk_database_url', 'sk_hidden'] }))
  assert.deepEqual((await poll()).json, { changes: { sk_hidden: { status: 'access_denied' } } })
})

test('its errors are those that its classes are made of, and a disabled machine gets the first', async () => {
  const denied = await call('GET', '/v1/secret/sk_hidden')
  assert.deepEqual([denied.status, typeof denied.json['error']], [403, 'string'])
  await broker.admin('POST', '/v1/machines/app/disable')
  assert.equal((await call('GET', '/v1/secret/sk_database_url')).status, 401)
})
