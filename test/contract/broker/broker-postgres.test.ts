import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBrokerStore } from '../../../src/host/broker/broker-store.ts'
import { openPostgres } from '../../../src/host/broker/postgres.ts'
import { systemClock } from '../../../src/host/daemon/clock.ts'
import { until } from '../../../scripts/engine/until.ts'
import { startPostgres } from '../../fixtures/servers/postgres.ts'
import { brokerStoreContract, secret } from './broker-store-contract.ts'

const postgres = await startPostgres()

brokerStoreContract('postgres', {
  async open() {
    const url = await postgres.createDatabase()
    return async () => createBrokerStore(await openPostgres(url, systemClock()))
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

test('postgres: a server that does not answer is named without a password', async () => {
  const url = 'postgres://me:canary-password@127.0.0.1:1/db'
  await assert.rejects(openPostgres(url, systemClock()), (thrown: Error) => {
    assert.match(thrown.message, /^the broker's database at 127\.0\.0\.1:1 does not work/)
    return !thrown.message.includes('canary')
  })
})
