import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createTidings } from '../../src/app/access/tidings.ts'
import { createVolume } from '../../src/app/volume/create.ts'
import { NEVER } from '../../src/app/volume/driver.ts'
import { mountVolume } from '../../src/app/volume/mount.ts'
import { getVolume } from '../../src/app/volume/status/status.ts'
import { unmountVolume } from '../../src/app/volume/unmount.ts'
import type { ChangeListener } from '../../src/providers/define.ts'
import { until } from '../../scripts/engine/until.ts'
import { memoryRef } from '../fakes/memory-provider.ts'
import { openWorld, passTime, testDriver } from './world.ts'

const LONG_MS = 600_000

/** A mounted volume whose provider tells changes. */
async function told(t: Pick<TestContext, 'after'>, template: string, refresh: 'auto' | number = 'auto') {
  const world = await openWorld(t)
  world.provider.put('seed', 'JBSWY3DPEHPK3PXP')
  const plain = testDriver(world).daemon.volumeConfig({}).providers[0]
  assert.ok(plain)
  let listener: ChangeListener | undefined
  const open: typeof plain.def.open = async (...args) => ({
    ...(await plain.def.open(...args)),
    async follow(given, signal) {
      listener = given
      given.live(true)
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      listener = undefined
    },
  })
  const def = { ...plain.def, open, autoRefresh: { everyMs: 60_000 } }
  const driver = testDriver(world, { refresh, providers: [{ ...plain, def }] })
  await createVolume(driver, 'v', { 'secret.a': template }, NEVER)
  const { mountpoint } = await mountVolume(driver, 'v', 'id', NEVER)
  return {
    world,
    listener: () => listener,
    batches: () => world.provider.batches.length,
    line: () => getVolume(driver, 'v').status.refresh ?? '',
    read: () => readFile(join(mountpoint, 'a'), 'utf8'),
    unmount: () => unmountVolume(driver, 'v', 'id'),
  }
}

test('a volume whose provider tells changes is not asked by the clock, and follows at once', async (t) => {
  const { world, listener, batches, line, read, unmount } = await told(t, '{{ memory://a }}')
  await until('it is followed', () => listener() !== undefined)
  assert.equal(line(), 'when the provider tells a change')
  await passTime(world.clock, LONG_MS)
  assert.equal(batches(), 1)
  world.provider.put('a', 'rotated')
  listener()?.changed(({ key }) => key === 'another')
  await passTime(world.clock, LONG_MS)
  assert.equal(batches(), 1)
  listener()?.changed(({ key }) => key === 'a')
  await until('the new value is there', async () => (await read()) === 'rotated')
  await unmount()
  await until('nobody is followed', () => listener() === undefined)
})

test('while nobody tells changes the clock asks again', async (t) => {
  const { world, listener, batches, line, unmount } = await told(t, '{{ memory://a }}')
  await until('it is followed', () => listener() !== undefined)
  listener()?.live(false)
  assert.match(line(), /^every 1m, next in /)
  await until('it was asked for', async () => {
    await world.clock.advance(20_000)
    return batches() > 1
  })
  await unmount()
})

test('once an hour the values are asked for although nothing was told', async (t) => {
  const { world, listener, batches, unmount } = await told(t, '{{ memory://a }}')
  await until('it is followed', () => listener() !== undefined)
  await passTime(world.clock, 3_500_000)
  assert.equal(batches(), 1)
  await until('it was asked for', async () => {
    await world.clock.advance(20_000)
    return batches() > 1
  })
  await unmount()
})

test('a result that depends on the time, and a duration for refresh, keep to the clock', async (t) => {
  for (const [template, refresh] of [
    ['{{ memory://seed | totp }}', 'auto'],
    ['{{ memory://a }}', 60_000],
  ] as const) {
    const { world, batches, unmount } = await told(t, template, refresh)
    await until('it was asked for', async () => {
      await world.clock.advance(20_000)
      return batches() > 2
    })
    await unmount()
  }
})

test('callers share one question, which ends with the last of them', async () => {
  const [opened, heard, forgotten] = [[] as AbortSignal[], [] as string[], [] as string[]]
  let listener: ChangeListener | undefined
  const tidings = createTidings(
    async () => ({
      follow: async (given, signal) => {
        listener = given
        opened.push(signal)
      },
    }),
    () => void forgotten.push('forgotten'),
  )
  const one = tidings.join(() => void heard.push('one'))
  const two = tidings.join((isAbout) => void (isAbout(memoryRef('a')) && heard.push('two')))
  await until('it is asked', () => listener !== undefined)
  assert.equal(one.isLive(), false)
  listener?.live(true)
  listener?.changed(({ key }) => key === 'b')
  assert.deepEqual([heard, forgotten, two.isLive()], [['one'], ['forgotten'], true])
  one[Symbol.dispose]()
  one[Symbol.dispose]()
  assert.equal(opened[0]?.aborted, false)
  two[Symbol.dispose]()
  assert.deepEqual([opened.length, opened[0]?.aborted, two.isLive()], [1, true, false])
})

test('a client that does not open, and one that tells nothing, is never live', async () => {
  for (const open of [async () => ({}), () => Promise.reject(new Error('no'))]) {
    const tidings = createTidings(open, () => undefined)
    using one = tidings.join(() => assert.fail('nothing is told'))
    await new Promise(setImmediate)
    assert.equal(one.isLive(), false)
  }
})
