import assert from 'node:assert/strict'
import { readFile, stat, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { VolumeConfig } from '../../src/config/volume/volume-config.ts'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { NEVER } from '../../src/app/volume/driver.ts'
import { mountVolume } from '../../src/app/volume/mount.ts'
import { unmountVolume } from '../../src/app/volume/unmount.ts'
import { createVolume } from '../../src/app/volume/create.ts'
import { removeVolume } from '../../src/app/volume/remove.ts'
import { getVolume } from '../../src/app/volume/status/status.ts'
import { until } from '../../scripts/engine/until.ts'
import { CANARY, openWorld, passTime, testDriver, WRITTEN } from './world.ts'

const DOWN = new LocketError('unavailable', 'memory is down')

/** A mounted volume with one template file, whose changes the test reports. */
async function followed(t: Pick<TestContext, 'after'>, overrides: Partial<VolumeConfig> = {}) {
  const world = await openWorld(t)
  const template = join(world.runtimeDir, '../app.conf')
  await writeFile(template, 'one {{ memory://a }}')
  let tell = (): void => undefined
  let watches = 0
  const driver = {
    ...testDriver(world, { watch: true, ...overrides }),
    watch: async (_paths: readonly string[], onChange: (changed: readonly string[]) => void) => {
      tell = () => onChange([])
      watches += 1
      return {
        async [Symbol.asyncDispose]() {
          watches -= 1
        },
      }
    },
  }
  await createVolume(driver, 'v', { 'secret.app': `@${template}` }, NEVER)
  const { mountpoint } = await mountVolume(driver, 'v', 'id', NEVER)
  return {
    world,
    driver,
    change: async (text: string) => {
      await writeFile(template, text)
      tell()
    },
    mountpoint,
    watches: () => watches,
    text: () => readFile(join(mountpoint, 'app'), 'utf8'),
  }
}

test('the last change wins, however long an earlier change waits for its provider', async (t) => {
  const { world, change, text } = await followed(t)
  world.provider.fail(DOWN)
  await change('two {{ memory://a }}')
  await until('the first change waits', () => world.clock.sleepers() > 1)
  world.provider.fail(undefined)
  await change('three {{ memory://a }}')
  // Long enough for a rendering that waits for nobody.
  await sleep(200)
  // On a busy machine a rendering may begin to wait after time has passed: time passes again then.
  await until('the last change is there', async () => {
    await passTime(world.clock, 30_000)
    return (await text()) === `three ${CANARY}-a`
  })
  // An earlier change that arrives late would replace it.
  await sleep(200)
  assert.equal(await text(), `three ${CANARY}-a`)
})

test('no failure policy takes a secret that works from a running container', async (t) => {
  for (const policy of ['passthrough', 'ignore'] as const) {
    const { world, driver, change, text } = await followed(t, { written: { ...WRITTEN, policy } })
    world.provider.fail(new LocketError('auth', 'memory does not know us any more'))
    await change('two {{ memory://a }}')
    await until('the failure is logged', () =>
      /does not know us/.test(getVolume(driver, 'v').status.lastError ?? ''),
    )
    assert.equal(await text(), `one ${CANARY}-a`, policy)
  }
})

test('the last unmount ends what a change had begun', async (t) => {
  const { world, driver, change } = await followed(t)
  world.provider.fail(DOWN)
  await change('two {{ memory://a }}')
  await until('it waits for the provider', () => world.clock.sleepers() > 1)
  await unmountVolume(driver, 'v', 'id')
  world.provider.fail(undefined)
  await passTime(world.clock, 60_000)
  assert.equal(world.clock.sleepers(), 0)
  assert.deepEqual(await world.mountedTargets(), [])
  assert.equal(getVolume(driver, 'v').status.lastError, null)
})

test('a tmpfs that is nearly full takes a new generation as large, and has its size again', async (t) => {
  const { driver, change, text, mountpoint } = await followed(t)
  const sizeOf = async () => {
    const { blocks, bsize } = await statfs(mountpoint)
    return blocks * bsize
  }
  const inode = async () => (await stat(join(mountpoint, 'app'))).ino
  const size = await sizeOf()
  for (const letter of ['a', 'b']) {
    const nearlyAll = letter.repeat(size - 4096)
    const before = await inode()
    await change(nearlyAll)
    // To read the file meanwhile would keep blocks of the old one in use, and the tmpfs could not shrink.
    await until('the new file is there', async () => (await inode()) !== before)
    await until('the size is what it was', async () => (await sizeOf()) === size)
    assert.equal(await text(), nearlyAll)
  }
  assert.equal(getVolume(driver, 'v').status.lastError, null)
  await unmountVolume(driver, 'v', 'id')
})

test('a volume whose tmpfs was unmounted by somebody else is watched once, and can be removed', async (t) => {
  const { world, driver, watches } = await followed(t)
  const root = `${world.runtimeDir}/volumes/v`
  await driver.mounts.unmount(root)
  await mountVolume(driver, 'v', 'other', NEVER)
  assert.equal(watches(), 1)
  await driver.mounts.unmount(root)
  await removeVolume(driver, 'v', NEVER)
  assert.equal(watches(), 0)
})

/** The longest that the first pauses of a renewal take. */
const PAUSES_MS = [5000, 10_000, 20_000, 40_000]

test('a provider that was away at a change: the volume heals without another one', async (t) => {
  const { world, driver, change, text } = await followed(t)
  const events = () =>
    world.log.lines.map(({ event }) => event).filter((event) => /render|recover/.test(event))
  world.provider.fail(DOWN)
  await change('two {{ memory://a }}')
  for (let tries = 0; tries < 4; tries += 1) {
    await until('the provider is asked', () => world.clock.sleepers() === 2)
    await passTime(world.clock, 26_000)
    await until('the next try waits', () => world.clock.sleepers() === 1)
    if (tries < 3) await passTime(world.clock, PAUSES_MS[tries] ?? 0)
  }
  assert.match(getVolume(driver, 'v').status.lastError ?? '', /memory is down/)
  assert.deepEqual(events(), ['volume.render.failed'])
  assert.equal(await text(), `one ${CANARY}-a`)
  world.provider.fail(undefined)
  await passTime(world.clock, PAUSES_MS[3] ?? 0)
  await until('it is healed', async () => (await text()) === `two ${CANARY}-a`)
  await until('it is reported', () => events().includes('volume.recovered'))
  assert.deepEqual(events(), ['volume.render.failed', 'volume.rendered', 'volume.recovered'])
  assert.equal(getVolume(driver, 'v').status.lastError, null)
  await unmountVolume(driver, 'v', 'id')
})

test('a change of one file leaves the others as they are: same inode, same times', async (t) => {
  const world = await openWorld(t)
  const template = join(world.runtimeDir, '../app.conf')
  await writeFile(template, 'one')
  const triggers: (() => void)[] = []
  const driver = {
    ...testDriver(world, { watch: true }),
    watch: async (_paths: readonly string[], onChange: (changed: readonly string[]) => void) => {
      triggers.push(() => onChange([]))
      return { [Symbol.asyncDispose]: async () => undefined }
    },
  }
  const options = { 'secret.app': `@${template}`, 'secret.other': '{{ memory://a }}' }
  await createVolume(driver, 'v', options, NEVER)
  const { mountpoint } = await mountVolume(driver, 'v', 'id', NEVER)
  const before = await stat(join(mountpoint, 'other'), { bigint: true })
  await writeFile(template, 'two')
  for (const trigger of triggers) trigger()
  await until('it is written', async () => (await readFile(join(mountpoint, 'app'), 'utf8')) === 'two')
  const { ino, mtimeNs, ctimeNs } = await stat(join(mountpoint, 'other'), { bigint: true })
  assert.deepEqual([ino, mtimeNs, ctimeNs], [before.ino, before.mtimeNs, before.ctimeNs])
  await unmountVolume(driver, 'v', 'id')
})
