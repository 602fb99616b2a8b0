import assert from 'node:assert/strict'
import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openBrokerIdentity } from '../../../src/host/broker/identity.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const FILES = ['server-key.pem', 'authority-key.pem', 'authority.pem', 'admin-token']

test('the first start makes the keys, private, and later starts read the same ones', async (t) => {
  const folder = await temporaryFolder(t)
  const first = await openBrokerIdentity(folder, Date.now())
  for (const file of FILES) assert.equal((await stat(join(folder, file))).mode & 0o777, 0o600, file)
  const second = await openBrokerIdentity(folder, Date.now())
  assert.ok(second.signing.equals(first.signing) && second.authority.key.equals(first.authority.key))
  assert.equal(second.authority.certificate, first.authority.certificate)
  assert.equal(second.adminToken, first.adminToken)
  assert.match(first.adminToken, /^la_[a-z2-7]{26}$/)
})

test('a start that was cut off after any file is completed by the next one', async (t) => {
  const folder = await temporaryFolder(t)
  const first = await openBrokerIdentity(folder, Date.now())
  for (const missing of [['admin-token'], ['admin-token', 'authority.pem']]) {
    for (const file of missing) await rm(join(folder, file))
    const again = await openBrokerIdentity(folder, Date.now())
    assert.ok(again.authority.key.equals(first.authority.key))
  }
})

test('a key that others can read, a damaged one, and a lost half are refused by name', async (t) => {
  const folder = await temporaryFolder(t)
  await openBrokerIdentity(folder, Date.now())
  const key = join(folder, 'server-key.pem')
  const text = await readFile(key)
  await chmod(key, 0o640)
  const open = (): Promise<unknown> => openBrokerIdentity(folder, Date.now())
  await assert.rejects(open(), { code: 'config', message: `other users may read ${key}` })
  await chmod(key, 0o600)
  await writeFile(key, 'canary')
  await assert.rejects(open(), (thrown: Error) => {
    assert.match(thrown.message, /does not hold the private key/)
    return !thrown.message.includes('canary')
  })
  await writeFile(key, text)
  await rm(join(folder, 'authority-key.pem'))
  await assert.rejects(open(), { code: 'config', message: /authority-key\.pem is missing/ })
})
