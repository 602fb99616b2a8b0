import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { MachineRecord, SecretRecord } from '../../../src/core/broker/records.ts'
import type { BrokerChange, BrokerStore, NewMachine } from '../../../src/core/ports/broker-store.ts'

/** A database for one test. `open` may be called again: as after a restart, or as another replica does. */
export interface BrokerStoreSubject {
  open(t: TestContext): Promise<() => Promise<BrokerStore>>
}

export const NOW = 1_795_932_073_000
export const KEYS = { signing: new Uint8Array(32).fill(1), sealing: new Uint8Array(32).fill(2) }

export function machine(name: string, more: Partial<MachineRecord> = {}): MachineRecord {
  return {
    id: `m_${name.padEnd(26, '0')}`,
    name,
    state: 'enabled',
    keys: KEYS,
    cidrs: [],
    createdAt: NOW,
    ...more,
  }
}

export function secret(project: string, name: string): SecretRecord {
  return { project, name, reference: `op://${project}/${name}/password`, createdAt: NOW }
}

function invited(name: string, hash: string, needsApproval = false): NewMachine {
  const { keys: _, ...plain } = machine(name, { state: 'invited' })
  return { machine: plain, grants: [], invitation: { hash, expires: NOW + 1000, needsApproval } }
}

/** Tests that every store of a broker must pass. */
export function brokerStoreContract(kind: string, subject: BrokerStoreSubject): void {
  const named = (
    name: string,
    body: (store: BrokerStore, again: () => Promise<BrokerStore>) => Promise<void>,
  ): void =>
    void test(`${kind}: ${name}`, async (t) => {
      const open = await subject.open(t)
      await using store = await open()
      await body(store, open)
    })

  named('secrets are unique in their project, and listed by name', async (store, open) => {
    for (const [project, name] of [
      ['shop', 'db'],
      ['blog', 'db'],
      ['shop', 'api'],
    ] as const)
      assert.equal(await store.addSecret(secret(project, name)), true)
    assert.equal(await store.addSecret({ ...secret('shop', 'db'), reference: 'env://OTHER' }), false)
    await using later = await open()
    assert.deepEqual(await later.secrets(), [
      secret('blog', 'db'),
      secret('shop', 'api'),
      secret('shop', 'db'),
    ])
    assert.deepEqual(await later.secrets('blog'), [secret('blog', 'db')])
    assert.equal(await store.removeSecret({ project: 'blog', name: 'db' }), true)
    assert.equal(await store.removeSecret({ project: 'blog', name: 'db' }), false)
    assert.deepEqual(await store.secrets('blog'), [])
  })

  named('a machine is stored with its grants, or not at all', async (store) => {
    await store.addSecret(secret('shop', 'db'))
    const full = machine('web1', { cidrs: ['10.0.0.0/8', 'fd00::/8'], notAfter: NOW + 5 })
    const wrong = { machine: full, grants: [{ project: 'shop', name: 'nothing' }] }
    assert.equal(await store.addMachine(wrong), 'no-secret')
    assert.deepEqual(await store.machines(), [])
    const right = { machine: full, grants: [{ project: 'shop', name: 'db' }] }
    assert.equal(await store.addMachine(right), 'added')
    assert.equal(await store.addMachine({ ...right, machine: machine('web1', { id: 'm_other' }) }), 'exists')
    assert.deepEqual(await store.machine(full.id), full)
    assert.deepEqual(await store.machineNamed('web1'), full)
    assert.equal(await store.machine('m_other'), undefined)
    assert.deepEqual(await store.granted(full.id), [secret('shop', 'db')])
  })

  named('a machine is disabled, enabled and removed with all that it has', async (store) => {
    await store.addSecret(secret('shop', 'db'))
    const bundle = { hash: 'h', expires: NOW + 1000, sealed: new Uint8Array([1, 2]) }
    const { id } = machine('web1')
    await store.addMachine({ machine: machine('web1'), grants: [{ project: 'shop', name: 'db' }], bundle })
    assert.equal(await store.setMachineState(id, 'disabled'), true)
    assert.equal((await store.machine(id))?.state, 'disabled')
    assert.equal(await store.setMachineState(id, 'enabled'), true)
    assert.equal((await store.machine(id))?.state, 'enabled')
    await store.noteSeen(id, NOW + 1)
    assert.equal((await store.machine(id))?.lastSeen, NOW - (NOW % 60_000))
    assert.equal(await store.removeMachine(id), true)
    assert.equal(await store.removeMachine(id), false)
    assert.equal(await store.setMachineState(id, 'enabled'), false)
    assert.deepEqual(await store.grantsOf(id), [])
    assert.equal(await store.takeBundle('h', NOW), undefined)
  })

  named('only what is granted is given, and what is gone is gone', async (store) => {
    for (const name of ['db', 'api', 'mail']) await store.addSecret(secret('shop', name))
    await store.addSecret(secret('blog', 'db'))
    const [one, all] = [machine('one'), machine('all')]
    await store.addMachine({ machine: one, grants: [{ project: 'shop', name: 'db' }] })
    await store.addMachine({ machine: all, grants: [{ project: 'shop', name: '*' }] })
    const wanted = [
      { project: 'shop', name: 'db' },
      { project: 'shop', name: 'api' },
      { project: 'blog', name: 'db' },
      { project: 'nothing', name: 'x' },
    ]
    assert.deepEqual(await store.granted(one.id, wanted), [secret('shop', 'db')])
    assert.deepEqual(
      (await store.granted(all.id)).map(({ name }) => name),
      ['api', 'db', 'mail'],
    )
    assert.deepEqual(await store.granted('m_nobody', wanted), [])
    const many = Array.from({ length: 450 }, (_, index) => ({ project: 'shop', name: `n${index}` }))
    assert.deepEqual(await store.granted(one.id, [...many, ...wanted]), [secret('shop', 'db')])
    assert.deepEqual(await store.granted(one.id, []), [])
    const grant = { machine: one.id, project: 'shop', name: 'api' }
    assert.equal(await store.addGrant(grant, NOW), 'added')
    assert.equal(await store.addGrant(grant, NOW), 'added')
    assert.equal(await store.addGrant({ ...grant, name: 'none' }, NOW), 'no-secret')
    assert.equal(await store.addGrant({ ...grant, machine: 'm_none' }, NOW), 'no-machine')
    assert.equal((await store.grantsOf(one.id)).length, 2)
    assert.equal(await store.removeGrant(grant), true)
    assert.equal(await store.removeGrant(grant), false)
    await store.removeSecret({ project: 'shop', name: 'db' })
    await store.addSecret(secret('shop', 'db'))
    assert.deepEqual(await store.granted(one.id), [], 'a new secret of the same name is not granted')
  })

  named('a token enrols one machine once, and not after its time', async (store, open) => {
    await store.addMachine(invited('web1', 'hash-1'))
    await store.addMachine(invited('web2', 'hash-2', true))
    await store.addMachine(invited('web3', 'hash-3'))
    assert.equal(await store.setMachineState(machine('web1').id, 'enabled'), false, 'it has no key')
    await using other = await open()
    const tries = await Promise.all([store.enrol('hash-1', KEYS, NOW), other.enrol('hash-1', KEYS, NOW)])
    assert.equal(tries.filter((one) => one !== undefined).length, 1)
    assert.deepEqual(await store.machine(machine('web1').id), machine('web1'))
    assert.equal((await store.enrol('hash-2', KEYS, NOW))?.state, 'pending')
    assert.equal(await store.enrol('hash-3', KEYS, NOW + 1000), undefined)
    assert.equal(await store.enrol('hash-4', KEYS, NOW), undefined)
    await store.dropExpired(NOW + 1000)
    assert.equal(await store.enrol('hash-3', KEYS, NOW), undefined)
  })

  named('a bundle is taken once, and not after its time', async (store, open) => {
    const sealed = new Uint8Array([0, 255, 7])
    for (const [name, hash] of [
      ['a', 'h1'],
      ['b', 'h2'],
    ] as const)
      await store.addMachine({
        machine: machine(name),
        grants: [],
        bundle: { hash, expires: NOW + 9, sealed },
      })
    await using other = await open()
    const taken = await Promise.all([store.takeBundle('h1', NOW), other.takeBundle('h1', NOW)])
    assert.deepEqual(
      taken.filter((bytes) => bytes !== undefined),
      [sealed],
    )
    assert.equal(await store.takeBundle('h2', NOW + 9), undefined)
    assert.equal(await store.takeBundle('h2', NOW), undefined)
  })

  named('a nonce is new once for each machine, also after a restart', async (store, open) => {
    const use = { machine: 'm_a', nonce: 'n', expires: NOW + 1 }
    assert.equal(await store.useNonce(use), true)
    assert.equal(await store.useNonce({ ...use, machine: 'm_b' }), true)
    await using later = await open()
    assert.equal(await later.useNonce(use), false)
    await later.dropExpired(NOW + 1)
    assert.equal(await store.useNonce(use), true)
  })

  named('one nonce that is used many times in one turn is new once', async (store) => {
    const uses = Array.from({ length: 40 }, (_, n) => ({ machine: 'm_a', nonce: `n${n % 20}`, expires: NOW }))
    const answers = await Promise.all(uses.map((use) => store.useNonce(use)))
    const fresh = uses.flatMap(({ nonce }, n) => (answers[n] === true ? [nonce] : []))
    assert.deepEqual([fresh.length, new Set(fresh).size], [20, 20])
  })

  named('the first value of a setting stays, for all processes', async (store, open) => {
    await using other = await open()
    const values = await Promise.all([store.settle('key', 'a'), other.settle('key', 'b')])
    assert.equal(values[0], values[1])
    assert.equal(await store.settle('key', 'c'), values[0])
  })

  named('a change is announced to every listener', async (store) => {
    const heard = Promise.withResolvers<BrokerChange | { readonly kind: 'lost' }>()
    store.onChange(heard.resolve)
    await store.announce({ kind: 'secret', project: 'shop', name: 'db' })
    assert.deepEqual(await heard.promise, { kind: 'secret', project: 'shop', name: 'db' })
  })
}
