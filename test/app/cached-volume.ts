import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestContext } from 'node:test'
import { createVolume } from '../../src/app/volume/create.ts'
import { NEVER, type Driver } from '../../src/app/volume/driver.ts'
import { mountVolume } from '../../src/app/volume/mount.ts'
import { getVolume } from '../../src/app/volume/status/status.ts'
import { unmountVolume } from '../../src/app/volume/unmount.ts'
import type { VolumeConfig } from '../../src/config/volume/volume-config.ts'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { openWorld, testDriver, type World } from './world.ts'

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS
export const DOWN = new LocketError('unavailable', 'memory refused the connection')
export const OPTIONS = { 'secret.a': '{{ memory://a }}', 'secret.b': '{{ memory://b }}' }

/** One process of a daemon with the volume `v`, which has a cache. */
export interface CachedVolume {
  readonly world: World
  readonly driver: Driver
  readonly mount: () => Promise<string>
  readonly unmount: () => Promise<void>
  /** The file of the volume. */
  read(name?: string): Promise<string>
  status(): ReturnType<typeof getVolume>['status']
  /** Names of the events of the cache and of renewals, in their order. */
  events(): string[]
}

/** A volume with a cache, in a world whose provider is up. */
export async function cachedVolume(
  t: Pick<TestContext, 'after'>,
  overrides: Partial<VolumeConfig> = {},
): Promise<CachedVolume> {
  const world = await openWorld(t)
  const driver = testDriver(world, { cache: DAY_MS, ...overrides })
  await createVolume(driver, 'v', OPTIONS, NEVER)
  return volumeOf(world, driver)
}

/** The same volume in another process. */
export function volumeOf(world: World, driver: Driver): CachedVolume {
  let mountpoint = `${world.runtimeDir}/volumes/v/data`
  return {
    world,
    driver,
    async mount() {
      ;({ mountpoint } = await mountVolume(driver, 'v', 'id', NEVER))
      return mountpoint
    },
    unmount: () => unmountVolume(driver, 'v', 'id'),
    read: (name = 'a') => readFile(join(mountpoint, name), 'utf8'),
    status: () => getVolume(driver, 'v').status,
    events: () =>
      world.log.lines.map(({ event }) => event).filter((event) => /cache|render|recov/.test(event)),
  }
}

/** Mounts and unmounts once, so that the values are in the cache. */
export async function fillCache(volume: CachedVolume): Promise<void> {
  await volume.mount()
  await volume.unmount()
  await volume.driver.lastGood.close()
}

/** Lets time pass, in steps of 100 ms, until the work is done. Returns the milliseconds that it took. */
export async function passWhile({ clock }: World, work: Promise<unknown>): Promise<number> {
  const over = new AbortController()
  const end = () => over.abort()
  work.then(end, end)
  const start = clock.now()
  while (!over.signal.aborted) {
    await clock.advance(100)
    await sleep(5)
  }
  return clock.now() - start
}
