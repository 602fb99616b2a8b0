import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { createAuditStore } from '../../../src/host/broker/audit-store.ts'
import { createBrokerStore } from '../../../src/host/broker/broker-store.ts'
import { sql } from '../../../src/host/broker/sql.ts'
import { openSqlite } from '../../../src/host/broker/sqlite.ts'
import { assertNoSecret } from '../../support/assert-no-secret.ts'
import { temporaryFolder, tinyDisk } from '../../support/temporary-folder.ts'
import { auditStoreContract } from './audit-store-contract.ts'
import {
  brokerStoreContract,
  type BrokerStoreSubject,
  KEYS,
  machine,
  NOW,
  secret,
} from './broker-store-contract.ts'
import { knownRecordsContract } from './known-records-contract.ts'
import { workloadStoreContract } from './workload-store-contract.ts'

workloadStoreContract('sqlite', async (t) => openSqlite(join(await temporaryFolder(t), 'broker.db')))

const STORES: BrokerStoreSubject = {
  async open(t) {
    const path = join(await temporaryFolder(t), 'broker.db')
    return async () => createBrokerStore(openSqlite(path))
  },
}

brokerStoreContract('sqlite', STORES)
knownRecordsContract('sqlite', STORES)

auditStoreContract('sqlite', {
  async open(t) {
    const path = join(await temporaryFolder(t), 'broker.db')
    return async () => {
      const database = openSqlite(path)
      return Object.assign(createAuditStore(database), {
        [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
      })
    }
  },
})

test('sqlite: what another program commits counts at once, between any statements of ours', async (t) => {
  const path = join(await temporaryFolder(t), 'broker.db')
  await using database = openSqlite(path)
  using other = new DatabaseSync(path)
  await database.run([sql('INSERT INTO setting VALUES ($1, $2)', 'of', 'ours')])
  const nonce = () => database.runQuickly(sql("INSERT INTO nonce VALUES ('m', $1, 0)", crypto.randomUUID()))
  const head = () => database.run([sql('UPDATE audit_head SET seq = seq + 1')])
  const commit = async () => other.exec("UPDATE setting SET value = value || ' and another'")
  const ours: readonly (() => Promise<unknown>)[] = [nonce, head, nonce, nonce, head, head]
  for (let at = 0; at <= ours.length; at += 1) {
    const before = database.revision()
    for (const one of ours) await one()
    assert.equal(database.revision(), before, 'statements of a read keep the records')
    for (const one of ours.toSpliced(at, 0, commit)) await one()
    assert.notEqual(database.revision(), before, `a commit before statement ${at}`)
  }
})

test('sqlite: a machine that is seen stays known, with its new time', async (t) => {
  const path = join(await temporaryFolder(t), 'broker.db')
  await using database = openSqlite(path)
  const store = createBrokerStore(database)
  await store.addMachine({ machine: machine('web1', { keys: KEYS }), grants: [] })
  const { id } = machine('web1')
  await store.machine(id)
  const before = database.revision()
  await store.noteSeen(id, NOW)
  assert.equal(database.revision(), before)
  assert.equal((await store.machine(id))?.lastSeen, NOW - (NOW % 60_000))
})

test('sqlite: its files are private', async (t) => {
  const path = join(await temporaryFolder(t), 'broker.db')
  await using store = createBrokerStore(openSqlite(path))
  await store.addSecret(secret('shop', 'db'))
  for (const file of [path, `${path}-wal`, `${path}-shm`])
    assert.equal((await stat(file)).mode & 0o777, 0o600, file)
})

test('sqlite: a bundle that was deleted is not left in the file', async (t) => {
  const path = join(await temporaryFolder(t), 'broker.db')
  const [store, mark] = [createBrokerStore(openSqlite(path)), 'canary-of-a-deleted-bundle']
  const bundle = { hash: 'h', expires: NOW, sealed: new TextEncoder().encode(mark.repeat(20)) }
  await store.addMachine({ machine: machine('web1'), grants: [], bundle })
  await store.addMachine({ machine: machine('web2'), grants: [], bundle: { ...bundle, hash: 'i' } })
  await store.dropExpired(NOW)
  await store[Symbol.asyncDispose]()
  assertNoSecret(await readFile(path), [mark], 'the database')
})

test('sqlite: a bad row costs that row', async (t) => {
  const path = join(await temporaryFolder(t), 'broker.db')
  await using store = createBrokerStore(openSqlite(path))
  for (const name of ['web1', 'web2']) await store.addMachine({ machine: machine(name), grants: [] })
  const raw = new DatabaseSync(path)
  raw.exec("UPDATE machine SET signing_key = x'00', cidrs = 'nonsense', state = '?' WHERE name = 'web1'")
  raw.close()
  const [broken, whole] = await store.machines()
  assert.deepEqual([broken?.keys, broken?.cidrs, broken?.state], [undefined, ['0.0.0.0/32'], 'disabled'])
  assert.deepEqual(whole, machine('web2'))
})

test('sqlite: a full disk is named, changes nothing, and ends with the shortage', async (t) => {
  const disk = await tinyDisk(t, 1 << 20)
  await using store = createBrokerStore(openSqlite(join(disk, 'broker.db')))
  await writeFile(join(disk, 'filler'), Buffer.alloc(2 << 20)).catch(() => undefined)
  const bundle = { hash: 'h', expires: NOW, sealed: new Uint8Array(300_000) }
  await assert.rejects(store.addMachine({ machine: machine('web1'), grants: [], bundle }), {
    code: 'io',
    message: /broker\.db does not work: the disk/,
  })
  await writeFile(join(disk, 'filler'), '')
  assert.deepEqual(await store.machines(), [])
  assert.equal(await store.addMachine({ machine: machine('web1', { keys: KEYS }), grants: [] }), 'added')
})

test('sqlite: a text file, and a database of a newer locket, are refused by name', async (t) => {
  const folder = await temporaryFolder(t)
  const [text, newer] = [join(folder, 'text.db'), join(folder, 'newer.db')]
  await writeFile(text, 'this is a text and not a database'.repeat(100))
  assert.throws(() => openSqlite(text), { code: 'io', message: /it is not an SQLite database/ })
  await openSqlite(newer)[Symbol.asyncDispose]()
  const raw = new DatabaseSync(newer)
  raw.exec('INSERT INTO schema_version VALUES (99)')
  raw.close()
  assert.throws(() => openSqlite(newer), { code: 'config', message: /written by a newer locket/ })
})
