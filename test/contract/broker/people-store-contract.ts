import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { PeopleStore } from '../../../src/core/broker/people/people-store.ts'
import type { PasskeyRecord, PersonRecord, SessionRecord } from '../../../src/core/broker/people/people.ts'
import type { BrokerStore } from '../../../src/core/ports/broker-store.ts'
import { machine, NOW, secret } from './broker-store-contract.ts'

/** Both stores on one database. */
interface Stores {
  readonly store: BrokerStore
  readonly people: PeopleStore
  /** Opens the database a second time, as the next process does. */
  again(): Promise<PeopleStore & AsyncDisposable>
}

/** A database for one test. */
interface PeopleStoreSubject {
  open(t: TestContext): Promise<Stores>
}

function person(name: string, isAdmin = false): PersonRecord {
  return { id: `p_${name}`, name, isAdmin, hasPassword: false, createdAt: NOW }
}

function session(hash: string, of: string): SessionRecord {
  const times = { createdAt: NOW, expires: NOW + 1000, seenAt: NOW }
  return { hash, person: `p_${of}`, ...times, address: '127.0.0.1', agent: 'x' }
}

function passkey(id: string, of: string): PasskeyRecord {
  const publicKey = new Uint8Array([1, 255])
  return { id, person: `p_${of}`, name: 'Laptop', publicKey, counter: 0, createdAt: NOW }
}

/** Tests that every store of the dashboard must pass. */
export function peopleStoreContract(kind: string, subject: PeopleStoreSubject): void {
  const named = (name: string, body: (stores: Stores) => Promise<void>): void =>
    void test(`${kind}: ${name}`, async (t) => {
      const stores = await subject.open(t)
      await using _store = stores.store
      await body(stores)
    })

  named('a person has a unique name, and only the first one is the first', async ({ people }) => {
    assert.equal(await people.addPerson(person('anna', true), true), true)
    assert.equal(await people.addPerson(person('eve', true), true), false)
    assert.equal(await people.addPerson({ ...person('anna'), id: 'p_other' }), false)
    assert.equal(await people.addPerson(person('bert')), true)
    assert.deepEqual(
      (await people.people()).map(({ name }) => name),
      ['anna', 'bert'],
    )
    assert.deepEqual(await people.personNamed('anna'), person('anna', true))
    assert.deepEqual(await people.person('p_bert'), person('bert'))
    assert.equal(await people.person('p_nobody'), undefined)
  })

  named('permissions are replaced, and the last administrator stays one', async ({ people }) => {
    await people.addPerson(person('anna', true))
    await people.addPerson(person('bert'))
    const rights = [
      { project: 'blog', permission: 'see' },
      { project: 'shop', permission: 'provision' },
    ] as const
    assert.equal(await people.setPermissions('p_bert', false, [...rights, rights[0]]), true)
    assert.deepEqual(await people.permissionsOf('p_bert'), rights)
    assert.equal(await people.setPermissions('p_anna', false, []), false)
    assert.equal(await people.removePerson('p_anna'), undefined)
    assert.equal(await people.setPermissions('p_bert', true, []), true)
    assert.deepEqual(await people.permissionsOf('p_bert'), [])
    assert.equal(await people.setPermissions('p_anna', false, []), true)
    assert.equal((await people.person('p_anna'))?.isAdmin, false)
  })

  named('a removed person leaves machines without owner, grants and bundles', async ({ people, store }) => {
    await store.addSecret(secret('shop', 'db'))
    await people.addPerson(person('bert'))
    const grants = [{ project: 'shop', name: 'db' }]
    const bundle = { hash: 'h', expires: NOW + 1000, sealed: new Uint8Array([1]) }
    await store.addMachine({ machine: machine('his', { owner: 'p_bert' }), grants, bundle })
    await store.addMachine({ machine: machine('other'), grants })
    await people.addSession(session('s', 'bert'))
    await people.addPasskey(passkey('k', 'bert'))
    await people.addTicket({ hash: 't', kind: 'setup', person: 'p_bert', expires: NOW + 1000 })
    assert.deepEqual(await people.bundle('h', NOW), { name: 'his', expires: NOW + 1000 })
    assert.deepEqual(await people.removePerson('p_bert'), [machine('his').id])
    assert.deepEqual(await store.machine(machine('his').id), machine('his'))
    assert.deepEqual(await store.grantsOf(machine('his').id), [])
    assert.equal((await store.grantsOf(machine('other').id)).length, 1)
    assert.equal(await store.takeBundle('h', NOW), undefined)
    assert.equal(await people.session('s', NOW), undefined)
    assert.equal(await people.passkey('k'), undefined)
    assert.equal(await people.ticket('t', NOW), undefined)
  })

  named('sessions end by themselves, by a new password, and one by one', async ({ people }) => {
    await people.addPerson(person('anna', true))
    for (const hash of ['a', 'b', 'c']) await people.addSession(session(hash, 'anna'))
    assert.deepEqual(await people.session('a', NOW), session('a', 'anna'))
    assert.equal(await people.session('a', NOW + 1000), undefined)
    assert.equal((await people.person('p_anna'))?.lastLogin, NOW)
    assert.equal(await people.endSession('p_other', 'a'), false)
    assert.equal(await people.endSession('p_anna', 'a'), true)
    await people.addPerson(person('other'))
    for (const owner of ['anna', 'other'])
      await people.addTicket({ hash: owner, kind: 'setup', person: `p_${owner}`, expires: NOW + 1 })
    await people.setPassword('p_anna', 'hash', 'b')
    assert.equal(await people.ticket('anna', NOW), undefined, 'another setup link is not good any more')
    assert.equal((await people.ticket('other', NOW))?.person, 'p_other')
    assert.deepEqual(
      (await people.sessionsOf('p_anna', NOW)).map(({ hash }) => hash),
      ['b'],
    )
    assert.equal(await people.passwordOf('p_anna'), 'hash')
    assert.equal((await people.person('p_anna'))?.hasPassword, true)
    await people.noteSessionSeen('b', NOW + 120_000)
    assert.equal((await people.session('b', NOW))?.seenAt, NOW + 120_000 - ((NOW + 120_000) % 60_000))
    await people.dropExpired(NOW, NOW + 200_000)
    assert.equal(await people.session('b', NOW), undefined, 'it was not used since')
  })

  named(
    'tries of a login are counted for each name, also by the next process',
    async ({ people, ...more }) => {
      const limit = { count: 3, perMs: 30_000 }
      const take = (who: string, at: number, by: PeopleStore = people): Promise<number> =>
        by.takeTry({ who, isPerson: who === 'p_anna' }, limit, at)
      const taken = await Promise.all([1, 2, 3, 4].map(() => take('p_anna', NOW)))
      assert.deepEqual(
        taken.toSorted((a, b) => a - b),
        [0, 0, 0, 10_000],
      )
      assert.equal(await take('other', NOW), 0)
      await using next = await more.again()
      assert.equal(await take('p_anna', NOW + 4000, next), 6000)
      assert.equal(await take('p_anna', NOW + 10_000, next), 0)
      assert.equal(await take('p_anna', NOW + 10_000), 10_000)
      assert.equal(await take('p_anna', NOW - 3_600_000), 10_000, 'a clock that was set back')
      await people.clearTries('p_anna')
      assert.equal(await take('p_anna', NOW), 0)
      await people.dropExpired(NOW + 9999, 0)
      assert.equal(await take('p_anna', NOW + 9999), 0)
      for (const expected of [0, 1]) assert.equal(await take('p_anna', NOW + 9999), expected)
    },
  )

  named('a passkey is stored once, counted and removed by its person', async ({ people }) => {
    await people.addPerson(person('anna', true))
    assert.equal(await people.addPasskey(passkey('k', 'anna')), true)
    assert.equal(await people.addPasskey(passkey('k', 'anna')), false)
    await people.notePasskeyUsed('k', 7, NOW + 1)
    assert.deepEqual(await people.passkey('k'), { ...passkey('k', 'anna'), counter: 7, lastUsed: NOW + 1 })
    assert.equal((await people.passkeysOf('p_anna')).length, 1)
    assert.equal(await people.removePasskey('p_other', 'k'), false)
    assert.equal(await people.removePasskey('p_anna', 'k'), true)
  })

  named('a ticket is taken once, and not after its time', async ({ people }) => {
    const ticket = { hash: 't', kind: 'challenge', expires: NOW + 1 } as const
    await people.addTicket(ticket)
    assert.deepEqual(await people.ticket('t', NOW), ticket)
    const taken = await Promise.all([people.takeTicket('t', NOW), people.takeTicket('t', NOW)])
    assert.equal(taken.filter((one) => one !== undefined).length, 1)
    await people.addTicket({ ...ticket, hash: 'late' })
    assert.equal(await people.takeTicket('late', NOW + 1), undefined)
    await people.dropExpired(NOW + 1, 0)
    assert.equal(await people.ticket('late', NOW), undefined)
  })

  named('machines are listed by page, name, state and owner', async ({ people, store }) => {
    await store.addSecret(secret('shop', 'db'))
    const grants = [{ project: 'shop', name: 'db' }]
    await store.addMachine({ machine: machine('Web1', { owner: 'p_a', lastSeen: NOW }), grants })
    await store.addMachine({ machine: machine('web2', { state: 'disabled' }), grants })
    await store.addMachine({ machine: machine('x_1', { createdAt: NOW - 9 }), grants: [] })
    const names = async (more: object): Promise<readonly string[]> => {
      const question = { after: '', most: 10, search: '', ...more }
      return (await people.machinePage(question)).map(({ name, grants: number }) => `${name} ${number}`)
    }
    assert.deepEqual((await names({})).toSorted(), ['Web1 1', 'web2 1', 'x_1 0'])
    assert.deepEqual((await names({ search: 'WEB' })).toSorted(), ['Web1 1', 'web2 1'])
    assert.deepEqual(await names({ search: 'b_1' }), [], 'a sign of LIKE is a letter')
    assert.deepEqual(await names({ search: 'x_' }), ['x_1 0'])
    assert.deepEqual(await names({ state: 'disabled' }), ['web2 1'])
    assert.deepEqual(await names({ owner: 'p_a' }), ['Web1 1'])
    assert.deepEqual(await names({ after: 'web2', search: 'x' }), ['x_1 0'])
    assert.equal((await names({ most: 2 })).length, 2)
    assert.deepEqual(Object.fromEntries(await people.machineCounts()), { enabled: 2, disabled: 1 })
    assert.deepEqual(Object.fromEntries(await people.machineCounts('p_a')), { enabled: 1 })
    assert.equal(await people.countUnseen(NOW), 1)
    assert.equal(await people.countUnseen(NOW, 'p_a'), 0)
  })

  named('a machine is renamed to a free name, and loses all grants at once', async ({ people, store }) => {
    for (const name of ['db', 'api']) await store.addSecret(secret('shop', name))
    const grants = [
      { project: 'shop', name: 'db' },
      { project: 'shop', name: '*' },
    ]
    await store.addMachine({ machine: machine('one'), grants })
    await store.addMachine({ machine: machine('two'), grants: [] })
    const { id } = machine('one')
    assert.equal(await people.renameMachine(id, 'two'), false)
    assert.equal(await people.renameMachine(id, 'three'), true)
    assert.equal((await store.machine(id))?.name, 'three')
    assert.deepEqual(await people.machinesOf('shop', 10), ['three'])
    assert.deepEqual(await people.projects(), [{ name: 'shop', secrets: 2, grants: 2 }])
    assert.equal(await people.clearGrants(id), 2)
    assert.equal(await people.clearGrants(id), 0)
    assert.deepEqual(await store.granted(id), [])
  })
}
