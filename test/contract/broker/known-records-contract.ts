import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BrokerStore } from '../../../src/core/ports/broker-store.ts'
import { type BrokerStoreSubject, KEYS, machine, NOW, secret } from './broker-store-contract.ts'

const PLACES = ['db', 'api'].map((name) => ({ project: 'shop', name }))
const { id } = machine('web1')

/** Changes, and what a read must find right after each: the state of the machine, and what it may read. */
const CHANGES: readonly (readonly [
  name: string,
  work: (store: BrokerStore) => Promise<unknown>,
  finds: readonly [state: string | undefined, ...references: readonly string[]],
])[] = [
  ['a machine is disabled', (store) => store.setMachineState(id, 'disabled'), ['disabled', 'db', 'api']],
  ['a machine is enabled', (store) => store.setMachineState(id, 'enabled'), ['enabled', 'db', 'api']],
  [
    'a grant is removed',
    (store) => store.removeGrant({ machine: id, project: 'shop', name: 'db' }),
    ['enabled', 'api'],
  ],
  [
    'a grant is added',
    (store) => store.addGrant({ machine: id, project: 'shop', name: 'db' }, NOW),
    ['enabled', 'db', 'api'],
  ],
  ['a secret is removed', (store) => store.removeSecret({ project: 'shop', name: 'api' }), ['enabled', 'db']],
  ['a machine is removed', (store) => store.removeMachine(id), [undefined]],
]

/** Tests that a read finds each change that was made before it, by this process and by another one. */
export function knownRecordsContract(kind: string, subject: BrokerStoreSubject): void {
  for (const by of ['this process', 'another one'])
    void test(`${kind}: the next read finds a change that ${by} has made`, async (t) => {
      const open = await subject.open(t)
      await using store = await open()
      await using other = await open()
      const changing = by === 'another one' ? other : store
      for (const name of ['db', 'api']) await store.addSecret({ ...secret('shop', name), reference: name })
      await store.addMachine({ machine: machine('web1', { keys: KEYS }), grants: PLACES })
      const found = async () => {
        const granted = (await store.granted(id, PLACES)).map(({ reference }) => reference)
        return [(await store.machine(id))?.state, ...['db', 'api'].filter((name) => granted.includes(name))]
      }
      assert.deepEqual(await found(), ['enabled', 'db', 'api'])
      for (const [name, work, finds] of CHANGES) {
        // A record that was read before is known.
        assert.deepEqual(await found(), await found(), name)
        await work(changing)
        assert.deepEqual(await found(), finds, name)
      }
    })
}
