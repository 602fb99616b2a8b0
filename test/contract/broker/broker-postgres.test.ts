import assert from 'node:assert/strict'
import { createConnection, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { createAuditStore } from '../../../src/host/broker/audit-store.ts'
import { createBrokerStore } from '../../../src/host/broker/broker-store.ts'
import { openPostgres } from '../../../src/host/broker/postgres.ts'
import { systemClock } from '../../../src/host/daemon/clock.ts'
import { until } from '../../../scripts/engine/until.ts'
import { startPostgres } from '../../fixtures/servers/postgres.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { auditStoreContract } from './audit-store-contract.ts'
import { brokerStoreContract, type BrokerStoreSubject, secret } from './broker-store-contract.ts'
import { knownRecordsContract } from './known-records-contract.ts'
import { workloadStoreContract } from './workload-store-contract.ts'

const postgres = await startPostgres()

workloadStoreContract('postgres', async () => openPostgres(await postgres.createDatabase(), systemClock()))

const STORES: BrokerStoreSubject = {
  async open() {
    const url = await postgres.createDatabase()
    return async () => createBrokerStore(await openPostgres(url, systemClock()))
  },
}

brokerStoreContract('postgres', STORES)
knownRecordsContract('postgres', STORES)

auditStoreContract('postgres', {
  async open() {
    const url = await postgres.createDatabase()
    return async () => {
      const database = await openPostgres(url, systemClock())
      return Object.assign(createAuditStore(database), {
        [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
      })
    }
  },
})

test('postgres: two processes may make the tables of one database at the same time', async () => {
  const url = await postgres.createDatabase()
  const opened = await Promise.all([1, 2, 3].map(() => openPostgres(url, systemClock())))
  await Promise.all(opened.map((database) => database[Symbol.asyncDispose]()))
})

test('postgres: another process hears of a change, and of a time without news', async () => {
  const url = await postgres.createDatabase()
  await using here = createBrokerStore(await openPostgres(url, systemClock()))
  await using there = createBrokerStore(await openPostgres(url, systemClock()))
  const heard: string[] = []
  there.onChange((change) => heard.push(change.kind))
  await here.announce({ kind: 'machine', machine: 'm_a' })
  await until('the change is heard', () => heard.includes('machine'))
  await postgres.restart()
  await until('the loss is heard', () => heard.includes('lost'))
  assert.equal(await here.addSecret(secret('shop', 'db')), true)
  await here.announce({ kind: 'secret', project: 'shop', name: 'db' })
  await until('news are heard again', () => heard.includes('secret'))
})

test('postgres: a connection on which LISTEN fails is closed before the next one is made', async (t) => {
  const url = await postgres.createDatabase()
  const folder = await temporaryFolder(t)
  const refuses = { isOn: true, times: 0 }
  const open = new Set<Socket>()
  // It stands between the broker and the server, and makes LISTEN a syntax error of the same length.
  const between = createServer((near) => {
    const far = createConnection(join(new URL(url).searchParams.get('host') ?? '', '.s.PGSQL.5432'))
    open.add(near)
    near.on('close', () => {
      open.delete(near)
      far.destroy()
    })
    for (const side of [near, far]) side.on('error', () => undefined)
    far.on('close', () => near.destroy())
    far.pipe(near)
    near.on('data', (bytes: Buffer) => {
      const isListen = bytes.includes('LISTEN ')
      if (isListen) refuses.times += 1
      const text = bytes.toString('latin1')
      far.write(isListen && refuses.isOn ? Buffer.from(text.replace('LISTEN', 'LISTEM'), 'latin1') : bytes)
    })
  })
  await new Promise<void>((done) => between.listen(join(folder, '.s.PGSQL.5432'), done))
  t.after(() => between.close())
  const through = new URL(url)
  through.searchParams.set('host', folder)
  await using store = createBrokerStore(await openPostgres(through.href, systemClock()))
  const heard: string[] = []
  store.onChange((change) => heard.push(change.kind))
  await until('LISTEN has failed three times', () => refuses.times >= 3)
  await until('only the connection of the migration is open', () => open.size <= 1)
  refuses.isOn = false
  await until('the loss is heard', () => heard.includes('lost'))
  await store.announce({ kind: 'machine', machine: 'm_a' })
  await until('news are heard', () => heard.includes('machine'))
})

test('postgres: a server that does not answer is named without a password', async () => {
  const url = 'postgres://me:canary-password@127.0.0.1:1/db'
  await assert.rejects(openPostgres(url, systemClock()), (thrown: Error) => {
    assert.match(thrown.message, /^the broker's database at 127\.0\.0\.1:1 does not work/)
    return !thrown.message.includes('canary')
  })
})
