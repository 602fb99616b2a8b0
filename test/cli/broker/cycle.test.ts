import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { until } from '../../../scripts/engine/until.ts'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { freePort } from '../../support/free-port.ts'
import { MAIN } from '../../support/program.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** Makes an identity at the broker, in `folder`. */
async function enrolled(broker: TestBroker, name: string, folder: string): Promise<string> {
  const grants = [{ project: 'shop', name: '*' }]
  const { json } = await broker.admin('POST', '/v1/machines', { name, grants })
  const { url, token } = json as unknown as { readonly url: string; readonly token: string }
  const child = spawn(process.execPath, [MAIN, 'enrol', url, token, '--identity-dir', folder], {
    stdio: 'ignore',
  })
  assert.equal(await new Promise((done) => child.once('close', done)), 0)
  return join(folder, 'identity.json')
}

/** Two brokers, each a machine of the other. Their project `shop` has one secret of a `.env` file. */
async function twoBrokers(t: TestContext) {
  const folder = await temporaryFolder(t)
  const ports = [await freePort(), await freePort()]
  const identityOf = (at: number): string => join(folder, `of-${at}`, 'identity.json')
  const start = async (at: number): Promise<TestBroker> => {
    const own = join(folder, `broker-${at}`)
    mkdirSync(own, { recursive: true })
    const broker = await startBroker({
      folder: own,
      port: ports[at] ?? 0,
      args: ['--machine-rate', '500/s'],
      env: { LOCKET_IDENTITY: identityOf(at) },
    })
    t.after(() => broker.stop('SIGKILL'))
    return broker
  }
  const brokers = [await start(0), await start(1)] as const
  for (const [at, broker] of brokers.entries()) {
    broker.put({ DB: `canary-${at}` })
    await add(broker, 'plain', 'dotenv://DB')
    await enrolled(broker, 'other', join(folder, `of-${1 - at}`))
  }
  return brokers
}

async function add(broker: TestBroker, name: string, reference: string): Promise<void> {
  const { status, bytes } = await broker.admin('POST', '/v1/secrets', { project: 'shop', name, reference })
  assert.equal(status, 200, bytes.toString())
}

const valueOf = (text: string): string => Buffer.from(text).toString('base64')

test('brokers that refer to each other refuse it by name at once, from both sides', async (t) => {
  const [first, second] = await twoBrokers(t)
  await add(first, 'loop', 'locket://shop/loop')
  await add(second, 'loop', 'locket://shop/loop')
  await add(first, 'through', 'locket://shop/plain')
  await add(second, 'through', 'locket://shop/plain')
  const machines = [
    await first.machine('web1', ['shop/*']),
    await second.machine('web2', ['shop/*']),
  ] as const
  const one = await first.resolve(machines[0], 'shop/loop', 'shop/through')
  assert.deepEqual(one.json.answers['shop/loop'], { error: 'cycle' })
  assert.equal(one.json.answers['shop/through']?.['value'], valueOf('canary-1'))
  const both = await Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      at % 2 === 0 ? first.resolve(machines[0], 'shop/loop') : second.resolve(machines[1], 'shop/loop'),
    ),
  )
  for (const { json } of both) assert.deepEqual(json.answers, { 'shop/loop': { error: 'cycle' } })
  await until('the reason is logged', () =>
    [/came through this broker before/, /back to a broker before it/].every((says) =>
      says.test(first.output() + second.output()),
    ),
  )
  const lines = await Promise.all(
    [first, second].map((broker) => broker.admin('GET', '/v1/audit?limit=1000')),
  )
  const reads = lines.flatMap(({ bytes }) => bytes.toString().match(/"action":"read"/g) ?? [])
  assert.ok(reads.length < 200, `the questions did not multiply: ${reads.length}`)
  const ahead = await second.resolve(machines[1], 'shop/through')
  assert.equal(ahead.json.answers['shop/through']?.['value'], valueOf('canary-0'))
})
