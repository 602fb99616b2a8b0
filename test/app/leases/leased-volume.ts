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
import { openWorld, testDriver } from '../world.ts'

export const TTL_MS = 600_000

/** A world with a provider that issues leases, for volumes without a refresh. */
export async function leasedWorld(
  t: Pick<TestContext, 'after'>,
  options: { readonly maxMs?: number; readonly isRenewable?: boolean } = {},
) {
  const world = await openWorld(t)
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
  return { world, provider, overrides, driver: testDriver(world, overrides), events }
}

/** The options of a volume with a user name, a password and a file with both. */
export const BOTH = {
  'secret.user': '{{ lease://app/user }}',
  'secret.password': '{{ lease://app/password }}',
  'secret.both': '{{ lease://app/user }}:{{ lease://app/password }}',
}

/** Mounts a volume, and returns a function that reads its files. */
export async function mounted(
  t: Pick<TestContext, 'after'>,
  driver: Driver,
  name = 'v',
  options: Readonly<Record<string, string>> = BOTH,
) {
  await createVolume(driver, name, options, NEVER)
  const { mountpoint } = await mountVolume(driver, name, 'id', NEVER)
  t.after(() => unmountVolume(driver, name, 'id'))
  return async () =>
    Promise.all(
      Object.keys(options).map((key) => readFile(join(mountpoint, key.slice('secret.'.length)), 'utf8')),
    )
}
