import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVolume } from '../../src/app/volume/create.ts'
import { NEVER } from '../../src/app/volume/driver.ts'
import { mountVolume } from '../../src/app/volume/mount.ts'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { until } from '../../scripts/engine/until.ts'
import { openWorld, testDriver } from './world.ts'

const MISSING = new LocketError('credential_missing', 'there is no such file', { facts: { path: '/token' } })
const HOUR_MS = 3_600_000

for (const { when, uptimeMs, wasRead, isAwaited } of [
  { when: 'it was never there', uptimeMs: HOUR_MS, wasRead: false, isAwaited: false },
  { when: 'the host booted a minute ago', uptimeMs: 60_000, wasRead: false, isAwaited: true },
  { when: 'it was there before', uptimeMs: HOUR_MS, wasRead: true, isAwaited: true },
])
  test(`a mount ${isAwaited ? 'waits' : 'does not wait'} for a credential file if ${when}`, async (t) => {
    const world = await openWorld(t)
    const base = testDriver(world)
    const driver = {
      ...base,
      host: { ...base.host, uptimeMs: () => uptimeMs },
      sources: { ...base.sources, wasRead: () => wasRead },
    }
    await createVolume(driver, 'v', { 'secret.a': '{{ memory://a }}' }, NEVER)
    world.provider.fail(MISSING)
    const mounting = mountVolume(driver, 'v', 'id', NEVER).then(
      () => 'mounted',
      (error: unknown) => error,
    )
    if (!isAwaited) {
      const error = await mounting
      assert.ok(error instanceof LocketError && error.code === 'credential_missing')
      assert.equal(world.provider.batches.length, 1)
      return
    }
    await until('the mount waits', () => world.provider.batches.length === 1 && world.clock.sleepers() > 1)
    world.provider.fail(undefined)
    await world.clock.advance(2000)
    assert.equal(await mounting, 'mounted')
  })
