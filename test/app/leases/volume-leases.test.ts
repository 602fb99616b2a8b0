import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { dryRun, refreshByHand } from '../../../src/app/admin/by-hand.ts'
import { createVolume } from '../../../src/app/volume/create.ts'
import { NEVER } from '../../../src/app/volume/driver.ts'
import { mountVolume } from '../../../src/app/volume/mount.ts'
import { unmountVolume } from '../../../src/app/volume/unmount.ts'
import { LocketError } from '../../../src/core/vocabulary/errors.ts'
import { until } from '../../../scripts/engine/until.ts'
import { passTime, testDriver } from '../world.ts'
import { BOTH, leasedWorld, mounted, TTL_MS } from './leased-volume.ts'

const AWAY = new LocketError('unavailable', 'leasing is out of reach')

test('all files of a volume have one lease, and a second container has the same', async (t) => {
  const { driver, provider } = await leasedWorld(t)
  const read = await mounted(driver)
  assert.deepEqual(await read(), ['user-1', 'password-1', 'user-1:password-1'])
  await mountVolume(driver, 'v', 'second', NEVER)
  assert.deepEqual(await read(), ['user-1', 'password-1', 'user-1:password-1'])
  await unmountVolume(driver, 'v', 'second')
  assert.deepEqual(provider.live(), ['app/1'])
})

test('two volumes that mount at the same time have leases of their own', async (t) => {
  const { driver, provider } = await leasedWorld(t)
  const reads = await Promise.all(['v', 'w', 'x'].map((name) => mounted(driver, name)))
  const texts = await Promise.all(reads.map((read) => read()))
  const numbers = texts.map((files) => new Set(files.flatMap((text) => text.match(/\d+/g))))
  for (const each of numbers) assert.equal(each.size, 1)
  assert.equal(new Set(numbers.flatMap((each) => [...each])).size, 3)
  await until('leases that nobody needs are revoked', () => provider.live().length === 3)
})

test('a lease is renewed after two thirds of its time, without a new value', async (t) => {
  const { world, driver, provider, events } = await leasedWorld(t)
  const read = await mounted(driver)
  await passTime(world.clock, TTL_MS / 2)
  assert.equal(provider.issued[0]?.renewals, 0)
  await passTime(world.clock, TTL_MS / 3)
  await until('it is renewed', () => events().includes('lease.renewed'))
  for (let round = 2; round < 5; round += 1) {
    await passTime(world.clock, TTL_MS * 0.75)
    await until('it is renewed again', () => (provider.issued[0]?.renewals ?? 0) >= round)
  }
  assert.deepEqual(provider.live(), ['app/1'])
  assert.deepEqual(await read(), ['user-1', 'password-1', 'user-1:password-1'])
})

test('at its longest time a lease is issued anew before it ends, and all files change', async (t) => {
  const { world, driver, provider, events } = await leasedWorld(t, { maxMs: 900_000 })
  const read = await mounted(driver)
  for (let passed = 0; provider.issued.length < 2; passed += 10_000) {
    assert.ok(passed < 900_000, 'the first lease has ended')
    await passTime(world.clock, 10_000)
  }
  assert.ok(provider.live().includes('app/1'), 'a program can still use the old values')
  await until(
    'the files are new',
    async () => (await read()).join() === 'user-2,password-2,user-2:password-2',
  )
  await until('it is reported', () => events().includes('lease.over'))
})

test('a lease that cannot be renewed is issued anew at two thirds of its time', async (t) => {
  const { world, driver, provider } = await leasedWorld(t, { isRenewable: false })
  const read = await mounted(driver)
  await passTime(world.clock, TTL_MS * 0.75)
  await until('the files are new', async () => (await read())[0] === 'user-2')
  assert.equal(provider.issued[0]?.renewals, 0)
})

test('a provider that is out of reach is asked again, and the lease goes on', async (t) => {
  const { world, driver, provider } = await leasedWorld(t)
  const read = await mounted(driver)
  provider.fail(AWAY)
  await passTime(world.clock, TTL_MS * 0.75)
  const errorOf = () => driver.table.list()[0]?.activity.lastError ?? ''
  await until('it is shown', () => errorOf().includes('out of reach'))
  provider.fail(undefined)
  await passTime(world.clock, 70_000)
  await until('it is renewed', () => (provider.issued[0]?.renewals ?? 0) > 0)
  assert.deepEqual(await read(), ['user-1', 'password-1', 'user-1:password-1'])
})

test('a lease that ended during an outage is issued anew after it', async (t) => {
  const { world, driver, provider } = await leasedWorld(t)
  const read = await mounted(driver)
  provider.fail(AWAY)
  await passTime(world.clock, TTL_MS * 2)
  assert.deepEqual(provider.live(), [])
  provider.fail(undefined)
  for (let round = 0; provider.issued.length < 2 && round < 30; round += 1)
    await passTime(world.clock, 10_000)
  await until('the files are new', async () => (await read())[1] === 'password-2')
})

test('a refresh keeps the values of a lease, and asks for the others', async (t) => {
  const { world, overrides, provider, track } = await leasedWorld(t)
  const driver = track(testDriver(world, { ...overrides, refresh: 60_000 }))
  const read = await mounted(driver, 'v', { ...BOTH, 'secret.a': '{{ memory://a }}' })
  world.provider.put('a', 'rotated')
  await passTime(world.clock, 66_000)
  await until('the other value is new', async () => (await read())[3] === 'rotated')
  assert.deepEqual(await read(), ['user-1', 'password-1', 'user-1:password-1', 'rotated'])
  assert.equal(provider.issued.length, 1)
})

test('a refresh by hand keeps a lease, and replaces one that was revoked at the server', async (t) => {
  const { driver, provider } = await leasedWorld(t)
  const read = await mounted(driver)
  await refreshByHand(driver, 'v', NEVER)
  assert.deepEqual([await read(), provider.issued.length], [['user-1', 'password-1', 'user-1:password-1'], 1])
  for (const lease of provider.issued) Object.assign(lease, { isRevoked: true })
  await refreshByHand(driver, 'v', NEVER)
  assert.deepEqual(await read(), ['user-2', 'password-2', 'user-2:password-2'])
})

test('a refresh by hand whose caller goes away keeps the lease', async (t) => {
  const { driver, provider, events } = await leasedWorld(t)
  const read = await mounted(driver)
  const gone = new LocketError('aborted', 'the caller went away')
  provider.fail(gone)
  await assert.rejects(refreshByHand(driver, 'v', AbortSignal.abort(gone)), { code: 'aborted' })
  provider.fail(undefined)
  await refreshByHand(driver, 'v', NEVER)
  assert.deepEqual([await read(), provider.issued.length], [['user-1', 'password-1', 'user-1:password-1'], 1])
  assert.ok(!events().includes('lease.over'))
})

test('a template that now wants one more field gets all fields of a new lease', async (t) => {
  const { world, overrides, provider, track } = await leasedWorld(t)
  const template = join(world.runtimeDir, '../app.conf')
  await writeFile(template, '{{ lease://app/user }}')
  const driver = track(testDriver(world, { ...overrides, watch: true }))
  const read = await mounted(driver, 'v', { 'secret.conf': `@${template}` })
  await writeFile(template, '{{ lease://app/user }}:{{ lease://app/password }}')
  await until('both are of one lease', async () => (await read())[0] === 'user-2:password-2')
  await unmountVolume(driver, 'v', 'id')
  await until('both leases are revoked', () => provider.live().length === 0)
})

test('a mount that fails, and a dry run, leave no lease', async (t) => {
  const { world, driver, provider } = await leasedWorld(t)
  world.provider.remove('a')
  await createVolume(driver, 'v', { ...BOTH, 'secret.a': '{{ memory://a }}' }, NEVER)
  await assert.rejects(mountVolume(driver, 'v', 'id', NEVER), { code: 'not_found' })
  await until('it is revoked', () => provider.issued.length === 1 && provider.live().length === 0)
  world.provider.put('a', 'there')
  await dryRun(driver, 'v', NEVER)
  await until('it is revoked, too', () => provider.issued.length === 2 && provider.live().length === 0)
})
