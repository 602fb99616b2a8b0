import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createVolume } from '../../src/app/volume/create.ts'
import { NEVER } from '../../src/app/volume/driver.ts'
import { refreshNow } from '../../src/app/volume/follow.ts'
import { mountVolume } from '../../src/app/volume/mount.ts'
import { unmountVolume } from '../../src/app/volume/unmount.ts'
import { createDigest } from '../../src/core/keys/value-digest.ts'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { parseVolumeName } from '../../src/core/vocabulary/names.ts'
import type { Resolved } from '../../src/core/vocabulary/resolve.ts'
import { Secret } from '../../src/core/vocabulary/secret.ts'
import { inOneTurn } from '../../src/core/waiting/turns.ts'
import { systemClock } from '../../src/host/daemon/clock.ts'
import { openFileTree } from '../../src/host/files/file-tree.ts'
import { openSourceFiles } from '../../src/host/sources/source-files.ts'
import { until } from '../../scripts/engine/until.ts'
import { memoryRef } from '../fakes/memory-provider.ts'
import { CANARY, openWorld, passTime, testDriver } from './world.ts'

const ONE = `${CANARY}-a`

/** A mounted volume that is refreshed every minute, whose deliveries are counted. */
async function counted(t: Pick<TestContext, 'after'>, isFile = false) {
  const tree = openFileTree(systemClock())
  const counts = { puts: 0, reads: 0, failsHalfWay: false }
  const replaceAll: typeof tree.replaceAll = async (...args) => {
    counts.puts += 1
    const changes = await tree.replaceAll(...args)
    if (counts.failsHalfWay) throw new LocketError('io', 'the disk is gone')
    return changes
  }
  const world = await openWorld(t, { tree: { ...tree, replaceAll } })
  const sources = openSourceFiles()
  const read: typeof sources.read = (...args) => {
    counts.reads += 1
    return sources.read(...args)
  }
  const driver = { ...testDriver(world, { refresh: 60_000 }), sources: { ...sources, read } }
  const file = join(world.runtimeDir, '../template')
  await writeFile(file, '{{ memory://a }}')
  await createVolume(driver, 'v', { 'secret.a': isFile ? `@${file}` : '{{ memory://a }}' }, NEVER)
  const { mountpoint } = await mountVolume(driver, 'v', 'id', NEVER)
  t.after(() => unmountVolume(driver, 'v', 'id'))
  const place = join(mountpoint, 'a')
  const volume = driver.table.get(parseVolumeName('v'))
  return {
    world,
    driver,
    counts,
    file,
    place,
    volume,
    text: () => readFile(place, 'utf8'),
    byHand: () => refreshNow(driver, volume, NEVER),
    /** Lets a minute pass until the values were asked for, and the refresh is over. */
    refresh: async (ms = 66_000) => {
      const asked = world.provider.batches.length
      const before = volume.activity.lastRender
      await passTime(world.clock, ms)
      await until('it is refreshed', async () => {
        await world.clock.advance(300)
        return world.provider.batches.length > asked && volume.activity.lastRender !== before
      })
    },
  }
}

test('a refresh that finds the same values neither parses, renders nor looks at the files', async (t) => {
  const { counts, refresh, world, text, volume } = await counted(t)
  await refresh()
  // The values of the mount were not noted.
  await until('the first one is over', () => volume.activity.seen !== undefined)
  const first = counts.puts
  const { content } = volume.activity
  for (let minute = 0; minute < 5; minute += 1) await refresh()
  assert.deepEqual([counts.puts, volume.activity.content], [first, content])
  assert.ok(!JSON.stringify(volume.activity.seen).includes(CANARY))
  world.provider.put('a', 'two')
  await refresh()
  await until('it is there', async () => (await text()) === 'two')
})

test('a file that a container changed is put back within an hour, and at once by hand', async (t) => {
  const { refresh, place, text, byHand, counts, volume } = await counted(t)
  await refresh()
  await until('the first one is over', () => volume.activity.seen !== undefined)
  await writeFile(place, 'somebody')
  await refresh()
  assert.equal(await text(), 'somebody')
  await byHand()
  assert.equal(await text(), ONE)
  await writeFile(place, 'somebody')
  const before = counts.puts
  for (let hour = 0; hour < 2 && counts.puts === before; hour += 1) await refresh(3_600_000)
  await until('it is put back', async () => (await text()) === ONE)
})

test('a value that came by hand and is taken back is replaced by the next refresh', async (t) => {
  const { world, refresh, text, byHand, volume } = await counted(t)
  await refresh()
  await until('the first one is over', () => volume.activity.seen !== undefined)
  world.provider.put('a', 'two')
  await byHand()
  assert.equal(await text(), 'two')
  world.provider.put('a', ONE)
  await refresh()
  await until('it is the first again', async () => (await text()) === ONE)
})

test('after a delivery that failed half-way the old value is delivered again', async (t) => {
  const { world, counts, refresh, text, volume } = await counted(t)
  await refresh()
  await until('the first one is over', () => volume.activity.seen !== undefined)
  world.provider.put('a', 'two')
  counts.failsHalfWay = true
  await passTime(world.clock, 66_000)
  await until('it failed', () => /the disk is gone/.test(volume.activity.lastError ?? ''))
  assert.equal(await text(), 'two')
  counts.failsHalfWay = false
  world.provider.put('a', ONE)
  await refresh(66_000 * 2)
  await until('the old value is there', async () => (await text()) === ONE)
})

test('a template that is a file is read at each refresh', async (t) => {
  const { refresh, text, file, counts, volume } = await counted(t, true)
  await writeFile(file, 'x {{ memory://a }}')
  await refresh()
  await until('it is there', async () => (await text()) === `x ${ONE}`)
  await until('it is over', () => volume.activity.seen !== undefined)
  const before = { ...counts }
  await refresh()
  assert.ok(counts.reads > before.reads)
  assert.equal(counts.puts, before.puts)
  await writeFile(file, 'y {{ memory://a }}')
  await refresh()
  await until('it is the new one', async () => (await text()) === `y ${ONE}`)
})

test('the digest: other values, other keys, large values; none for a value that does not last', () => {
  const refs = [memoryRef('a'), memoryRef('b')]
  const of = (facts: Partial<Resolved>[], digest = createDigest()) =>
    inOneTurn(
      digest(
        refs,
        new Map(
          refs.map(({ id }, n) => [
            id,
            { ok: true, secret: { value: Secret.fromText('same'), ...facts[n] } } as const,
          ]),
        ),
      ),
    )
  const digest = createDigest()
  const large = (last: string) => [{ value: Secret.fromText('x'.repeat(300_000) + last) }]
  assert.equal(of([], digest), of([], digest))
  assert.notEqual(of([], digest), of([]))
  assert.notEqual(of([], digest), of([{}, { value: Secret.fromText('other') }], digest))
  assert.equal(of(large('a'), digest), of(large('a'), digest))
  assert.notEqual(of(large('a'), digest), of(large('b'), digest))
  const lease = { id: 'l', isRenewable: true, expiresAt: 1 }
  const passing: Partial<Resolved>[] = [{ isFleeting: true }, { expiresAt: 1 }, { lease }, { staleSince: 1 }]
  for (const facts of passing) assert.equal(of([{}, facts], digest), undefined)
  assert.equal(inOneTurn(digest(refs, new Map())), undefined)
})
