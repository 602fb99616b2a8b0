import assert from 'node:assert/strict'
import { chmod, copyFile, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createVolume } from '../../src/app/volume/create.ts'
import { NEVER } from '../../src/app/volume/driver.ts'
import { mountVolume } from '../../src/app/volume/mount.ts'
import { unmountVolume } from '../../src/app/volume/unmount.ts'
import { cachedVolume, DAY_MS, DOWN, fillCache, OPTIONS, passWhile, volumeOf } from './cached-volume.ts'
import { restarted, type World } from './world.ts'

const SETTINGS = { cache: DAY_MS, mountTimeoutMs: 4000 }
const fileOf = ({ stateDir }: World, name = 'v') => join(stateDir, `cache/${name}.cache`)

/** Each thing that may happen to the files, and the warning that names it. */
const DAMAGE: readonly [what: string, happens: (world: World) => Promise<unknown>, warning: RegExp][] = [
  ['a cut-off file', (world) => truncate(fileOf(world), 150), /is damaged or cut off/],
  ['an empty file', (world) => truncate(fileOf(world), 0), /is damaged or cut off/],
  ['one changed byte', (world) => changeByte(fileOf(world)), /is damaged or cut off/],
  ['text in its place', (world) => writeFile(fileOf(world), 'x'.repeat(500)), /is damaged/],
  [
    "another volume's file",
    (world) => copyFile(fileOf(world, 'other'), fileOf(world)),
    /is of another volume/,
  ],
  [
    'a folder in its place',
    async (world) => {
      await rm(fileOf(world))
      await mkdir(fileOf(world))
    },
    /v\.cache is not a regular file/,
  ],
  ['a file of 65 MiB', (world) => truncate(fileOf(world), 65 * 1024 * 1024), /v\.cache is larger than/],
  ['a lost host key', (world) => rm(keyOf(world)), /was written with another host key/],
  [
    'another host key',
    (world) => writeFile(keyOf(world), 'k'.repeat(32)),
    /was written with another host key/,
  ],
  ['a short host key', (world) => writeFile(keyOf(world), 'short'), /host\.key holds 5 bytes and not 32/],
  [
    'a host key for all to read',
    (world) => chmod(keyOf(world), 0o644),
    /can be read by others \(mode 0644\)/,
  ],
]

for (const [what, happens, warning] of DAMAGE) {
  test(`${what}: a warning and no value; the provider is asked as without a cache`, async (t) => {
    const world = await filled(t)
    await happens(world)
    const volume = volumeOf(world, await restarted(world, SETTINGS))
    world.provider.fail(DOWN)
    await passWhile(world, assert.rejects(volume.mount(), /refused the connection/))
    const warnings = world.log.lines.filter(({ event }) => event === 'volume.cache.warning')
    assert.match(warnings.map(({ message }) => message).join('\n'), warning)
    assert.equal(warnings.length, 1, 'it is reported once, not at every try')
    world.provider.fail(undefined)
    await volume.mount()
    await volume.unmount()
  })
}

test('after a damaged file the next mount writes a good one', async (t) => {
  const world = await filled(t)
  await truncate(fileOf(world), 150)
  const volume = volumeOf(world, await restarted(world, SETTINGS))
  await fillCache(volume)
  world.provider.fail(DOWN)
  await volume.mount()
  await volume.unmount()
})

test('a disk that is full or read-only is a warning: the mount works', async (t) => {
  const world = await filled(t)
  await rm(join(world.stateDir, 'cache'), { recursive: true })
  await writeFile(join(world.stateDir, 'cache'), 'a file in the place of the folder')
  const volume = volumeOf(world, await restarted(world, SETTINGS))
  await fillCache(volume)
  assert.match(world.log.lines.map(({ message }) => message).join('\n'), /cannot write .*v\.cache/)
})

test('a value of an earlier state that is put back is not older than its maximum age', async (t) => {
  const world = await filled(t)
  const before = await readFile(fileOf(world))
  await world.clock.advance(DAY_MS / 2)
  const volume = volumeOf(world, await restarted(world, SETTINGS))
  await fillCache(volume)
  await writeFile(fileOf(world), before)
  await world.clock.advance(DAY_MS / 2 + 1)
  world.provider.fail(DOWN)
  await passWhile(world, assert.rejects(volume.mount(), /refused the connection/))
})

/** A world in which two volumes, `v` and `other`, have the same values in the cache. */
async function filled(t: Pick<TestContext, 'after'>): Promise<World> {
  const volume = await cachedVolume(t, SETTINGS)
  await createVolume(volume.driver, 'other', OPTIONS, NEVER)
  await mountVolume(volume.driver, 'other', 'id', NEVER)
  await unmountVolume(volume.driver, 'other', 'id')
  await fillCache(volume)
  return volume.world
}

const keyOf = ({ stateDir }: World) => join(stateDir, 'host.key')

async function changeByte(path: string): Promise<void> {
  const bytes = await readFile(path)
  bytes[100] = (bytes[100] ?? 0) ^ 1
  await writeFile(path, bytes)
}
