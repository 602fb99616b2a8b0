import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import { until } from '../../scripts/engine/until.ts'
import { dryRun, refreshByHand, releaseByHand } from '../../src/app/admin/by-hand.ts'
import { daemonReport } from '../../src/app/admin/report.ts'
import { createVolume } from '../../src/app/volume/create.ts'
import { NEVER } from '../../src/app/volume/driver.ts'
import { mountVolume } from '../../src/app/volume/mount.ts'
import { unmountVolume } from '../../src/app/volume/unmount.ts'
import type { VolumeConfig } from '../../src/config/volume/volume-config.ts'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { CANARY, mountIdsOf, openWorld, passTime, restarted, testDriver } from './world.ts'

const OPTIONS = { 'secret.a': '{{ memory://a }}', 'secret.b': 'user {{ memory://b }}' }

async function created(t: Pick<TestContext, 'after'>, overrides: Partial<VolumeConfig> = {}) {
  const world = await openWorld(t)
  const driver = testDriver(world, overrides, world.ports.store, 5000)
  await createVolume(driver, 'v', OPTIONS, NEVER)
  return { world, driver, reported: () => daemonReport(driver).volumes[0] }
}

async function mounted(t: Pick<TestContext, 'after'>, overrides: Partial<VolumeConfig> = {}) {
  const all = await created(t, overrides)
  const { mountpoint } = await mountVolume(all.driver, 'v', 'id-1', NEVER)
  t.after(() => unmountVolume(all.driver, 'v', 'id-1'))
  return { ...all, mountpoint, read: (name: string) => readFile(join(mountpoint, name), 'utf8') }
}

test('a report has the state, the mounts and the generation of each volume, and no value', async (t) => {
  const { driver, reported } = await created(t)
  assert.deepEqual(
    [reported()?.state, reported()?.generation, reported()?.files[0]],
    ['idle', null, { path: 'a', bytes: null }],
  )
  await mountVolume(driver, 'v', 'id-1', NEVER)
  await mountVolume(driver, 'v', 'id-2', NEVER)
  const report = reported()
  assert.equal(report?.state, 'mounted')
  assert.deepEqual(
    report?.mounts.map(({ id, isUnsure }) => [id, isUnsure]),
    [
      ['id-1', false],
      ['id-2', false],
    ],
  )
  assert.equal(report?.generation?.number, 1)
  assert.equal(report?.generation?.since, report?.lastRender)
  assert.equal(report?.files[0]?.bytes, `${CANARY}-a`.length)
  assert.ok(!inspect(daemonReport(driver), { depth: null }).includes(CANARY))
  await unmountVolume(driver, 'v', 'id-1')
  await unmountVolume(driver, 'v', 'id-2')
  assert.deepEqual([reported()?.generation, reported()?.lastRender], [null, null])
})

test('a refresh by hand asks again, although refresh is off, and makes one generation', async (t) => {
  const { world, driver, read, reported } = await mounted(t, { refresh: 'off' })
  assert.deepEqual(await refreshByHand(driver, 'v', NEVER), { changed: 0, removed: 0, generation: 1 })
  world.provider.put('a', 'rotated')
  assert.deepEqual(await refreshByHand(driver, 'v', NEVER), { changed: 1, removed: 0, generation: 2 })
  assert.equal(await read('a'), 'rotated')
  assert.equal(reported()?.generation?.number, 2)
  world.provider.fail(new LocketError('denied', 'it is not allowed'))
  await assert.rejects(refreshByHand(driver, 'v', NEVER), { code: 'denied' })
  assert.equal(await read('a'), 'rotated')
})

test('a refresh by hand of a volume that is not there, or not mounted, says so', async (t) => {
  const { world, driver } = await created(t)
  await assert.rejects(refreshByHand(driver, 'nix', NEVER), { code: 'volume_not_found' })
  await assert.rejects(refreshByHand(driver, 'v', NEVER), { code: 'usage', message: /v is not mounted/ })
  assert.deepEqual(world.provider.batches, [])
})

test('values of a refresh are not written when the volume is unmounted meanwhile', async (t) => {
  const { world, driver, mountpoint } = await mounted(t)
  world.provider.hang(true)
  const late = new AbortController()
  const refreshed = refreshByHand(driver, 'v', late.signal)
  await until('the provider is asked', () => world.provider.batches.length > 1)
  // The lock is taken by an Unmount, which ends while the refresh waits for it.
  const unmounted = unmountVolume(driver, 'v', 'id-1')
  late.abort(new LocketError('aborted', 'the caller hung up'))
  await assert.rejects(refreshed)
  await unmounted
  assert.ok(!existsSync(mountpoint))

  world.provider.hang(false)
  await mountVolume(driver, 'v', 'id-3', NEVER)
  const racing = refreshByHand(driver, 'v', NEVER)
  await unmountVolume(driver, 'v', 'id-3')
  await assert.rejects(racing, { code: 'aborted', message: /unmounted meanwhile/ })
  assert.ok(!existsSync(mountpoint))
})

test('the age of values from memory is that of the question, and a volume without one has none', async (t) => {
  const { world, driver, reported } = await mounted(t)
  const asked = reported()?.lastRender
  await passTime(world.clock, 3000)
  await createVolume(driver, 'w', OPTIONS, NEVER)
  await mountVolume(driver, 'w', 'id-2', NEVER)
  t.after(() => unmountVolume(driver, 'w', 'id-2'))
  const other = daemonReport(driver).volumes.find(({ name }) => name === 'w')
  assert.equal(world.provider.batches.length, 1)
  assert.equal(other?.lastRender, asked)
  assert.notEqual(other?.generation?.since, asked)

  await createVolume(driver, 'x', { 'secret.c': 'a text' }, NEVER)
  await mountVolume(driver, 'x', 'id-3', NEVER)
  t.after(() => unmountVolume(driver, 'x', 'id-3'))
  assert.equal(daemonReport(driver).volumes.find(({ name }) => name === 'x')?.lastRender, null)
})

test('a provider that gives no value for a reason of its own has that trouble until it answers', async (t) => {
  const { world, driver } = await mounted(t)
  const trouble = () => daemonReport(driver).providers[0]?.trouble
  assert.equal(trouble(), undefined)
  world.provider.fail(new LocketError('auth', 'memory refused the login'))
  await assert.rejects(refreshByHand(driver, 'v', NEVER))
  assert.equal(trouble(), 'memory refused the login')
  world.provider.fail(new LocketError('denied', 'it is not allowed'))
  await assert.rejects(refreshByHand(driver, 'v', NEVER))
  assert.equal(trouble(), undefined)
})

test('a dry run has names and sizes of what a mount would write, and writes nothing', async (t) => {
  const { world, driver, mountpoint, read } = await mounted(t)
  world.provider.put('a', 'longer than it was, by a few bytes')
  assert.deepEqual(await dryRun(driver, 'v', NEVER), {
    files: [
      { path: 'a', bytes: 34 },
      { path: 'b', bytes: `user ${CANARY}-b`.length },
    ],
    references: 2,
    warnings: [],
  })
  assert.equal(await read('a'), `${CANARY}-a`)
  await unmountVolume(driver, 'v', 'id-1')
  assert.equal((await dryRun(driver, 'v', NEVER)).files.length, 2)
  assert.ok(!existsSync(mountpoint))
  world.provider.remove('b')
  await assert.rejects(dryRun(driver, 'v', NEVER), { code: 'not_found' })
})

test('a release ends one reference however often it was mounted; the last one wipes', async (t) => {
  const { world, driver, mountpoint } = await mounted(t)
  await mountVolume(driver, 'v', 'id-1', NEVER)
  await mountVolume(driver, 'v', 'id-22', NEVER)
  await assert.rejects(releaseByHand(driver, 'v', undefined), { message: /id-1, id-22: more than one fits/ })
  await assert.rejects(releaseByHand(driver, 'v', 'id-3'), { message: /no mount reference begins with/ })
  assert.deepEqual(await releaseByHand(driver, 'v', 'id-1'), { id: 'id-1', left: 1, isWiped: false })
  assert.ok(existsSync(mountpoint))
  assert.deepEqual(await releaseByHand(driver, 'v', undefined), { id: 'id-22', left: 0, isWiped: true })
  assert.ok(!existsSync(mountpoint))
  await assert.rejects(releaseByHand(driver, 'v', undefined), { message: /nothing to release/ })
  assert.deepEqual((await world.store.load()).records[0]?.mounts, [])
  assert.equal(world.log.lines.filter(({ event }) => event === 'volume.released').length, 2)
})

test('the generation outlives a restart of the daemon', async (t) => {
  const { world, driver } = await mounted(t)
  world.provider.put('a', 'rotated')
  await refreshByHand(driver, 'v', NEVER)
  const before = daemonReport(driver).volumes[0]?.generation
  await passTime(world.clock, 3000)
  const next = await restarted(world)
  assert.deepEqual(daemonReport(next).volumes[0]?.generation, before)
  assert.equal(before?.number, 2)
  assert.deepEqual(await releaseByHand(next, 'v', mountIdsOf(next)[0]), {
    id: 'id-1',
    left: 0,
    isWiped: true,
  })
})

test('a volume is stale from the first refresh that fails until one works', async (t) => {
  const { world, driver, reported } = await mounted(t, { refresh: 60_000 })
  assert.ok((reported()?.nextRefreshInMs ?? 0) > 50_000)
  world.provider.fail(new LocketError('denied', 'it is not allowed'))
  await passTime(world.clock, 66_000)
  await until('it is stale', () => reported()?.staleSince !== null)
  const since = reported()?.staleSince
  await passTime(world.clock, 66_000)
  assert.equal(reported()?.staleSince, since)
  assert.match(reported()?.lastError ?? '', /not allowed/)
  world.provider.fail(undefined)
  await refreshByHand(driver, 'v', NEVER)
  assert.deepEqual([reported()?.staleSince, reported()?.lastError], [null, null])
})
