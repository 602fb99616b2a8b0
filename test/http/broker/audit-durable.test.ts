import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createAuditStore } from '../../../src/host/broker/audit-store.ts'
import { openSqlite } from '../../../src/host/broker/sqlite.ts'
import { until } from '../../../scripts/engine/until.ts'
import { checked } from '../../contract/broker/audit-store-contract.ts'
import { startBroker, type TestBroker, type TestMachine } from '../../support/broker.ts'
import { temporaryFolder, tinyDisk } from '../../support/temporary-folder.ts'
import { untilLogged } from '../../support/until-logged.ts'

async function addSecret(broker: TestBroker, name: string): Promise<void> {
  const added = await broker.admin('POST', '/v1/secrets', { project: 'shop', name, reference: 'dotenv://DB' })
  assert.equal(added.status, 200, added.bytes.toString())
}

/**
 * Asks for fields with numbers in their names, four at a time, until the broker is gone. Returns those that
 * were answered.
 */
async function askUntilItEnds(broker: TestBroker, machine: TestMachine, first: number): Promise<string[]> {
  const answered: string[] = []
  let next = first
  const one = async (): Promise<void> => {
    for (;;) {
      const target = `shop/db/f${next}`
      next += 1
      const reply = await broker.resolve(machine, target).catch(() => undefined)
      if (reply === undefined) return
      assert.equal(reply.status, 200, reply.bytes.toString())
      answered.push(target)
    }
  }
  const asking = Promise.all([one(), one(), one(), one()])
  await until('some requests are answered', () => answered.length >= 10 + (first % 7))
  broker.process.kill('SIGKILL')
  await asking
  return answered
}

test('after kill -9 at any moment, each answered read has its line and the chain is whole', async (t) => {
  const folder = await temporaryFolder(t)
  const answered: string[] = []
  let machine: TestMachine | undefined
  for (let round = 0; round < 4; round += 1) {
    const broker = await startBroker({ folder, args: ['--machine-rate', '100000/s'] })
    t.after(() => broker.stop('SIGKILL'))
    if (machine === undefined) {
      broker.put({ DB: 'canary' })
      await addSecret(broker, 'db')
      machine = await broker.machine('web1', ['shop/db'])
    }
    answered.push(...(await askUntilItEnds(broker, machine, 1000 * round)))
    await broker.stop('SIGKILL')
  }
  await using database = openSqlite(join(folder, 'broker', 'broker.db'))
  const store = createAuditStore(database)
  const { faults, last } = await checked(store)
  assert.deepEqual([faults, last], [[], await store.head()])
  const recorded = new Set<string>()
  for (
    let after = 0, rows = await store.after(0, 1000);
    rows.length > 0;
    rows = await store.after(after, 1000)
  )
    for (const { seq, entry } of rows) {
      recorded.add(entry.target)
      after = seq
    }
  assert.deepEqual(
    answered.filter((target) => !recorded.has(target)),
    [],
  )
})

test('with a full disk reads are refused by name, and work again when there is space', async (t) => {
  const folder = await tinyDisk(t, 4 << 20)
  const broker = await startBroker({ folder })
  t.after(() => broker.stop('SIGKILL'))
  broker.put({ DB: 'canary-full' })
  await addSecret(broker, 'db')
  const machine = await broker.machine('web1', ['shop/db'])
  const filler = join(folder, 'filler')
  for (let size = 1 << 20; size >= 512; size /= 2)
    try {
      for (;;) writeFileSync(filler, Buffer.alloc(size), { flag: 'a' })
    } catch {
      // There is less space than this.
    }
  const refused = await until('a read is refused', async () => {
    const reply = await broker.resolve(machine, 'shop/db')
    return reply.status === 200 ? undefined : reply
  })
  assert.equal(refused.status, 503)
  assert.doesNotMatch(refused.bytes.toString(), /canary/)
  await untilLogged(() => broker.output(), /the disk is full/)
  const listed = await broker.admin('GET', '/v1/machines')
  assert.equal(listed.status, 200, 'what needs no space works')
  writeFileSync(filler, '')
  await until('reads work again', async () => (await broker.resolve(machine, 'shop/db')).status === 200)
})
