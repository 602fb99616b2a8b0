import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createBrokerStore } from '../../../src/host/broker/broker-store.ts'
import type { Database } from '../../../src/host/broker/sql.ts'
import { createWorkloadStore } from '../../../src/host/broker/workload/session-store.ts'
import { KEYS, machine, NOW } from './broker-store-contract.ts'

/** Tests that the sessions of workloads must pass on every database. */
export function workloadStoreContract(kind: string, open: (t: TestContext) => Promise<Database>): void {
  const session = {
    id: `w_${'a'.repeat(26)}`,
    machine: machine('deploy').id,
    keys: KEYS,
    claims: { sub: 'x', groups: ['a'], nested: { is: true } },
    expires: NOW + 1000,
  }

  test(`${kind}: a session has a machine, is found until it is dropped, and goes with its machine`, async (t) => {
    const database = await open(t)
    await using store = createBrokerStore(database)
    const sessions = createWorkloadStore(database)
    assert.equal(await sessions.add(session, NOW), false, 'no machine')
    const { keys: _, ...plain } = machine('deploy', {
      workload: { issuer: 'ci', claims: { repository: 'acme/shop' } },
    })
    assert.equal(await store.addMachine({ machine: plain, grants: [] }), 'added')
    assert.deepEqual(await store.machine(plain.id), plain)
    assert.equal(await sessions.add(session, NOW), true)
    assert.deepEqual(await sessions.find(session.id), session)
    assert.equal(await sessions.find(`w_${'b'.repeat(26)}`), undefined)
    await store.dropExpired(NOW + 1000)
    assert.equal(await sessions.find(session.id), undefined)
    assert.equal(await sessions.add({ ...session, expires: NOW + 9000 }, NOW), true)
    assert.equal(await store.setMachineState(plain.id, 'disabled'), true)
    assert.equal(await store.setMachineState(plain.id, 'enabled'), true, 'it needs no key')
    await store.removeMachine(plain.id)
    assert.equal(await sessions.find(session.id), undefined)
  })

  test(`${kind}: a machine has at most 1000 sessions that have not expired`, async (t) => {
    const database = await open(t)
    await using store = createBrokerStore(database)
    const sessions = createWorkloadStore(database)
    await store.addMachine({ machine: machine('deploy'), grants: [] })
    const add = (at: number, now = NOW) =>
      sessions.add({ ...session, id: `w_${String(at).padStart(26, 'a')}` }, now)
    for (let at = 0; at < 1000; at += 1) assert.equal(await add(at), true)
    assert.equal(await add(1000), false)
    assert.equal(await add(1000, session.expires), true)
  })
}
