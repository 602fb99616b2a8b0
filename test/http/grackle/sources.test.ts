import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { idOf } from '../../fixtures/servers/connect-data.ts'
import { startConnectServer } from '../../fixtures/servers/connect.ts'
import { addSecrets, askGrackle, createClient, startGrackle } from '../../support/grackle.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { untilLogged } from '../../support/until-logged.ts'

const client = createClient(1024)

test('an item of 1Password is a service: the titles of its fields are the names', async (t) => {
  const field = (id: string, label: string, value: string) => ({ id, type: 'CONCEALED', label, value })
  const fields = [field('f1', 'DB_PASSWORD', 'canary-db'), field('f2', 'API key', 'canary-key')]
  const items = [{ id: idOf(2), title: 'Api', category: 'LOGIN', fields }]
  const data = { vaults: [{ id: idOf(1), name: 'Production', items }] }
  await using server = await startConnectServer({ data, token: 'token-of-the-test' })
  const env = { OP_CONNECT_HOST: server.url, OP_CONNECT_TOKEN: 'token-of-the-test' }
  const broker = await startGrackle(t, client, { env })
  const reference = 'op://Production/Api/*'
  const added = await broker.admin('POST', '/v1/secrets', { project: 'api', name: 'api', reference })
  assert.equal(added.status, 200, added.bytes.toString())
  assert.equal((await askGrackle(broker, client, 'DB_PASSWORD')).value, 'canary-db')
  assert.equal((await askGrackle(broker, client, 'API key')).value, 'canary-key')
  const { status, text } = await askGrackle(broker, client, 'NOTHING')
  assert.deepEqual([status, text], [404, 'not found\n'])
  // A secret of its own name goes before a field.
  await addSecrets(broker, { DB_PASSWORD: 'own value' })
  assert.equal((await askGrackle(broker, client, 'DB_PASSWORD')).value, 'own value')
})

test('on a Unix socket nobody has an address, so only `any` lets a client ask', async (t) => {
  const socketOf = async () => `unix:${join(await temporaryFolder(t), 'machines.sock')}`
  const closed = await startGrackle(t, client, { args: ['--listen', await socketOf()] })
  await addSecrets(closed, { DB: 'value' })
  assert.equal((await askGrackle(closed, client, 'DB')).status, 403)
  const open = await startGrackle(t, client, {
    args: ['--listen', await socketOf(), '--grackle-network', 'any'],
  })
  await addSecrets(open, { DB: 'value' })
  assert.equal((await askGrackle(open, client, 'DB')).value, 'value')
  await untilLogged(() => open.output(), /without TLS, nothing vouches for a value/)
})
