import assert from 'node:assert/strict'
import { open, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createVolume } from '../../src/app/volume/create.ts'
import { NEVER } from '../../src/app/volume/driver.ts'
import { mountVolume } from '../../src/app/volume/mount.ts'
import { getVolume } from '../../src/app/volume/status/status.ts'
import { unmountVolume } from '../../src/app/volume/unmount.ts'
import type { VolumeConfig } from '../../src/config/volume/volume-config.ts'
import { observed } from '../../src/app/volume/state.ts'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { parseVolumeName } from '../../src/core/vocabulary/names.ts'
import { until } from '../../scripts/engine/until.ts'
import { local } from '../../src/providers/local/local.ts'
import { refreshPlan } from '../../src/app/renewal/refresh-plan.ts'
import { PROVIDERS } from '../../src/providers/index.ts'
import { createMemoryMounts } from '../fakes/memory-mounts.ts'
import { CANARY, openWorld, passTime, restarted, testDriver, type World } from './world.ts'

const LINGER_MS = 5000

async function mounted(t: Pick<TestContext, 'after'>, overrides: Partial<VolumeConfig> = {}) {
  const world = await openWorld(t)
  const driver = testDriver(world, { refresh: 60_000, ...overrides }, world.ports.store, LINGER_MS)
  await createVolume(driver, 'v', { 'secret.a': '{{ memory://a }}', 'secret.b': '{{ memory://b }}' }, NEVER)
  const { mountpoint } = await mountVolume(driver, 'v', 'id', NEVER)
  t.after(() => unmountVolume(driver, 'v', 'id'))
  return {
    world,
    driver,
    mountpoint,
    status: () => getVolume(driver, 'v').status,
    read: (name: string) => readFile(join(mountpoint, name), 'utf8'),
  }
}

/** The events of refreshes so far, in their order. */
function eventsOf({ log }: World): string[] {
  return log.lines.map(({ event }) => event).filter((event) => /render|recover|refresh/.test(event))
}

/** Lets one interval pass, with its jitter, until the provider was asked once more. */
async function oneInterval(world: World, ms = 66_000): Promise<void> {
  const asked = world.provider.batches.length
  await passTime(world.clock, ms)
  await until('the provider is asked', () => world.provider.batches.length > asked)
}

test('a changed secret is in the file after one interval; other files are not touched', async (t) => {
  const { world, mountpoint, read, status } = await mounted(t)
  const before = await stat(join(mountpoint, 'b'), { bigint: true })
  await using reader = await open(join(mountpoint, 'a'))
  assert.match(status().refresh ?? '', /^every 1m, next in (1m|5\d+s|1m\ds)/)
  world.provider.put('a', 'rotated')
  await passTime(world.clock, 50_000)
  assert.equal(await read('a'), `${CANARY}-a`)
  await oneInterval(world, 16_000)
  await until('the new value is there', async () => (await read('a')) === 'rotated')
  await until('it is reported', () => eventsOf(world).length > 0)
  assert.deepEqual(eventsOf(world), ['volume.rendered'])
  const after = await stat(join(mountpoint, 'b'), { bigint: true })
  assert.deepEqual([after.ino, after.mtimeNs, after.ctimeNs], [before.ino, before.mtimeNs, before.ctimeNs])
  // A reader that has the replaced file open sees its old content, never zeros.
  assert.equal(await reader.readFile('utf8'), `${CANARY}-a`)
})

test('a refresh without a change touches no file and reports nothing', async (t) => {
  const { world, mountpoint, status } = await mounted(t)
  const stats = () =>
    Promise.all(
      ['', 'a', 'b'].map(async (name) => (await stat(join(mountpoint, name), { bigint: true })).ino),
    )
  const times = async () => (await stat(join(mountpoint, 'a'), { bigint: true })).ctimeNs
  const [inodes, changed] = [await stats(), await times()]
  const timeOf = () => (status().lastRender ?? '').slice(0, 'YYYY-MM-DD hh:mm:ss'.length)
  const before = timeOf()
  await oneInterval(world)
  await until('the refresh is over', () => timeOf() !== before)
  assert.deepEqual([await stats(), await times()], [inodes, changed])
  assert.deepEqual(eventsOf(world), [])
})

test('a deleted secret keeps its file, and failure and recovery are reported once', async (t) => {
  const { world, read, status } = await mounted(t)
  world.provider.remove('a')
  await oneInterval(world)
  await until('it is reported', () => /no secret memory:\/\/a/.test(status().lastError ?? ''))
  await oneInterval(world, 70_000)
  await oneInterval(world, 70_000)
  assert.deepEqual(eventsOf(world), ['volume.render.failed'])
  assert.equal(await read('a'), `${CANARY}-a`)
  world.provider.put('a', 'back')
  await oneInterval(world, 70_000)
  await until('it has recovered', () => eventsOf(world).includes('volume.recovered'))
  assert.deepEqual(eventsOf(world), ['volume.render.failed', 'volume.rendered', 'volume.recovered'])
  assert.equal(await read('a'), 'back')
  assert.equal(status().lastError, null)
})

test('a denied secret is not asked for more often than the pauses of failures, at any interval', async (t) => {
  const { world, status } = await mounted(t, { refresh: 5000 })
  world.provider.fail(new LocketError('denied', 'memory denies it'))
  await oneInterval(world, 6000)
  await until('it is reported', () => /denies/.test(status().lastError ?? ''))
  const asked = world.provider.batches.length
  await passTime(world.clock, 40_000)
  assert.equal(world.provider.batches.length, asked)
  await oneInterval(world, 20_000)
})

test('at the limit of requests a refresh is postponed: a warning, no error, the files stay', async (t) => {
  const { world, read, status } = await mounted(t)
  world.provider.fail(
    new LocketError('rate_limited', 'memory has its limit used up, for another 34s', {
      retryAfterMs: 90_000,
    }),
  )
  await oneInterval(world)
  await passTime(world.clock, 26_000)
  await until('it is shown', () => status().warnings.some((line) => /postponed: .*limit used up/.test(line)))
  // The reason counts down, and is still the same reason.
  const later = 'memory has its limit used up, for another 5s'
  world.provider.fail(new LocketError('rate_limited', later, { retryAfterMs: 90_000 }))
  await oneInterval(world, 95_000)
  await passTime(world.clock, 26_000)
  await until('it is shown', () => status().warnings.some((line) => /for another 5s/.test(line)))
  assert.equal(status().lastError, null)
  assert.deepEqual(eventsOf(world), ['volume.refresh.postponed'])
  world.provider.fail(undefined)
  world.provider.put('a', 'later')
  await oneInterval(world, 120_000)
  await until('it has recovered', async () => (await read('a')) === 'later' && status().warnings.length === 0)
})

test('200 volumes with the same 20 secrets ask as often as one', async (t) => {
  const world = await openWorld(t, { mounts: createMemoryMounts() })
  const driver = testDriver(world, { refresh: 60_000 }, world.ports.store, LINGER_MS)
  const names = Array.from({ length: 20 }, (_, index) => `s${index}`)
  for (const name of names) world.provider.put(name, 'one')
  const options = Object.fromEntries(names.map((name) => [`secret.${name}`, `{{ memory://${name} }}`]))
  const volumes = Array.from({ length: 200 }, (_, index) => `v${index}`)
  for (const volume of volumes) {
    await createVolume(driver, volume, options, NEVER)
    await mountVolume(driver, volume, 'id', NEVER)
  }
  const asked = world.provider.batches.length
  for (const name of names) world.provider.put(name, 'two')
  await passTime(world.clock, 66_000)
  await until('all are rendered again', () => eventsOf(world).length === volumes.length, {
    timeoutMs: 60_000,
  })
  const requests = world.provider.batches.slice(asked).flat()
  assert.deepEqual(requests.toSorted(), names.toSorted())
  for (const volume of volumes) await unmountVolume(driver, volume, 'id')
  await passTime(world.clock, LINGER_MS)
  assert.equal(world.clock.sleepers(), 0)
})

test('after the last unmount no timer is left and no provider is asked', async (t) => {
  const { world, driver, status } = await mounted(t)
  await passTime(world.clock, LINGER_MS)
  assert.equal(world.clock.sleepers(), 1)
  await unmountVolume(driver, 'v', 'id')
  assert.equal(world.clock.sleepers(), 0)
  assert.equal(status().refresh, null)
  const asked = world.provider.batches.length
  await passTime(world.clock, 120_000)
  assert.equal(world.provider.batches.length, asked)
})

test('refresh=off asks nothing and has no timer', async (t) => {
  const { world, status } = await mounted(t, { refresh: 'off' })
  await passTime(world.clock, LINGER_MS)
  assert.equal(world.clock.sleepers(), 0)
  assert.equal(status().refresh, null)
})

test('what changed while the daemon was down is there seconds after its start', async (t) => {
  const { world, read } = await mounted(t)
  world.provider.put('a', 'meanwhile')
  const driver = await restarted(world, { refresh: 60_000 })
  await passTime(world.clock, 3000)
  await until('the new value is there', async () => (await read('a')) === 'meanwhile')
  // It counts as a change, as one at any other time does.
  await until('it is reported', () => eventsOf(world).includes('volume.rendered'))
  await unmountVolume(driver, 'v', 'id')
})

test('a template that changed while the daemon was down is rendered at its start', async (t) => {
  const world = await openWorld(t)
  const template = join(world.runtimeDir, '../app.conf')
  await writeFile(template, 'one {{ memory://a }}')
  const overrides = { watch: true, refresh: 'off' } as const
  const before = testDriver(world, overrides)
  await createVolume(before, 'v', { 'secret.app': `@${template}` }, NEVER)
  const { mountpoint } = await mountVolume(before, 'v', 'id', NEVER)
  before.table.change(before.table.get(parseVolumeName('v')), (state) => observed(state, false))
  await writeFile(template, 'two {{ memory://a }}')
  const driver = await restarted(world, overrides)
  const read = () => readFile(join(mountpoint, 'app'), 'utf8')
  await until('the new text is there', async () => (await read()) === `two ${CANARY}-a`)
  await until('it is reported', () => eventsOf(world).includes('volume.rendered'))
  await unmountVolume(driver, 'v', 'id')
})

test('a change of the file of a local provider is noticed at once', async (t) => {
  const world = await openWorld(t)
  const file = join(world.runtimeDir, '../secrets.age')
  await writeFile(file, 'one')
  const plain = testDriver(world).daemon.volumeConfig({}).providers[0]
  assert.ok(plain)
  const def = { ...plain.def, autoRefresh: { files: () => [file] } }
  const driver = testDriver(world, { refresh: 'auto', providers: [{ ...plain, def }] })
  await createVolume(driver, 'v', { 'secret.a': '{{ memory://a }}' }, NEVER)
  const { mountpoint } = await mountVolume(driver, 'v', 'id', NEVER)
  assert.equal(getVolume(driver, 'v').status.refresh, `when ${file} changes`)
  world.provider.put('a', 'two')
  await writeFile(file, 'two')
  await until('it is there', async () => (await readFile(join(mountpoint, 'a'), 'utf8')) === 'two')
  await unmountVolume(driver, 'v', 'id')
})

test('the intervals of auto: the shortest of the providers that a volume asks', () => {
  const settings = { file: '/s.age', path: '/x/.env' }
  const everyMs = Object.fromEntries(
    PROVIDERS.map((def) => [def.kind, refreshPlan('auto', [{ def, settings }])]),
  )
  const each = (ms: number | undefined, files: string[] = []) => ({ everyMs: ms, files })
  assert.deepEqual(everyMs, {
    op: each(900_000),
    'op-connect': each(60_000),
    bws: each(300_000),
    infisical: each(60_000),
    bao: each(60_000),
    locket: each(60_000),
    'aws-sm': each(300_000),
    'aws-ssm': each(300_000),
    'gcp-sm': each(300_000),
    'azure-kv': each(300_000),
    doppler: each(60_000),
    age: each(30_000),
    sops: each(60_000),
    pass: each(60_000),
    keepassxc: each(60_000),
    local: each(undefined, ['/s.age']),
    env: each(undefined),
    dotenv: each(undefined, ['/x/.env']),
  })
  const all = PROVIDERS.map((def) => ({ def, settings }))
  assert.deepEqual(refreshPlan('auto', all).everyMs, 30_000)
  assert.deepEqual(refreshPlan(5000, [{ def: local, settings }]), each(5000))
  assert.deepEqual(refreshPlan('off', all), each(undefined))
})

test('a value that a mount has kept does not answer a refresh', async (t) => {
  const { world, driver, read } = await mounted(t, { refresh: 20_000 })
  await passTime(world.clock, 17_000)
  // The values of this mount stay usable for other mounts until after the tick.
  await createVolume(driver, 'w', { 'secret.a': '{{ memory://a }}' }, NEVER)
  await mountVolume(driver, 'w', 'id', NEVER)
  t.after(() => unmountVolume(driver, 'w', 'id'))
  world.provider.put('a', 'rotated')
  await passTime(world.clock, 4900)
  await until('the new value is there', async () => (await read('a')) === 'rotated')
})
