import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBroker } from '../../../src/app/broker/broker.ts'
import { KEYS, machine } from '../../contract/broker/broker-store-contract.ts'
import { brokerParts, type BrokerParts } from './broker-parts.ts'

const MINUTE_MS = 60_000

/** Adds a bundle and a token that expire in half a minute. */
async function addTickets({ store, clock }: BrokerParts): Promise<void> {
  const expires = clock.now() + MINUTE_MS / 2
  const { keys: _, ...invited } = machine('invited', { state: 'invited' })
  const invitation = { hash: 'token', expires, needsApproval: false }
  await store.addMachine({ machine: invited, grants: [], invitation })
  const bundle = { hash: 'bundle', expires, sealed: new Uint8Array([7]) }
  await store.addMachine({ machine: machine('bundled'), grants: [], bundle })
}

/** The tickets that are in the store, whatever the time is. It takes them. */
async function tickets({ store }: BrokerParts): Promise<readonly boolean[]> {
  const found = [await store.takeBundle('bundle', 0), await store.enrol('token', KEYS, 0)]
  return found.map((one) => one !== undefined)
}

test('expired bundles and tokens are deleted each minute, without any request', async (t) => {
  const parts = await brokerParts(t)
  await addTickets(parts)
  await parts.clock.advance(MINUTE_MS)
  assert.deepEqual(await tickets(parts), [false, false])
})

test('expired bundles and tokens are deleted at the start', async (t) => {
  const parts = await brokerParts(t)
  parts.broker[Symbol.dispose]()
  await addTickets(parts)
  await parts.clock.advance(2 * MINUTE_MS)
  assert.equal(parts.clock.sleepers(), 0, 'a broker that has stopped has no timer')
  const next = createBroker(parts.ports)
  t.after(() => next[Symbol.dispose]())
  await parts.clock.nextTurn()
  assert.deepEqual(await tickets(parts), [false, false])
})

test('a store that fails once is asked again a minute later', async (t) => {
  const parts = await brokerParts(t)
  parts.broker[Symbol.dispose]()
  let asked = 0
  const store = Object.assign(Object.create(parts.store) as typeof parts.store, {
    dropExpired: async () => {
      asked += 1
      if (asked === 1) throw new Error('the disk is full')
    },
  })
  const next = createBroker({ ...parts.ports, store })
  t.after(() => next[Symbol.dispose]())
  await parts.clock.advance(MINUTE_MS)
  assert.equal(asked, 2)
  assert.equal(parts.log.lines.length, 1)
})
