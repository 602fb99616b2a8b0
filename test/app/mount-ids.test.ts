import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NEVER } from '../../src/app/volume/driver.ts'
import { doubtUses, mountVolume, unmountVolume } from '../../src/app/volume/mount.ts'
import { createVolume } from '../../src/app/volume/volumes.ts'
import { createMemoryStore } from '../fakes/memory-store.ts'
import { openWorld, restarted, testDriver } from './world.ts'

const OPTIONS = { 'secret.a': '{{ memory://a }}' }

test('undoing a lost answer undoes one use of its ID, and spares others', async (t) => {
  const world = await openWorld(t)
  const driver = testDriver(world)
  await createVolume(driver, 'v', OPTIONS, NEVER)
  await mountVolume(driver, 'v', 'other', NEVER)
  const lost = await mountVolume(driver, 'v', 'one', NEVER)
  const again = await mountVolume(driver, 'v', 'one', NEVER)
  await lost.undo()
  assert.equal(driver.table.list()[0]?.record.mounts.length, 2)
  await again.undo()
  await again.undo()
  assert.deepEqual(
    driver.table.list()[0]?.record.mounts.map((mount) => mount.id),
    ['other'],
  )
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

test('an ID of before this engine is taken over: one Unmount ends it', async (t) => {
  const world = await openWorld(t)
  const driver = testDriver(world)
  await createVolume(driver, 'v', OPTIONS, NEVER)
  await mountVolume(driver, 'v', 'one', NEVER)
  await doubtUses(driver)
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

test('after an orderly stop, an ID is taken over, and vouched for again', async (t) => {
  const world = await openWorld(t)
  const first = testDriver(world)
  await createVolume(first, 'v', OPTIONS, NEVER)
  await mountVolume(first, 'v', 'one', NEVER)
  await mountVolume(first, 'v', 'two', NEVER)
  await doubtUses(first)
  const second = await restarted(world)
  await mountVolume(second, 'v', 'one', NEVER)
  const third = await restarted(world)
  await mountVolume(third, 'v', 'one', NEVER)
  for (const id of ['one', 'two']) await unmountVolume(third, 'v', id)
  assert.equal((await world.mountedTargets()).length, 1, 'the running container of one lost its secrets')
  await unmountVolume(third, 'v', 'one')
  assert.deepEqual(await world.mountedTargets(), [])
})

test('a disk that takes no news of the doubt keeps no engine from using the driver', async (t) => {
  const store = createMemoryStore()
  const world = await openWorld(t, { store })
  const driver = testDriver(world)
  await createVolume(driver, 'v', OPTIONS, NEVER)
  await mountVolume(driver, 'v', 'one', NEVER)
  store.fill(true)
  await doubtUses(driver)
  assert.match(driver.table.list()[0]?.lastError ?? '', /ENOSPC/)
  await mountVolume(driver, 'v', 'two', NEVER).catch(() => undefined)
  store.fill(false)
  await mountVolume(driver, 'v', 'one', NEVER)
  await unmountVolume(driver, 'v', 'one')
  assert.deepEqual(await world.mountedTargets(), [])
})
