import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../../../scripts/engine/until.ts'
import { addSecrets, askGrackle, createClient, sendGrackle, startGrackle } from '../../support/grackle.ts'
import { auditOf } from '../../support/grackle-audit.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const client = createClient(1024)

test('the policy is asked, and knows the client by its service', async (t) => {
  const file = join(await temporaryFolder(t), 'policy.toml')
  writeFileSync(
    file,
    `[[policy]]\nname = "api"\nwhen = 'machine == "grackle:api" && secret == "DB"'\neffect = "allow"\n`,
  )
  const broker = await startGrackle(t, client, { args: ['--policy-file', file] })
  await addSecrets(broker, { DB: 'value', OTHER: 'other' })
  assert.equal((await askGrackle(broker, client, 'DB')).status, 200)
  const { status, text } = await askGrackle(broker, client, 'OTHER')
  assert.deepEqual([status, text], [403, 'forbidden\n'])
  const [denied, allowed] = await auditOf(broker, 'read')
  assert.deepEqual([denied?.outcome, allowed?.outcome, allowed?.reason], ['denied', 'allowed', 'api'])
})

test('a changed value is read after the refresh interval', async (t) => {
  const broker = await startGrackle(t, client, {
    args: ['--broker-refresh', '2s', '--machine-rate', '500/s'],
  })
  await addSecrets(broker, { DB: 'first' })
  assert.equal((await askGrackle(broker, client, 'DB')).value, 'first')
  broker.put({ DB: 'second' })
  await until(
    'the new value is read',
    async () => (await askGrackle(broker, client, 'DB')).value === 'second',
  )
})

test('values come from the environment, and quotes stay in them', async (t) => {
  const broker = await startGrackle(t, client, { env: { LOCKET_ENV_PROVIDER: 'true', API_KEY: '"quoted"' } })
  const reference = 'env://API_KEY'
  await broker.admin('POST', '/v1/secrets', { project: 'api', name: 'API_KEY', reference })
  assert.equal((await askGrackle(broker, client, 'API_KEY')).value, '"quoted"')
})

test('a provider that fails is a 503, and a missing value a 404', async (t) => {
  const broker = await startGrackle(t, client)
  await addSecrets(broker, { DB: 'value' })
  await broker.admin('POST', '/v1/secrets', { project: 'api', name: 'GONE', reference: 'dotenv://GONE' })
  assert.equal((await askGrackle(broker, client, 'GONE')).status, 404)
  writeFileSync(join(broker.folder, 'values.env'), 'no dotenv file\n')
  await until('the failure is answered', async () => (await askGrackle(broker, client, 'DB')).status !== 200)
  const { status, text } = await askGrackle(broker, client, 'DB')
  assert.deepEqual([status, text], [503, 'service unavailable\n'])
  const [line] = await auditOf(broker, 'read')
  assert.equal(line?.outcome, 'failed')
})

test('a client has the rate of a machine', async (t) => {
  const broker = await startGrackle(t, client, { args: ['--machine-rate', '2/h'] })
  await addSecrets(broker, { DB: 'value' })
  for (let n = 0; n < 2; n += 1) assert.equal((await askGrackle(broker, client, 'DB')).status, 200)
  const { status, text, headers } = await askGrackle(broker, client, 'DB')
  assert.deepEqual([status, text], [429, 'too many requests\n'])
  assert.ok(Number(headers['retry-after']) > 0)
})

test('an address with many refusals waits, and the audit has the first of them', async (t) => {
  const broker = await startGrackle(t, client)
  const seen = new Map<number, number>()
  for (let n = 0; n < 70; n += 1) {
    const { status } = await sendGrackle(broker, client, '{}')
    seen.set(status, (seen.get(status) ?? 0) + 1)
  }
  assert.ok((seen.get(400) ?? 0) >= 60 && (seen.get(429) ?? 0) > 0)
  assert.equal((await auditOf(broker, 'authenticate')).length, seen.get(400))
})

test('without a line in the audit no value is sent', async (t) => {
  const broker = await startGrackle(t, client)
  await addSecrets(broker, { DB: 'value' })
  const { DatabaseSync } = await import('node:sqlite')
  const database = new DatabaseSync(join(broker.folder, 'broker', 'broker.db'))
  database.exec('ALTER TABLE audit RENAME TO audit_away')
  database.close()
  const { status, text } = await askGrackle(broker, client, 'DB')
  assert.deepEqual([status, text], [503, 'service unavailable\n'])
})
