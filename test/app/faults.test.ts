import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { mountVolume } from '../../src/app/volume/mount.ts'
import { unmountVolume } from '../../src/app/volume/unmount.ts'
import { createVolume } from '../../src/app/volume/create.ts'
import { removeVolume } from '../../src/app/volume/remove.ts'
import { NEVER, type Driver } from '../../src/app/volume/driver.ts'
import type { FileTree } from '../../src/core/ports/files.ts'
import type { MountTable } from '../../src/core/ports/mounts.ts'
import { systemClock } from '../../src/host/daemon/clock.ts'
import { openFileTree } from '../../src/host/files/file-tree.ts'
import { openMountTable, type TmpfsOptions } from '../../src/host/mounts/mount-table.ts'
import { CANARY, mountIdsOf, openWorld, restarted, type World } from './world.ts'

/**
 * The process dies between every two steps that reach the machine, then another one starts on what is left.
 * Steps are the calls of the ports: at the nth one the old process stops for good.
 */
const OPTIONS = { 'secret.a': '{{ memory://a }}', 'secret.deep/b': '{{ memory://b }}' }

const deaths: readonly {
  readonly name: string
  readonly before: readonly string[]
  readonly act: (driver: Driver) => Promise<unknown>
}[] = [
  { name: 'the first Mount', before: [], act: (driver) => mountVolume(driver, 'v', 'one', NEVER) },
  { name: 'a second Mount', before: ['one'], act: (driver) => mountVolume(driver, 'v', 'two', NEVER) },
  { name: 'the last Unmount', before: ['one'], act: (driver) => unmountVolume(driver, 'v', 'one') },
  {
    name: 'Remove with a stale reference',
    before: ['one'],
    act: (driver) => removeVolume(driver, 'v', NEVER),
  },
]

for (const { name, before, act } of deaths) {
  for (const inside of [false, true]) {
    const where = inside ? 'in the middle of' : 'before'
    test(`after a crash ${where} any step of ${name} the volume still mounts, unmounts and goes`, async (t) =>
      crashAtEach(t, before, act, inside))
  }
}

async function crashAtEach(
  t: TestContext,
  before: readonly string[],
  act: (driver: Driver) => Promise<unknown>,
  inside: boolean,
): Promise<void> {
  let step = 0
  for (let survived = false; !survived; step += 1) {
    const world: World = await openWorld(t, inside ? halfDone(() => world.isDead()) : {})
    const first = await restarted(world)
    await createVolume(first, 'v', OPTIONS, NEVER)
    for (const id of before) await mountVolume(first, 'v', id, NEVER)
    world.dieAtStep(step)
    survived = await act(first).then(
      () => !world.isDead(),
      () => false,
    )
    world.revive()
    await recovers(world, `after step ${step}`)
  }
  assert.ok(step > 3, `only ${step} steps were seen`)
}

/**
 * Ports whose call that the process dies in has done half of its work: a folder without its mount, one file
 * of two, one file wiped.
 */
function halfDone(isDead: () => boolean): {
  readonly mounts: MountTable<TmpfsOptions>
  readonly tree: FileTree
} {
  const mounts = openMountTable()
  const tree = openFileTree(systemClock())
  const died = () => new Error('the process is dead')
  return {
    mounts: {
      ...mounts,
      async mountTmpfs(target, options) {
        if (!isDead()) return mounts.mountTmpfs(target, options)
        await mkdir(target, { recursive: true })
        throw died()
      },
      async unmount(target) {
        await mounts.unmount(target)
        if (!isDead()) return
        // The folder goes last.
        await mkdir(target, { recursive: true })
        throw died()
      },
    },
    tree: {
      ...tree,
      async replaceAll(root, files, options) {
        if (!isDead()) return tree.replaceAll(root, files, options)
        await tree.replaceAll(root, files.slice(0, 1), options)
        await writeFile(join(root, 'stage/left'), `${CANARY}-b`)
        throw died()
      },
      async wipe(root) {
        if (!isDead()) return tree.wipe(root)
        await rm(join(root, 'data/a'))
        throw died()
      },
    },
  }
}

async function recovers(world: World, when: string): Promise<void> {
  const next = await restarted(world)
  if (next.table.find('v' as never) === undefined) {
    // Removed for good: then nothing of it is left.
    assert.deepEqual(await secretsLeft(world), [], `${when}: removed, but files are left`)
    return
  }
  const users = mountIdsOf(next)
  if (users.length === 0)
    assert.deepEqual(await secretsLeft(world), [], `${when}: no user, but files are left`)
  const { mountpoint } = await mountVolume(next, 'v', 'later', NEVER)
  assert.equal(await readFile(join(mountpoint, 'a'), 'utf8'), `${CANARY}-a`, when)
  assert.equal(await readFile(join(mountpoint, 'deep/b'), 'utf8'), `${CANARY}-b`, when)
  for (const id of [...users, 'later']) await unmountVolume(next, 'v', id)
  assert.deepEqual(await secretsLeft(world), [], `${when}: files are left after the last unmount`)
  assert.deepEqual(await world.mountedTargets(), [], when)
  await removeVolume(next, 'v', NEVER)
  assert.equal((await world.store.load()).records.length, 0, when)
}

/** Files below the runtime folder, staged ones too. */
async function secretsLeft(world: World): Promise<string[]> {
  if (!existsSync(world.runtimeDir)) return []
  const entries = await readdir(world.runtimeDir, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
