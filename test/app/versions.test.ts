import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createVersions } from '../../src/app/access/versions.ts'
import { createVolume } from '../../src/app/volume/create.ts'
import { NEVER } from '../../src/app/volume/driver.ts'
import { mountVolume } from '../../src/app/volume/mount.ts'
import { getVolume } from '../../src/app/volume/status/status.ts'
import { unmountVolume } from '../../src/app/volume/unmount.ts'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { until } from '../../scripts/engine/until.ts'
import { createManualClock } from '../fakes/manual-clock.ts'
import { memoryRef } from '../fakes/memory-provider.ts'
import { CANARY, openWorld, passTime, testDriver } from './world.ts'

/** A mounted volume whose provider has versions. */
async function versioned(t: Pick<TestContext, 'after'>, template = '{{ memory://a }}') {
  const world = await openWorld(t)
  world.provider.put('seed', 'JBSWY3DPEHPK3PXP')
  const plain = testDriver(world).daemon.volumeConfig({}).providers[0]
  assert.ok(plain)
  const { def } = plain
  const state = { version: 1, questions: 0, failure: undefined as LocketError | undefined }
  const open: typeof def.open = async (...args) => ({
    ...(await def.open(...args)),
    async versions() {
      state.questions += 1
      if (state.failure !== undefined) throw state.failure
      const { version } = state
      return ({ key }) => (key === 'b' ? undefined : `${version}`)
    },
  })
  const providers = [{ ...plain, def: { ...def, open } }]
  const driver = testDriver(world, { refresh: 60_000, providers }, world.ports.store, 5000)
  await createVolume(driver, 'v', { 'secret.a': template }, NEVER)
  const { mountpoint } = await mountVolume(driver, 'v', 'id', NEVER)
  t.after(() => unmountVolume(driver, 'v', 'id'))
  return {
    world,
    driver,
    state,
    read: () => readFile(join(mountpoint, 'a'), 'utf8'),
    values: () => world.provider.batches.length,
    /** Lets intervals pass until the versions were asked for once more. */
    /** Lets an interval pass until a refresh is over. */
    refresh: async (ms = 66_000) => {
      const timeOf = () => getVolume(driver, 'v').status.lastRender?.slice(0, 19)
      const before = timeOf()
      await passTime(world.clock, ms)
      await until('a refresh is over', () => timeOf() !== before)
    },
  }
}

test('values are asked for only when a version is another one', async (t) => {
  const { world, state, read, values, refresh } = await versioned(t)
  await refresh()
  // The versions of the mount were not known.
  assert.equal(values(), 2)
  await refresh()
  await refresh()
  assert.equal(values(), 2)
  world.provider.put('a', 'two')
  state.version = 2
  await refresh()
  assert.deepEqual([values(), await read()], [3, 'two'])
})

test('once an hour the values are asked for all the same', async (t) => {
  const { world, values, read, refresh } = await versioned(t)
  await refresh()
  world.provider.put('a', 'not counted')
  for (let minute = 0; minute < 55; minute += 11) await refresh(11 * 60_000)
  assert.deepEqual([values(), await read()], [2, `${CANARY}-a`])
  await refresh(11 * 60_000)
  assert.deepEqual([values(), await read()], [3, 'not counted'])
})

test('a value without a version, and a result that depends on the time, are asked for each time', async (t) => {
  for (const template of ['{{ memory://a }}{{ memory://b }}', '{{ memory://seed | totp }}']) {
    const { values, refresh } = await versioned(t, template)
    for (let ticks = 2; ticks <= 4; ticks += 1) {
      await refresh()
      assert.ok(values() >= ticks, `${values()}`)
    }
  }
})

test('when the versions cannot be asked for, the values are', async (t) => {
  const { state, values, refresh } = await versioned(t)
  await refresh()
  state.failure = new LocketError('unavailable', 'memory is down')
  await refresh()
  assert.equal(values(), 3)
})

test('callers at one moment share one question, and the next moment asks again', async () => {
  const clock = createManualClock()
  let asked = 0
  const open = async () => ({
    versions: async () => {
      asked += 1
      return () => `${asked}`
    },
  })
  const versions = createVersions(open, { ttlMs: 5000, clock })
  const ask = () => versions.textOf([memoryRef('a')], NEVER)
  assert.deepEqual(await Promise.all([ask(), ask()]), ['["1"]', '["1"]'])
  assert.equal(await ask(), '["1"]')
  await clock.advance(5000)
  assert.equal(await ask(), '["2"]')
  versions.expire()
  assert.equal(await ask(), '["3"]')
  assert.equal(clock.sleepers(), 0)
})
