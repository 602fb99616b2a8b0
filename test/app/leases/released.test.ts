import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refreshByHand } from '../../../src/app/admin/by-hand.ts'
import { NEVER } from '../../../src/app/volume/driver.ts'
import { mountVolume } from '../../../src/app/volume/mount.ts'
import { unmountVolume } from '../../../src/app/volume/unmount.ts'
import { until } from '../../../scripts/engine/until.ts'
import { leasedWorld, mounted } from './leased-volume.ts'

test('a refresh of an earlier mount does not put values of a revoked lease into the files', async (t) => {
  const { driver, provider } = await leasedWorld(t)
  const read = await mounted(driver)
  for (const lease of provider.issued) Object.assign(lease, { isRevoked: true })
  const gate = Promise.withResolvers<void>()
  const held = driver.locks.run('v', NEVER, () => gate.promise)
  const [unmounting, mounting] = [unmountVolume(driver, 'v', 'id'), mountVolume(driver, 'v', 'next', NEVER)]
  const refused = assert.rejects(refreshByHand(driver, 'v', NEVER), { code: 'aborted' })
  await until('the refresh has its lease', () => provider.issued.length === 2)
  gate.resolve()
  await Promise.all([held, unmounting, mounting, refused])
  await until('the lease of the refresh is revoked', () => provider.live().join() === 'app/3')
  assert.deepEqual(await read(), ['user-3', 'password-3', 'user-3:password-3'])
})

test('a renewal that ends after the release reports nothing', async (t) => {
  const { driver, provider, events } = await leasedWorld(t)
  await mounted(driver)
  const caller = { kind: 'volume', name: 'v' } as const
  for (const lease of provider.issued) Object.assign(lease, { isRevoked: true })
  const renewing = driver.leases.holderOf(caller).renewDue(NEVER, true)
  driver.leases.release(caller, [])
  assert.equal(await renewing, false)
  assert.ok(!events().includes('lease.over'))
})

test('a rendering that is given up leaves no empty holder behind, and takes none that is used', async (t) => {
  const { driver } = await leasedWorld(t)
  const gone = { kind: 'volume', name: 'gone' } as const
  const first = driver.leases.holderOf(gone)
  const [one, two] = [first.open(), first.open()]
  one.dropped()
  assert.equal(driver.leases.holderOf(gone), first, 'another rendering has it')
  two.dropped()
  const next = driver.leases.holderOf(gone)
  assert.notEqual(next, first)
  const listening = next.onDelivered(() => undefined)
  next.open().dropped()
  assert.equal(driver.leases.holderOf(gone), next, 'somebody follows it')
  listening[Symbol.dispose]()
  await mounted(driver)
  const caller = { kind: 'volume', name: 'v' } as const
  const holding = driver.leases.holderOf(caller)
  holding.open().dropped()
  assert.equal(driver.leases.holderOf(caller), holding, 'it has leases')
})
