import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRef } from '../../../src/core/vocabulary/ref.ts'
import type { ConnectVault } from '../../fixtures/servers/connect-data.ts'
import { idOf } from '../../fixtures/servers/connect-data.ts'
import { connected } from './op-connect-server.ts'

const forever = () => new AbortController().signal
const refOf = (key: string) => createRef('op-connect', key, key)

function vaultNamed(name: string, number: number, contentVersion?: number): ConnectVault {
  const items = ['one', 'two'].map((title, index) => ({
    id: idOf(number * 100 + index),
    title,
    fields: [
      { id: 'password', value: `${title} value` },
      { id: 'code', type: 'OTP', totp: '123456' },
    ],
  }))
  return { id: idOf(number), name, items, ...(contentVersion === undefined ? {} : { contentVersion }) }
}

test('one request tells the versions of all vaults, and a changed item changes that of its vault', async (t) => {
  const [vault, other] = [vaultNamed('Servers', 1, 7), vaultNamed('Other', 2, 3)]
  const { server, client, read } = await connected(t, { vaults: [vault, other] })
  const keys = ['op://Servers/one/password', 'op://Servers/two/password', 'op://Other/one/password']
  await read(...keys)
  const before = server.requests.length
  const versions = async () => {
    const versionOf = await client.versions?.(forever())
    return keys.map((key) => versionOf?.(refOf(key)))
  }
  const first = await versions()
  assert.deepEqual(server.requests.slice(before), ['/v1/vaults'])
  assert.ok(first.every((version) => version !== undefined))
  vault.contentVersion = 8
  const second = await versions()
  assert.deepEqual(
    second.map((version, index) => version === first[index]),
    [false, false, true],
  )
  // The vault's name has gone to another one.
  vault.name = 'Old servers'
  assert.deepEqual(
    (await versions()).map((version) => version === undefined),
    [true, true, false],
  )
})

test('a one-time password, a vault that was not found yet and an old server have no version', async (t) => {
  const { client, read } = await connected(t, { vaults: [vaultNamed('Servers', 1, 7), vaultNamed('Old', 2)] })
  const versionOf = async (key: string) => (await client.versions?.(forever()))?.(refOf(key))
  assert.equal(await versionOf('op://Servers/one/password'), undefined)
  await read('op://Servers/one/code?attribute=otp', 'op://Servers/one/password', 'op://Old/one/password')
  assert.notEqual(await versionOf('op://Servers/one/password'), undefined)
  assert.notEqual(await versionOf(`op://${idOf(1)}/two/password`), undefined)
  assert.equal(await versionOf('op://Servers/one/code?attribute=otp'), undefined)
  assert.equal(await versionOf('op://Old/one/password'), undefined)
})
