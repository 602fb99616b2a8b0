import assert from 'node:assert/strict'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../../scripts/engine/until.ts'
import { removeVolume } from '../../src/app/volume/remove.ts'
import { NEVER } from '../../src/app/volume/driver.ts'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { assertNoSecret } from '../support/assert-no-secret.ts'
import { cachedVolume, DAY_MS, DOWN, fillCache, HOUR_MS, passWhile, volumeOf } from './cached-volume.ts'
import { CANARY, passTime, restarted, testDriver, type World } from './world.ts'

const cacheOf = ({ stateDir }: World) => join(stateDir, 'cache/v.cache')

async function cacheFiles({ stateDir }: World): Promise<string[]> {
  return await readdir(join(stateDir, 'cache')).catch(() => [])
}

test('a provider that is down: the mount has the values of the cache at once, and says so', async (t) => {
  const volume = await cachedVolume(t)
  const { world } = volume
  await fillCache(volume)
  await passTime(world.clock, 1000)
  await world.clock.advance(HOUR_MS)
  world.provider.fail(DOWN)
  await volume.mount()
  t.after(volume.unmount)
  assert.deepEqual([await volume.read('a'), await volume.read('b')], [`${CANARY}-a`, `${CANARY}-b`])
  const used = world.log.lines.find(({ event }) => event === 'volume.cache.used')
  assert.match(used?.message ?? '', /stale since 2026-11-22T00:00:00/)
  assert.deepEqual(used?.facts['references'], ['memory://a', 'memory://b'])
  assert.match(
    volume.status().warnings.join(),
    /stale since 2026-11-22 00:00:00 UTC, 1h1s ago: values of the cache are mounted, because memory refused/,
  )
  assert.match(volume.status().lastRender ?? '', /^2026-11-22 00:00:00 UTC/)
})

test('the new value replaces the stale one when the provider is back, without a refresh', async (t) => {
  const volume = await cachedVolume(t, { refresh: 'off' })
  const { world } = volume
  await fillCache(volume)
  world.provider.fail(DOWN)
  await volume.mount()
  t.after(volume.unmount)
  // An hour of outage: the failure is reported once.
  for (let minutes = 0; minutes < 60; minutes += 1) await world.clock.advance(60_000)
  assert.deepEqual(volume.events(), ['volume.cache.used', 'volume.render.failed'])
  world.provider.fail(undefined)
  world.provider.put('a', 'rotated')
  await passTime(world.clock, 61_000)
  await until('the new value is there', async () => (await volume.read()) === 'rotated')
  await until('it is not stale', () => volume.status().warnings.length === 0)
  assert.deepEqual(volume.events().slice(2), ['volume.cache.over', 'volume.rendered', 'volume.recovered'])
  const asked = world.provider.batches.length
  await world.clock.advance(DAY_MS)
  assert.equal(world.provider.batches.length, asked)
})

test('a provider that does not answer is not waited for longer than 3 s', async (t) => {
  const volume = await cachedVolume(t)
  await fillCache(volume)
  volume.world.provider.hang(true)
  const took = await passWhile(volume.world, volume.mount())
  assert.ok(took >= 3000 && took < 25_000, `${took} ms`)
  t.after(volume.unmount)
  assert.equal(await volume.read(), `${CANARY}-a`)
  assert.match(volume.status().warnings.join(), /no answer within 3000 ms/)
})

test('a slow provider: the cache answers first, and its answer follows', async (t) => {
  const volume = await cachedVolume(t)
  const { world } = volume
  await fillCache(volume)
  world.provider.put('a', 'slow')
  world.provider.hang(true)
  await passWhile(world, volume.mount())
  t.after(volume.unmount)
  assert.equal(await volume.read(), `${CANARY}-a`)
  world.provider.hang(false)
  await passTime(world.clock, 6000)
  await until('the answer is there', async () => (await volume.read()) === 'slow')
})

test('a volume with one value that is not kept waits for the provider as without a cache', async (t) => {
  const volume = await cachedVolume(t, { mountTimeoutMs: 10_000 })
  const { world } = volume
  world.provider.remove('b')
  await assert.rejects(volume.mount())
  await volume.driver.lastGood.close()
  world.provider.put('b', 'later')
  world.provider.fail(DOWN)
  const asked = world.provider.batches.length
  const mounted = volume.mount()
  await until('it is asked', () => world.provider.batches.length > asked)
  await passTime(world.clock, 1000)
  world.provider.fail(undefined)
  await passWhile(world, mounted)
  t.after(volume.unmount)
  assert.equal(await volume.read('b'), 'later')
  assert.match(volume.status().warnings.join(), /stale since/)
})

for (const code of ['auth', 'denied', 'not_found'] as const) {
  test(`after ${code} no value of the cache is used, also in an outage that follows`, async (t) => {
    const volume = await cachedVolume(t, { mountTimeoutMs: 4000 })
    const { world } = volume
    await fillCache(volume)
    world.provider.fail(new LocketError(code, 'memory refuses'))
    await assert.rejects(volume.mount(), /memory refuses/)
    await volume.driver.lastGood.close()
    assert.deepEqual(await cacheFiles(world), [])
    world.provider.fail(DOWN)
    await passWhile(world, assert.rejects(volume.mount(), /refused the connection/))
  })
}

test('only the value that was deleted is removed', async (t) => {
  const volume = await cachedVolume(t, { mountTimeoutMs: 4000 })
  const { world } = volume
  await fillCache(volume)
  const before = (await stat(cacheOf(world))).size
  world.provider.remove('b')
  await assert.rejects(volume.mount(), /no secret memory:\/\/b/)
  await volume.driver.lastGood.close()
  assert.ok((await stat(cacheOf(world))).size < before)
})

test('an answer that cannot be read, or a 404 of a proxy, is an answer: the cache is not used', async (t) => {
  const volume = await cachedVolume(t, { mountTimeoutMs: 4000 })
  const { world } = volume
  await fillCache(volume)
  const before = await readFile(cacheOf(world))
  world.provider.fail(new LocketError('provider_protocol', 'memory sent garbage'))
  await assert.rejects(volume.mount(), /garbage/)
  world.provider.fail(
    new LocketError('unavailable', 'memory has no such page (status 404)', { facts: { status: 404 } }),
  )
  await passWhile(world, assert.rejects(volume.mount(), /status 404/))
  await volume.driver.lastGood.close()
  assert.deepEqual(await readFile(cacheOf(world)), before)
  assert.deepEqual(volume.events(), [])
})

test('a value that is older than the maximum age is not used', async (t) => {
  const volume = await cachedVolume(t, { mountTimeoutMs: 4000, cache: HOUR_MS })
  const { world } = volume
  await fillCache(volume)
  world.provider.fail(DOWN)
  await world.clock.advance(HOUR_MS + 1)
  await passWhile(world, assert.rejects(volume.mount(), /refused the connection/))
})

test('a clock that was set back: a value of the future is not believed, until its time has come', async (t) => {
  const volume = await cachedVolume(t, { mountTimeoutMs: 4000 })
  const { world } = volume
  await fillCache(volume)
  world.provider.fail(DOWN)
  const behind = { ...world, clock: { ...world.clock, now: () => world.clock.now() - HOUR_MS } }
  const driver = await restarted(behind, { cache: DAY_MS, mountTimeoutMs: 4000 })
  await passWhile(world, assert.rejects(volumeOf(behind, driver).mount(), /refused the connection/))
  const warning = world.log.lines.filter(({ event }) => event === 'volume.cache.warning')
  assert.match(warning.map(({ message }) => message).join(), /time in the future.*was the clock set back/)
  assert.equal(warning.length, 1)
  const right = volumeOf(world, testDriverOf(world))
  await right.mount()
  t.after(right.unmount)
  assert.equal(await right.read(), `${CANARY}-a`)
})

function testDriverOf(world: World) {
  const driver = testDriver(world, { cache: DAY_MS })
  const identity = { name: 'v' as never, options: {}, createdAt: '' }
  driver.table.restore({ ...identity, options: { 'secret.a': '{{ memory://a }}' } }, { kind: 'idle' })
  return driver
}

test('the files on the disk hold no value and no reference, and only root can read them', async (t) => {
  const volume = await cachedVolume(t)
  const { world } = volume
  await fillCache(volume)
  const canaries = [`${CANARY}-a`, `${CANARY}-b`, 'memory://']
  for (const path of [cacheOf(world), join(world.stateDir, 'host.key')]) {
    assertNoSecret(await readFile(path), canaries, path)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
  }
})

test('docker volume rm removes the values, and so does cache=off at the next start', async (t) => {
  const volume = await cachedVolume(t)
  const { world } = volume
  await fillCache(volume)
  assert.deepEqual(await cacheFiles(world), ['v.cache'])
  await restarted(world, { cache: DAY_MS })
  assert.deepEqual(await cacheFiles(world), ['v.cache'])
  await restarted(world, { cache: 'off' })
  assert.deepEqual(await cacheFiles(world), [])
  const driver = await restarted(world, { cache: DAY_MS })
  await fillCache(volumeOf(world, driver))
  assert.deepEqual(await cacheFiles(world), ['v.cache'])
  await removeVolume(driver, 'v', NEVER)
  assert.deepEqual(await cacheFiles(world), [])
})

test('without the option neither a key nor a value is written', async (t) => {
  const volume = await cachedVolume(t, { cache: 'off' })
  const { stateDir } = volume.world
  await fillCache(volume)
  const names = await readdir(stateDir)
  assert.ok(names.includes('state.json'))
  assert.deepEqual(
    names.filter((name) => /cache|key/.test(name)),
    [],
  )
  for (const name of names)
    assertNoSecret(await readFile(join(stateDir, name)), [`${CANARY}-a`, `${CANARY}-b`], name)
})

test('unchanged values are not written again before a part of their maximum age', async (t) => {
  const volume = await cachedVolume(t, { refresh: 60_000 })
  const { world } = volume
  await volume.mount()
  t.after(volume.unmount)
  await volume.driver.lastGood.close()
  const writtenAt = async () => (await stat(cacheOf(world))).mtimeMs
  const before = await writtenAt()
  const asked = world.provider.batches.length
  for (let minutes = 0; minutes < 30; minutes += 1) await passTime(world.clock, 60_000)
  // A tick that comes while a slow machine still writes begins no refresh.
  assert.ok(world.provider.batches.length > asked + 5)
  assert.equal(await writtenAt(), before)
  for (let minutes = 0; minutes < 60; minutes += 1) await passTime(world.clock, 60_000)
  await until('it is written', async () => (await writtenAt()) > before)
})

test('a restarted daemon knows that the mounted values are stale, and replaces them', async (t) => {
  const volume = await cachedVolume(t, { refresh: 'off' })
  const { world } = volume
  await fillCache(volume)
  world.provider.fail(DOWN)
  await volume.mount()
  await volume.driver.lastGood.close()
  world.provider.fail(undefined)
  world.provider.put('a', 'fresh')
  const next = volumeOf(world, await restarted(world, { cache: DAY_MS, refresh: 'off' }))
  t.after(next.unmount)
  assert.match(next.status().warnings.join(), /stale since 2026-11-22 00:00:00 UTC/)
  assert.match(next.status().lastRender ?? '', /^2026-11-22 00:00:00 UTC/)
  await passTime(world.clock, 6000)
  await until('the new value is there', async () => (await next.read()) === 'fresh')
  await until('it is not stale', () => next.status().warnings.length === 0)
  await next.driver.lastGood.close()
  const third = volumeOf(world, await restarted(world, { cache: DAY_MS, refresh: 'off' }))
  assert.deepEqual(third.status().warnings, [])
})

test('equal values of the provider end the staleness too, also for the next process', async (t) => {
  const volume = await cachedVolume(t, { refresh: 'off' })
  const { world } = volume
  await fillCache(volume)
  world.provider.fail(DOWN)
  await volume.mount()
  world.provider.fail(undefined)
  await passTime(world.clock, 6000)
  await until('it is not stale', () => volume.status().warnings.length === 0)
  await volume.driver.lastGood.close()
  const next = volumeOf(world, await restarted(world, { cache: DAY_MS, refresh: 'off' }))
  t.after(next.unmount)
  assert.deepEqual(next.status().warnings, [])
})
