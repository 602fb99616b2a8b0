import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { until } from '../../../scripts/engine/until.ts'
import { startBroker, type BrokerOptions, type TestBroker } from '../../support/broker.ts'
import { askSikkerkey } from '../../support/sikkerkey.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

async function brokerFor(t: TestContext, options: Partial<BrokerOptions>): Promise<TestBroker> {
  const broker = await startBroker({ folder: await temporaryFolder(t), ...options })
  t.after(() => broker.stop())
  broker.put({ DB: 'value' })
  await broker.admin('POST', '/v1/secrets', { project: 'shop', name: 'DB', reference: 'dotenv://DB' })
  return broker
}

test('with sikkerkey=off the broker has no such paths', async (t) => {
  const broker = await brokerFor(t, { args: ['--sikkerkey', 'off'] })
  assert.equal((await broker.send({ path: '/v1/secrets' })).status, 404)
})

test('both protocols of a machine have one rate', async (t) => {
  const broker = await brokerFor(t, { args: ['--machine-rate', '2/h'] })
  const machine = await broker.machine('web1', ['shop/DB'])
  assert.equal((await askSikkerkey(broker, machine, '/v1/secret/sk_DB')).status, 200)
  assert.equal((await broker.resolve(machine, 'shop/DB')).status, 200)
  const { status, json } = await askSikkerkey(broker, machine, '/v1/secret/sk_DB')
  assert.deepEqual([status, json.error], [429, 'this machine asks too often'])
})

test('a provider that fails is a 503, whatever its reason', async (t) => {
  const broker = await brokerFor(t, {})
  const machine = await broker.machine('web1', ['shop/DB'])
  writeFileSync(join(broker.folder, 'values.env'), 'no dotenv file\n')
  const { status, json } = await askSikkerkey(broker, machine, '/v1/secret/sk_DB')
  assert.equal(status, 503)
  assert.match(json.error ?? '', /^sk_DB: it cannot be read at present \([a-z_]+\)$/)
})

test('a policy that denies a secret leaves it out of lists and of an export', async (t) => {
  const folder = await temporaryFolder(t)
  const file = join(folder, 'policy.toml')
  writeFileSync(file, `[[policy]]\nname = "n"\nwhen = 'secret != "OTHER"'\neffect = "allow"\n`)
  const broker = await brokerFor(t, { args: ['--policy-file', file] })
  await broker.admin('POST', '/v1/secrets', { project: 'shop', name: 'OTHER', reference: 'dotenv://DB' })
  const machine = await broker.machine('web1', ['shop/*'])
  const one = await askSikkerkey(broker, machine, '/v1/secret/sk_OTHER')
  assert.equal(one.status, 403)
  const { json } = await askSikkerkey(broker, machine, '/v1/secrets/export', { method: 'POST' })
  assert.deepEqual(
    json.secrets?.map(({ id, value }) => [id, value]),
    [['sk_DB', 'value']],
  )
  const listed = await askSikkerkey(broker, machine, '/v1/secrets')
  assert.deepEqual(
    listed.json.secrets?.map(({ id }) => id),
    ['sk_DB'],
  )
})

test('a poll reports a new value once, and a grant that was taken away', async (t) => {
  const broker = await brokerFor(t, { args: ['--broker-refresh', '2s', '--machine-rate', '500/s'] })
  const machine = await broker.machine('web1', ['shop/DB'])
  const poll = async (): Promise<unknown> => {
    const body = '{"watch":["sk_DB"]}'
    const { json } = await askSikkerkey(broker, machine, '/v1/secrets/poll', { method: 'POST', body })
    return json.changes
  }
  assert.equal((await askSikkerkey(broker, machine, '/v1/secret/sk_DB')).json.value, 'value')
  assert.deepEqual(await poll(), {})
  broker.put({ DB: 'new value' })
  const reported: unknown[] = []
  await until('the change is reported', async () => {
    reported.push(await poll())
    return JSON.stringify(reported.at(-1)).includes('changed')
  })
  assert.deepEqual(reported.at(-1), { sk_DB: { status: 'changed' } })
  assert.equal((await askSikkerkey(broker, machine, '/v1/secret/sk_DB')).json.value, 'new value')
  assert.deepEqual(await poll(), {})
  const { status } = await broker.admin('DELETE', '/v1/machines/web1/grants/shop/DB')
  assert.equal(status, 200)
  assert.deepEqual(await poll(), { sk_DB: { status: 'access_denied' } })
})
