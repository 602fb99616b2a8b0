import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { createAuditStore } from '../../../src/host/broker/audit-store.ts'
import { createBrokerStore } from '../../../src/host/broker/broker-store.ts'
import { openSqlite } from '../../../src/host/broker/sqlite.ts'
import { assertNoSecret } from '../../support/assert-no-secret.ts'
import { temporaryFolder, tinyDisk } from '../../support/temporary-folder.ts'
import { auditStoreContract } from './audit-store-contract.ts'
import { brokerStoreContract, KEYS, machine, NOW, secret } from './broker-store-contract.ts'
import { workloadStoreContract } from './workload-store-contract.ts'

workloadStoreContract('sqlite', async (t) => openSqlite(join(await temporaryFolder(t), 'broker.db')))

brokerStoreContract('sqlite', {
  async open(t) {
    const path = join(await temporaryFolder(t), 'broker.db')
    return async () => createBrokerStore(openSqlite(path))
  },
})

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
