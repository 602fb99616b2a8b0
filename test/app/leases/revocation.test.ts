import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { NEVER } from '../../../src/app/volume/driver.ts'
import { removeVolume } from '../../../src/app/volume/remove.ts'
import { unmountVolume } from '../../../src/app/volume/unmount.ts'
import { LocketError } from '../../../src/core/vocabulary/errors.ts'
import { until } from '../../../scripts/engine/until.ts'
import { mountIdsOf, passTime, restarted, testDriver } from '../world.ts'
import { leasedWorld, mounted } from './leased-volume.ts'

const AWAY = new LocketError('unavailable', 'leasing is out of reach')

test('the last unmount revokes the lease, and no record of it is left', async (t) => {
  const { world, driver, provider } = await leasedWorld(t)
  await mounted(driver)
  const path = join(world.stateDir, 'leases.json')
  assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), {
    leases: [{ volume: 'v', provider: 'leasing', id: 'app/1' }],
  })
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  await unmountVolume(driver, 'v', 'id')
  await until('it is revoked', () => provider.live().length === 0)
  await until('the record is gone', async () => (await readFile(path, 'utf8')) === '{"leases":[]}')
})

test('a wipe does not wait for a revocation that is not answered, which is tried again', async (t) => {
  const { world, driver, provider, events } = await leasedWorld(t)
  await mounted(driver)
  provider.hangRevocations(true)
  await unmountVolume(driver, 'v', 'id')
  assert.deepEqual(await world.mountedTargets(), [])
  await passTime(world.clock, 11_000)
  await until('it is reported', () => events().includes('lease.revocation.failed'))
  provider.hangRevocations(false)
  await passTime(world.clock, 6000)
  await until('it is revoked', () => provider.live().length === 0)
  assert.equal(events().filter((event) => event === 'lease.revocation.failed').length, 1)
})

test('a lease is revoked after its volume was removed, when the provider is back', async (t) => {
  const { world, driver, provider, events } = await leasedWorld(t)
  await mounted(driver)
  provider.fail(AWAY)
  await unmountVolume(driver, 'v', 'id')
  await removeVolume(driver, 'v', NEVER)
  await until('it is reported', () => events().includes('lease.revocation.failed'))
  provider.fail(undefined)
  await passTime(world.clock, 6000)
  await until('it is revoked', () => provider.live().length === 0)
})

test('a revocation that the policy does not allow is reported once and given up', async (t) => {
  const { world, driver, provider, events } = await leasedWorld(t)
  await mounted(driver)
  provider.fail(new LocketError('denied', 'leasing does not let this token revoke a lease'))
  await unmountVolume(driver, 'v', 'id')
  const path = join(world.stateDir, 'leases.json')
  await until('it is given up', async () => (await readFile(path, 'utf8')) === '{"leases":[]}')
  assert.deepEqual(events(), ['lease.revocation.failed'])
})

test('after a crash a mounted volume gets a new lease, and its wipe revokes both', async (t) => {
  const { world, overrides, driver: before, provider, track } = await leasedWorld(t)
  const read = await mounted(before)
  const driver = track(await restarted(world, overrides))
  assert.deepEqual(mountIdsOf(driver), ['id'])
  await until(
    'the files are new',
    async () => (await read()).join() === 'user-2,password-2,user-2:password-2',
  )
  assert.deepEqual(provider.live(), ['app/1', 'app/2'])
  await unmountVolume(driver, 'v', 'id')
  await until('both are revoked', () => provider.live().length === 0)
})

test('after a crash the lease of a volume that is not mounted any more is revoked', async (t) => {
  const { world, overrides, driver: before, provider, track } = await leasedWorld(t)
  await mounted(before)
  // A reboot: the tmpfs is gone, and the records are there.
  await world.ports.mounts.unmount(join(world.runtimeDir, 'volumes/v'))
  world.bootId = 'next-boot'
  track(await restarted(world, overrides))
  await until('it is revoked', () => provider.live().length === 0)
})

test('a lease of a volume that is gone is reported and not forgotten silently', async (t) => {
  const { world, overrides, driver, events, track } = await leasedWorld(t)
  await mounted(driver)
  await writeFile(
    join(world.stateDir, 'leases.json'),
    JSON.stringify({ leases: [{ volume: 'gone', provider: 'leasing', id: 'app/9' }] }),
  )
  track(await restarted(world, overrides))
  const line = world.log.lines.find(({ event }) => event === 'lease.lost')
  assert.match(JSON.stringify(line ?? {}), /"gone".*"app"/)
  assert.ok(!events().includes('lease.unrecorded'))
})

test('a file of leases that is not as locket writes it is reported', async (t) => {
  const { world, overrides, driver } = await leasedWorld(t)
  await mounted(driver)
  await writeFile(join(world.stateDir, 'leases.json'), '{"leases":[{"volume":7}]}')
  const next = testDriver(world, overrides)
  await next.leases.restore()
  const line = world.log.lines.find(({ event }) => event === 'lease.unrecorded')
  assert.match(JSON.stringify(line ?? {}), /leases\.json is not as locket writes it/)
})
