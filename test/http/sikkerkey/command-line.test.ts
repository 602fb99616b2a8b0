import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { vaultIdOf } from '../../../src/core/broker/identity-file.ts'
import { createSigningKey, rawPublicKey, toBase64 } from '../../../src/core/broker/keys.ts'
import { assertNoSecret } from '../../support/assert-no-secret.ts'
import { startBroker, type TestBroker, type TestMachine } from '../../support/broker.ts'
import { askSikkerkey } from '../../support/sikkerkey.ts'

const CANARY = 'canary-command-line-0815'
const folder = mkdtempSync(join(tmpdir(), 'locket-command-line-'))
let broker: TestBroker
let web1: TestMachine
let vault: string

before(async () => {
  broker = await startBroker({ folder })
  broker.put({ DB: CANARY })
  for (const [project, name, reference] of [
    ['shop', 'db', 'dotenv://DB'],
    ['shop', 'all', 'dotenv://*'],
    ['blog', 'db', 'dotenv://DB'],
  ])
    await broker.admin('POST', '/v1/secrets', { project, name, reference })
  web1 = await broker.machine('web1', ['shop/db', 'shop/all'])
  const { bytes } = await broker.send({ method: 'GET', path: '/v2/server' })
  const { serverKey } = JSON.parse(bytes.toString()) as { readonly serverKey: string }
  vault = vaultIdOf(Buffer.from(serverKey, 'base64'))
})
after(async () => {
  await broker.stop()
  assertNoSecret(broker.output(), [CANARY], 'the log')
  rmSync(folder, { recursive: true })
})

test('the list of the command line names projects, and has no values', async () => {
  const { status, json, text } = await askSikkerkey(broker, web1, '/v1/cli/secrets')
  const shop = {
    projectId: 'shop',
    projectName: 'shop',
    applicationId: null,
    applicationName: null,
    type: '',
  }
  assert.deepEqual(
    [status, json],
    [
      200,
      {
        secrets: [
          { ...shop, id: 'sk_all', name: 'all', fieldNames: 'DB' },
          { ...shop, id: 'sk_db', name: 'db', fieldNames: null },
        ],
      },
    ],
  )
  assertNoSecret(text, [CANARY])
})

test('the access to a project is what is granted, and tells no other project', async () => {
  const verify = (projectId: unknown) =>
    askSikkerkey(broker, web1, '/v1/verify-access', { method: 'POST', body: JSON.stringify({ projectId }) })
  const own = await verify('shop')
  assert.deepEqual([own.status, own.json], [200, { valid: true, projectName: 'shop', error: null }])
  const [hidden, none] = [await verify('blog'), await verify('none')]
  const says = { valid: false, projectName: null, error: 'this machine may not read this project' }
  assert.deepEqual([hidden.status, hidden.json, none.status, none.json], [403, says, 403, says])
  assert.equal((await verify(7)).status, 400)
})

/** Adds a machine, and resolves with the token that is shown for it. */
async function invite(name: string, more: object = {}): Promise<string> {
  const grants = [{ project: 'shop', name: 'db' }]
  return (await broker.admin('POST', '/v1/machines', { name, grants, ...more })).json.token
}

async function register(body: object, at = vault) {
  const path = `/v1/${at}/enroll/register`
  const sent = await broker.send({ method: 'POST', path }, JSON.stringify(body))
  return { status: sent.status, json: JSON.parse(sent.bytes.toString()) as Record<string, string> }
}

test('a program enrols with a token once, and reads with the key that it has made', async () => {
  const [token, key] = [await invite('lambda'), createSigningKey()]
  const publicKey = toBase64(rawPublicKey(key))
  const { status, json } = await register({ token, publicKey, hostname: 'serverless', name: 'mine' })
  assert.equal(status, 200)
  const { machineId = '', ...rest } = json
  const apiUrl = `https://127.0.0.1:${broker.port}`
  assert.deepEqual(rest, { machineName: 'lambda', vaultId: vault, apiUrl })
  const machine = { id: machineId, key }
  assert.equal((await askSikkerkey(broker, machine, '/v1/secret/sk_db')).json.value, CANARY)
  const again = await register({ token, publicKey, hostname: 'x' })
  assert.deepEqual([again.status, again.json], [403, { error: 'the token is unknown, used or expired' }])
})

test('a machine that waits for approval has no answers before it', async () => {
  const [token, key] = [await invite('careful', { needsApproval: true }), createSigningKey()]
  const { status, json } = await register({ token, publicKey: toBase64(rawPublicKey(key)), hostname: 'x' })
  assert.equal(status, 200)
  const read = () => askSikkerkey(broker, { id: json['machineId'] ?? '', key }, '/v1/secret/sk_db')
  assert.equal((await read()).status, 401)
  await broker.admin('POST', '/v1/machines/careful/enable')
  assert.equal((await read()).json.value, CANARY)
})

test('an enrolment that is not right is refused, and uses no token up', async () => {
  const token = await invite('late')
  const publicKey = toBase64(rawPublicKey(createSigningKey()))
  const other = `vault_${'0'.repeat(24)}`
  const elsewhere = await register({ token, publicKey, hostname: 'x' }, other)
  assert.deepEqual([elsewhere.status, elsewhere.json['error']?.includes(vault)], [404, true])
  for (const body of [
    { token, publicKey: 'AAAA', hostname: 'x' },
    { token: 'x', publicKey, hostname: 'x' },
    { token, publicKey, hostname: 'x'.repeat(300) },
    { token },
    [],
  ])
    assert.equal((await register(body)).status, 400, JSON.stringify(body))
  const unknown = `le_${'a'.repeat(26)}`
  assert.equal((await register({ token: unknown, publicKey, hostname: 'x' })).status, 403)
  assert.equal((await register({ token, publicKey, hostname: 'x' })).status, 200)
})
