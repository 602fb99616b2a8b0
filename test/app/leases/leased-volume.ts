import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { createVolume } from '../../../src/app/volume/create.ts'
import { NEVER, type Driver } from '../../../src/app/volume/driver.ts'
import { mountVolume } from '../../../src/app/volume/mount.ts'
import { unmountVolume } from '../../../src/app/volume/unmount.ts'
import type { VolumeConfig } from '../../../src/config/volume/volume-config.ts'
import { createLeasingProvider, leaseRef } from '../../fakes/leasing-provider.ts'
import { memoryRef } from '../../fakes/memory-provider.ts'
import { usesOf } from '../../../src/app/volume/state.ts'
import type { ManualClock } from '../../fakes/manual-clock.ts'
import { openWorld, passTime, testDriver } from '../world.ts'

export const TTL_MS = 600_000

/** A world with a provider that issues leases, for volumes without a refresh. */
export async function leasedWorld(
  t: Pick<TestContext, 'after'>,
  options: { readonly maxMs?: number; readonly isRenewable?: boolean } = {},
) {
  // All background work ends before the folder is removed.
  const removals: (() => unknown)[] = []
  const drivers: Driver[] = []
  const world = await openWorld({ after: (remove) => void removals.push(remove as () => unknown) })
  t.after(async () => {
    provider.fail(undefined)
    provider.hangRevocations(false)
    for (const driver of drivers) await ended(driver, world.clock)
    for (const remove of removals) await remove()
  })
  const provider = createLeasingProvider(world.clock, { ttlMs: TTL_MS, maxMs: 3_600_000, ...options })
  const memory = testDriver(world).daemon.volumeConfig({}).providers
  const overrides: Partial<VolumeConfig> = {
    refresh: 'off',
    providers: [provider.instance, ...memory],
    parseRef: (text) =>
      text.startsWith('lease://')
        ? leaseRef(text.slice('lease://'.length))
        : text.startsWith('memory://')
          ? memoryRef(text.slice('memory://'.length))
          : undefined,
  }
  const events = () => world.log.lines.map(({ event }) => event).filter((event) => /lease/.test(event))
  const track = (driver: Driver): Driver => {
    drivers.push(driver)
    return driver
  }
  return { world, provider, overrides, driver: track(testDriver(world, overrides)), events, track }
}

/** Unmounts everything and waits for the revocations. */
async function ended(driver: Driver, clock: ManualClock): Promise<void> {
  for (const { name, state } of driver.table.list())
    for (const { id } of usesOf(state)) await unmountVolume(driver, name, id)
  const closed = new AbortController()
  const closing = driver.leases.close().then(() => closed.abort())
  while (!closed.signal.aborted) await passTime(clock, 1000)
  await closing
}

/** The options of a volume with a user name, a password and a file with both. */
export const BOTH = {
  'secret.user': '{{ lease://app/user }}',
  'secret.password': '{{ lease://app/password }}',
  'secret.both': '{{ lease://app/user }}:{{ lease://app/password }}',
}

/** Mounts a volume, and returns a function that reads its files. */
export async function mounted(driver: Driver, name = 'v', options: Readonly<Record<string, string>> = BOTH) {
  await createVolume(driver, name, options, NEVER)
  const { mountpoint } = await mountVolume(driver, name, 'id', NEVER)
  return async () =>
    Promise.all(
      Object.keys(options).map((key) => readFile(join(mountpoint, key.slice('secret.'.length)), 'utf8')),
    )
}
