import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { createVolume } from '../../src/app/volume/create.ts'
import { NEVER, rootOf, type Driver } from '../../src/app/volume/driver.ts'
import { mountVolume } from '../../src/app/volume/mount.ts'
import { getVolume } from '../../src/app/volume/status/status.ts'
import { unmountVolume } from '../../src/app/volume/unmount.ts'
import type { MountTable } from '../../src/core/ports/mounts.ts'
import { parseVolumeName } from '../../src/core/vocabulary/names.ts'
import { parseRates } from '../../src/core/waiting/rate.ts'
import { Secret } from '../../src/core/vocabulary/secret.ts'
import type { TmpfsOptions } from '../../src/host/mounts/mount-table.ts'
import { opSettings } from '../../src/providers/op/settings.ts'
import { fetchEach } from '../../src/providers/lib/each.ts'
import { createTraffic } from '../../src/providers/lib/http/traffic.ts'
import { createMemoryStore } from '../fakes/memory-store.ts'
import { createMemoryTree } from '../fakes/memory-tree.ts'
import { openWorld, testDriver } from './world.ts'

const VOLUMES = 200
const [MINUTE, HOUR, INTERVAL] = [60_000, 3_600_000, 15 * 60_000]
const RATE = '1000/h'
/** Milliseconds of one request. */
const REQUEST_MS = 20

/** Mounts without any I/O, which would take real time while the clock of the test moves on. */
function instantMounts(): MountTable<TmpfsOptions> {
  const targets = new Set<string>()
  return {
    isMounted: async (target) => targets.has(target),
    listUnder: async (folder) => [...targets].filter((target) => target.startsWith(`${folder}/`)),
    async mountTmpfs(target) {
      targets.add(target)
      return { warnings: [] }
    },
    resize: async () => undefined,
    usedBytes: async () => 0,
    async unmount(target) {
      targets.delete(target)
    },
  }
}

/** A driver whose provider has a limit of requests as 1Password has it, and whose files are in memory. */
async function limited(t: Pick<TestContext, 'after'>) {
  const tree = createMemoryTree()
  const world = await openWorld(t, { tree, store: createMemoryStore(), mounts: instantMounts() })
  const { clock, log } = world
  const traffic = createTraffic({ provider: 'memory', maxConcurrent: 4, rates: parseRates(RATE), clock })
  const went: number[] = []
  let generation = 1
  const fetch = fetchEach<AbortSignal>({
    provider: 'memory',
    emit: log.emit,
    traffic,
    withBatch: ({ signal }, work) => work(signal),
    fetchOne: (ref, signal) =>
      traffic.run(async (turn) => {
        went.push(clock.elapsed())
        await clock.sleep(REQUEST_MS, turn)
        return { value: Secret.fromText(`${ref.key} ${generation}`) }
      }, signal),
  })
  const plain = testDriver(world).daemon.volumeConfig({}).providers[0]
  assert.ok(plain)
  const def = {
    ...plain.def,
    settings: opSettings,
    open: async () => ({
      fetch,
      probe: async () => undefined,
      status: () => traffic.status(),
      [Symbol.asyncDispose]: async () => undefined,
    }),
  }
  const providers = [{ ...plain, def, settings: { maxRate: parseRates(RATE) } }]
  const withRefresh = (refresh: number | 'off'): Driver =>
    testDriver(world, { providers, refresh }, world.ports.store, 5000)
  return {
    world,
    went,
    withRefresh,
    rotate: () => (generation += 1),
    read: (driver: Driver, volume: string, file: string) =>
      tree.read(rootOf(driver, parseVolumeName(volume)), file),
    events: () => log.lines.map(({ event }) => event).filter((event) => /refresh|failed/.test(event)),
    /** Passes time in steps that leave the driver turns for its work. */
    pass: async (ms: number) => {
      for (let left = ms; left > 0; left -= 1000) {
        await clock.advance(Math.min(1000, left))
        await nextTurn()
      }
    },
  }
}

/** Three secrets of its own, and one that all volumes have. */
function optionsOf(index: number): Record<string, string> {
  return {
    'secret.shared': '{{ memory://shared }}',
    ...Object.fromEntries(
      ['a', 'b', 'c'].map((file) => [`secret.${file}`, `{{ memory://own-${index}-${file} }}`]),
    ),
  }
}

test('a day of 200 volumes and too few requests: below the rate, late, and no mount waits', async (t) => {
  const { world, went, withRefresh, rotate, read, events, pass } = await limited(t)
  const { clock } = world
  const driver = withRefresh(INTERVAL)
  const descriptors = (await readdir('/proc/self/fd')).length
  for (let index = 0; index < VOLUMES; index += 1) {
    await createVolume(driver, `v${index}`, optionsOf(index), NEVER)
    const mounting = mountVolume(driver, `v${index}`, 'id', NEVER)
    await pass(100)
    await mounting
  }
  await createVolume(driver, 'm', optionsOf(999), NEVER)
  const waits: number[] = []
  for (let hour = 0; hour < 24; hour += 1) {
    for (let mounts = 0; mounts < 12; mounts += 1) {
      await pass(5 * MINUTE)
      const since = clock.elapsed()
      let tookMs = Number.POSITIVE_INFINITY
      const mounting = mountVolume(driver, 'm', 'id', NEVER).then(() => (tookMs = clock.elapsed() - since))
      for (let steps = 0; steps < 30; steps += 1) await clock.advance(REQUEST_MS)
      await mounting
      waits.push(tookMs)
      await unmountVolume(driver, 'm', 'id')
    }
  }
  // At most one request of a refresh holds a place that the mount needs.
  assert.ok(Math.max(...waits) <= 5 * REQUEST_MS, `a mount took ${Math.max(...waits)} ms`)
  for (const [index, at] of went.entries())
    assert.ok(
      (went[index + 1000] ?? Number.POSITIVE_INFINITY) - at >= HOUR,
      `more than ${RATE} from ${at} on`,
    )
  // 601 secrets at 500 in an hour.
  const { refresh, lastError, warnings } = getVolume(driver, 'v7').status
  assert.match(refresh ?? '', /^every 15m \(stretched to 1h(15m|30m|45m)? by op-max-rate\), next in \d+/)
  assert.deepEqual([lastError, warnings], [null, []])
  assert.deepEqual(events(), ['provider.refresh.stretched'])
  rotate()
  await pass(3 * HOUR)
  for (let index = 0; index < VOLUMES; index += 1)
    assert.equal(read(driver, `v${index}`, 'c'), `own-${index}-c 2`)

  for (let index = 0; index < VOLUMES; index += 1) await unmountVolume(driver, `v${index}`, 'id')
  assert.deepEqual(events(), ['provider.refresh.stretched', 'provider.refresh.kept'])
  await pass(10_000)
  assert.equal(clock.sleepers(), 0)
  assert.ok((await readdir('/proc/self/fd')).length <= descriptors)
})

test('where the limit suffices the interval is kept, and a shared secret is asked for once in it', async (t) => {
  const { world, went, withRefresh, events, pass } = await limited(t)
  const driver = withRefresh(INTERVAL)
  for (let index = 0; index < 20; index += 1) {
    await createVolume(driver, `v${index}`, optionsOf(index), NEVER)
    const mounting = mountVolume(driver, `v${index}`, 'id', NEVER)
    await pass(100)
    await mounting
  }
  await pass(HOUR)
  const before = went.length
  await pass(4 * HOUR)
  // 60 secrets of their own and one shared, in each interval give or take a tenth.
  const rounds = (went.length - before) / 61
  assert.ok(Number.isInteger(rounds) && rounds >= 14 && rounds <= 18, `${rounds}`)
  assert.equal(getVolume(driver, 'v3').status.refresh?.includes('stretched'), false)
  assert.deepEqual(events(), [])
  for (let index = 0; index < 20; index += 1) await unmountVolume(driver, `v${index}`, 'id')
  await pass(10_000)
  assert.equal(world.clock.sleepers(), 0)
})
