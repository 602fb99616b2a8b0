import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { openMountTable } from '../../src/host/mounts/mount-table.ts'
import { NEVER } from '../../src/app/volume/driver.ts'
import { mountVolume } from '../../src/app/volume/mount.ts'
import { unmountVolume } from '../../src/app/volume/unmount.ts'
import { createVolume } from '../../src/app/volume/create.ts'
import { removeVolume } from '../../src/app/volume/remove.ts'
import { getVolume } from '../../src/app/volume/status/status.ts'
import { createMemoryStore } from '../fakes/memory-store.ts'
import { until } from '../../scripts/engine/until.ts'
import { CANARY, openWorld, passTime, testDriver, WRITTEN } from './world.ts'

const OPTIONS = { 'secret.a': '{{ memory://a }}' }

/** A volume, and a kernel that may refuse to unmount. */
async function stubborn(t: Pick<TestContext, 'after'>) {
  const kernel = openMountTable()
  const state = { isStuck: false, tries: 0 }
  const world = await openWorld(t, {
    mounts: {
      ...kernel,
      async unmount(target) {
        state.tries += 1
        if (state.isStuck) throw new LocketError('mount_failed', `cannot unmount ${target}: EPERM`)
        await kernel.unmount(target)
      },
    },
  })
  const driver = testDriver(world)
  await createVolume(driver, 'v', OPTIONS, NEVER)
  return { world, driver, state }
}

test('a wipe that fails is reported, and tried again with growing pauses until it works', async (t) => {
  const { world, driver, state } = await stubborn(t)
  await mountVolume(driver, 'v', 'one', NEVER)
  state.isStuck = true
  await unmountVolume(driver, 'v', 'one')
  assert.match(getVolume(driver, 'v').status.lastError ?? '', /cannot unmount .*EPERM/)
  for (let minute = 0; minute < 30; minute += 1) {
    await passTime(world.clock, 60_000)
    await until('it rests', () => world.clock.sleepers() === 1)
  }
  assert.ok(state.tries > 5 && state.tries < 20, `${state.tries} tries in half an hour`)
  state.isStuck = false
  for (let minute = 0; minute < 6; minute += 1) await passTime(world.clock, 60_000)
  await until('Status shows no error', () => getVolume(driver, 'v').status.lastError === null)
  assert.deepEqual(await world.mountedTargets(), [])
  assert.equal(world.clock.sleepers(), 0)
})

test('however often an unmount fails, one wipe is tried again, and it ends with the volume', async (t) => {
  const { world, driver, state } = await stubborn(t)
  for (const id of ['one', 'two', 'three']) {
    state.isStuck = false
    await mountVolume(driver, 'v', id, NEVER)
    state.isStuck = true
    await unmountVolume(driver, 'v', id)
    await assert.rejects(mountVolume(driver, 'v', 'refused', NEVER), /mounted there already/)
  }
  assert.equal(world.clock.sleepers(), 1)
  await assert.rejects(removeVolume(driver, 'v', NEVER), /volume v cannot be unmounted: .*EPERM/)
  state.isStuck = false
  await removeVolume(driver, 'v', NEVER)
  await passTime(world.clock, 10_000)
  await until('nothing is tried any more', () => world.clock.sleepers() === 0)
  assert.deepEqual(await world.mountedTargets(), [])
})

test('a mount fails with the error of the save, even when its tmpfs stays', async (t) => {
  const store = createMemoryStore()
  const kernel = openMountTable()
  let isStuck = true
  const unmount = async (target: string) => {
    if (isStuck) throw new LocketError('mount_failed', 'EPERM')
    await kernel.unmount(target)
  }
  const world = await openWorld(t, { store, mounts: { ...kernel, unmount } })
  const driver = testDriver(world)
  await createVolume(driver, 'v', OPTIONS, NEVER)
  store.fill(true)
  await assert.rejects(mountVolume(driver, 'v', 'one', NEVER), /ENOSPC/)
  isStuck = false
  await passTime(world.clock, 6000)
  await until('it is unmounted', async () => (await world.mountedTargets()).length === 0)
})

test('passthrough and ignore mount without a provider that is down, at the deadline', async (t) => {
  for (const policy of ['passthrough', 'ignore'] as const) {
    const world = await openWorld(t)
    const driver = testDriver(world, { written: { ...WRITTEN, policy } })
    world.provider.fail(new LocketError('unavailable', 'memory is down'))
    await createVolume(driver, 'v', { ...OPTIONS, 'secret.plain': `${CANARY}-plain` }, NEVER)
    const mounting = mountVolume(driver, 'v', 'one', NEVER)
    await until('it waits for the provider', () => world.clock.sleepers() > 1)
    await passTime(world.clock, 26_000)
    const { mountpoint } = await mounting
    assert.equal(await readFile(join(mountpoint, 'plain'), 'utf8'), `${CANARY}-plain`)
    assert.match(getVolume(driver, 'v').status.warnings.join(), /memory is down/)
  }
})
