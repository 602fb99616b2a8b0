import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NEVER } from '../../src/app/volume/driver.ts'
import { noteEngineRestart } from '../../src/app/volume/engine-restart.ts'
import { mountVolume } from '../../src/app/volume/mount.ts'
import { unmountVolume } from '../../src/app/volume/unmount.ts'
import { createVolume } from '../../src/app/volume/create.ts'
import { createMemoryStore } from '../fakes/memory-store.ts'
import { mountIdsOf, openWorld, restarted, testDriver } from './world.ts'

const OPTIONS = { 'secret.a': '{{ memory://a }}' }

test('undoing a lost answer undoes one use of its ID, and spares others', async (t) => {
  const world = await openWorld(t)
  const driver = testDriver(world)
  await createVolume(driver, 'v', OPTIONS, NEVER)
  await mountVolume(driver, 'v', 'other', NEVER)
  const lost = await mountVolume(driver, 'v', 'one', NEVER)
  const again = await mountVolume(driver, 'v', 'one', NEVER)
  await lost.undo()
  assert.equal(mountIdsOf(driver).length, 2)
  await again.undo()
  await again.undo()
  assert.deepEqual(mountIdsOf(driver), ['other'])
})

test('docker cp mounts and unmounts under the ID of the running container, which keeps its files', async (t) => {
  const world = await openWorld(t)
  const driver = testDriver(world)
  await createVolume(driver, 'v', OPTIONS, NEVER)
  await mountVolume(driver, 'v', 'one', NEVER)
  await mountVolume(driver, 'v', 'one', NEVER)
  await unmountVolume(driver, 'v', 'one')
  assert.equal((await world.mountedTargets()).length, 1)
  await unmountVolume(driver, 'v', 'one')
  assert.deepEqual(await world.mountedTargets(), [])
})

test('an ID from before the engine restart is taken over: one Unmount ends it', async (t) => {
  const world = await openWorld(t)
  const driver = testDriver(world)
  await createVolume(driver, 'v', OPTIONS, NEVER)
  await mountVolume(driver, 'v', 'one', NEVER)
  await noteEngineRestart(driver)
  await mountVolume(driver, 'v', 'one', NEVER)
  await unmountVolume(driver, 'v', 'one')
  assert.deepEqual(await world.mountedTargets(), [])
})

test('after a crash of this process, docker cp does not take secrets from a running container', async (t) => {
  const world = await openWorld(t)
  const first = testDriver(world)
  await createVolume(first, 'v', OPTIONS, NEVER)
  await mountVolume(first, 'v', 'one', NEVER)
  const second = await restarted(world)
  await mountVolume(second, 'v', 'one', NEVER)
  await unmountVolume(second, 'v', 'one')
  assert.equal((await world.mountedTargets()).length, 1)
  await unmountVolume(second, 'v', 'one')
  assert.deepEqual(await world.mountedTargets(), [])
})

test('after an orderly stop, an ID is taken over once, and is sure again', async (t) => {
  const world = await openWorld(t)
  const first = testDriver(world)
  await createVolume(first, 'v', OPTIONS, NEVER)
  await mountVolume(first, 'v', 'one', NEVER)
  await mountVolume(first, 'v', 'two', NEVER)
  await noteEngineRestart(first)
  const second = await restarted(world)
  await mountVolume(second, 'v', 'one', NEVER)
  const third = await restarted(world)
  await mountVolume(third, 'v', 'one', NEVER)
  for (const id of ['one', 'two']) await unmountVolume(third, 'v', id)
  assert.equal((await world.mountedTargets()).length, 1, 'the running container of one lost its secrets')
  await unmountVolume(third, 'v', 'one')
  assert.deepEqual(await world.mountedTargets(), [])
})

test('an engine restart that cannot be saved is reported, and the driver can be used', async (t) => {
  const store = createMemoryStore()
  const world = await openWorld(t, { store })
  const driver = testDriver(world)
  await createVolume(driver, 'v', OPTIONS, NEVER)
  await mountVolume(driver, 'v', 'one', NEVER)
  store.fill(true)
  await noteEngineRestart(driver)
  assert.match(driver.table.list()[0]?.activity.lastError ?? '', /ENOSPC/)
  await mountVolume(driver, 'v', 'two', NEVER).catch(() => undefined)
  store.fill(false)
  await mountVolume(driver, 'v', 'one', NEVER)
  await unmountVolume(driver, 'v', 'one')
  assert.deepEqual(await world.mountedTargets(), [])
})
