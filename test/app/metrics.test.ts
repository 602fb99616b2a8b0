import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCounts } from '../../src/app/admin/metrics/counts.ts'
import { metricFamilies } from '../../src/app/admin/metrics/families.ts'
import { createHistogram } from '../../src/app/admin/metrics/histogram.ts'
import { createVolume } from '../../src/app/volume/create.ts'
import { NEVER, type Driver } from '../../src/app/volume/driver.ts'
import { mountVolume } from '../../src/app/volume/mount.ts'
import { unmountVolume } from '../../src/app/volume/unmount.ts'
import { createEvents } from '../../src/core/ports/events.ts'
import { metricsText } from '../../src/http/admin/metrics.ts'
import { CANARY, openWorld, testDriver } from './world.ts'

async function textOf(driver: Driver, counts = createCounts()): Promise<string> {
  return (await metricsText(driver, counts)).text
}

test('a histogram counts each duration in every bucket that is large enough', () => {
  const histogram = createHistogram()
  for (const seconds of [0.001, 0.005, 0.3, 1000]) histogram.observe(seconds)
  const counts = new Map(histogram.buckets().map(({ le, count }) => [le, count]))
  assert.deepEqual([counts.get(0.005), counts.get(0.25), counts.get(0.5), counts.get(100)], [2, 2, 3, 3])
  assert.deepEqual([histogram.count(), histogram.sum()], [4, 1000.306])
})

test('events are counted: mounts, failures by code, wipes, and the time of a fetch', async (t) => {
  const counts = createCounts()
  const emit = createEvents([counts.hear])
  const mount = { volume: 'v', mountId: 'id' }
  emit('volume.mounted', { ...mount, files: 1, references: 1, ms: 40 })
  emit('volume.mounted.again', mount)
  emit('volume.unmounted.once', { ...mount, left: 1 })
  emit('volume.rendered', { volume: 'v', changed: 1, removed: 0 })
  emit('volume.ready', { volume: 'v', files: 1, references: 1, ms: 1200 })
  emit('volume.wipe', { volume: 'v', code: 'io', error: 'e' })
  for (const code of ['denied', 'denied', 'a code that is not ours'])
    emit('volume.render.failed', { volume: 'v', code, error: 'e' })
  emit('provider.fetch', { provider: 'bao', references: 1, failed: 0, requestsLastHour: 1, ms: 30 })
  const text = await textOf(testDriver(await openWorld(t)), counts)
  for (const line of [
    'locket_mounts_total 2',
    'locket_unmounts_total 1',
    'locket_generations_total 1',
    'locket_wipe_failures_total 1',
    'locket_failures_total{event="volume.wipe",code="io"} 1',
    'locket_failures_total{event="volume.render.failed",code="denied"} 2',
    'locket_mount_seconds_bucket{le="0.05"} 1',
    'locket_mount_seconds_sum 0.04',
    'locket_render_seconds_bucket{le="1"} 0',
    'locket_render_seconds_bucket{le="+Inf"} 1',
    'locket_provider_fetch_seconds_count{provider="bao"} 1',
    'locket_volumes{state="idle"} 0',
  ])
    assert.ok(text.split('\n').includes(line), line)
  assert.ok(!text.includes('not ours'))
})

test('a mounted volume has its samples, without a value or a reference', async (t) => {
  const world = await openWorld(t)
  const driver = testDriver(world)
  await createVolume(driver, 'v"1', { 'secret.a': '{{ memory://a }}' }, NEVER).catch(() => undefined)
  await createVolume(driver, 'v', { 'secret.a': '{{ memory://a }}' }, NEVER)
  await mountVolume(driver, 'v', 'mount-id', NEVER)
  t.after(() => unmountVolume(driver, 'v', 'mount-id'))
  const text = await textOf(driver)
  const since = world.clock.now() / 1000
  for (const line of [
    'locket_volumes{state="mounted"} 1',
    'locket_volume_mounts{volume="v"} 1',
    'locket_volume_generation{volume="v"} 1',
    `locket_volume_generation_timestamp_seconds{volume="v"} ${since}`,
    'locket_volume_stale{volume="v"} 0',
  ])
    assert.ok(text.split('\n').includes(line), line)
  assert.match(text, /^locket_volume_bytes\{volume="v"\} [1-9]\d{3,}$/m)
  assert.doesNotMatch(text, /memory:\/\/|mount-id/)
  assert.ok(!text.includes(CANARY))
})

test('the number of labels has a limit: volumes, instances, and codes', async (t) => {
  const world = await openWorld(t)
  const driver = testDriver(world)
  for (let index = 0; index < 510; index += 1)
    driver.table.restore(
      { name: `v${index}` as never, options: {}, createdAt: '' },
      { kind: 'unused', tmpfs: { warnings: [], task: undefined } },
    )
  const counts = createCounts()
  const emit = createEvents([counts.hear])
  for (let index = 0; index < 300; index += 1)
    emit('provider.fetch', { provider: `p${index}`, references: 1, failed: 0, requestsLastHour: 1, ms: 1 })
  const families = await metricFamilies(driver, counts)
  const samplesOf = (name: string) => families.find((family) => family.name === name)?.samples ?? []
  assert.equal(samplesOf('locket_volume_stale').length, 500)
  assert.equal(samplesOf('locket_volumes').find(({ labels }) => labels['state'] === 'unused')?.value, 510)
  const counted = samplesOf('locket_provider_fetch_seconds').filter(({ suffix }) => suffix === '_count')
  assert.equal(counted.length, 101)
  assert.equal(counted.at(-1)?.value, 200)
})
