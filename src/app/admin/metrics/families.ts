import { VERSION } from '../../../core/vocabulary/version.ts'
import type { InstanceStatus } from '../../access/instance-status.ts'
import { rootOf, type Driver } from '../../volume/driver.ts'
import { tmpfsOf, usesOf, type VolumeState } from '../../volume/state.ts'
import type { Volume } from '../../volume/volume-table.ts'
import type { Counts } from './counts.ts'
import type { Histogram } from './histogram.ts'

/** One metric with all its samples. */
export interface MetricFamily {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly samples: readonly Sample[]
}

/** One number. A label holds a name that the operator chose or a word of locket, never a reference. */
export interface Sample {
  /** The ending of the name: `_bucket`, `_sum` or `_count` of a histogram. */
  readonly suffix?: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

/** Most volumes with samples of their own. All volumes are counted in `locket_volumes`. */
const MOST_VOLUMES = 500

/** Returns all metrics as they are now. Only the bytes in use are asked of the kernel. */
export async function metricFamilies(driver: Driver, counts: Counts): Promise<readonly MetricFamily[]> {
  return [
    gauge('locket_info', 'The version of locket.', [{ labels: { version: VERSION }, value: 1 }]),
    ...countedFamilies(counts),
    ...providerFamilies(driver.clients.list()),
    ...(await volumeFamilies(driver)),
  ]
}

function countedFamilies(counts: Counts): MetricFamily[] {
  const failures = counts
    .failures()
    .map(({ event, code, count }) => ({ labels: { event, code }, value: count }))
  const fetches = [...counts.fetchSeconds].flatMap(([provider, histogram]) =>
    samplesOf(histogram, { provider }),
  )
  return [
    counter('locket_mounts_total', 'Mounts that succeeded.', [alone(counts.mounts())]),
    counter('locket_unmounts_total', 'Unmounts of a known mount.', [alone(counts.unmounts())]),
    counter('locket_generations_total', 'Changes of files in mounted volumes.', [
      alone(counts.generations()),
    ]),
    counter('locket_failures_total', 'Failures of volumes, by event and error code.', failures),
    counter('locket_wipe_failures_total', 'Wipes that failed and are tried again.', [
      alone(counts.wipeFailures()),
    ]),
    histogram('locket_mount_seconds', 'Time of a mount of a tmpfs.', samplesOf(counts.mountSeconds)),
    histogram(
      'locket_render_seconds',
      'Time to fetch and render all files of a volume.',
      samplesOf(counts.renderSeconds),
    ),
    histogram('locket_provider_fetch_seconds', 'Time of one batch of references.', fetches),
    counter(
      'locket_swarm_requests_total',
      'Requests of tasks for Swarm secrets: memory, provider or stale, or the code of the error.',
      Array.from(counts.swarmRequests, ([result, value]) => ({ labels: { result }, value })),
    ),
    histogram(
      'locket_swarm_request_seconds',
      'Time until a task got its Swarm secret.',
      samplesOf(counts.swarmSeconds),
    ),
  ]
}

function providerFamilies(all: readonly InstanceStatus[]): MetricFamily[] {
  const asked = all.flatMap(({ name, status }) => (status === undefined ? [] : [{ name, ...status }]))
  return [
    counter(
      'locket_provider_requests_total',
      'Requests that were sent to a provider.',
      asked.map(({ name, requests }) => ({ labels: { provider: name }, value: requests })),
    ),
    gauge(
      'locket_provider_requests_left',
      'Requests that may go now, for each limit.',
      asked.flatMap(({ name, limits }) =>
        limits.map(({ limit, left }) => ({ labels: { provider: name, limit }, value: left })),
      ),
    ),
    gauge(
      'locket_provider_paused',
      '1 while no request goes to a provider, because it fails or asked for a pause.',
      asked.map(({ name, paused }) => ({ labels: { provider: name }, value: paused === undefined ? 0 : 1 })),
    ),
  ]
}

const STATES: readonly VolumeState['kind'][] = ['idle', 'mounted', 'unrecorded', 'unused', 'orphaned']

async function volumeFamilies(driver: Driver): Promise<MetricFamily[]> {
  const all = driver.table.list()
  const mounted = all.filter(({ state }) => tmpfsOf(state) !== undefined).slice(0, MOST_VOLUMES)
  const bytes = await Promise.all(
    mounted.map(async ({ name }) => await driver.mounts.usedBytes(rootOf(driver, name))),
  )
  const each = (valueOf: (volume: Volume, index: number) => number | undefined) =>
    mounted.flatMap((volume, index) => {
      const value = valueOf(volume, index)
      return value === undefined ? [] : [{ labels: { volume: volume.name }, value }]
    })
  return [
    gauge(
      'locket_volumes',
      'Volumes, by state.',
      STATES.map((state) => ({
        labels: { state },
        value: all.filter((volume) => volume.state.kind === state).length,
      })),
    ),
    gauge(
      'locket_volume_mounts',
      'Mount references of a mounted volume.',
      each(({ state }) => usesOf(state).length),
    ),
    gauge(
      'locket_volume_generation',
      'Number of the generation in place, 1 after a mount.',
      each(({ activity }) => activity.generation?.number),
    ),
    gauge(
      'locket_volume_generation_timestamp_seconds',
      'Time since the epoch at which the generation was put in place.',
      each(({ activity }) => activity.generation && Date.parse(activity.generation.since) / 1000),
    ),
    gauge(
      'locket_volume_stale',
      '1 while the refresh of a volume fails, so that its files may be old.',
      each(({ activity }) => (activity.staleSince === undefined ? 0 : 1)),
    ),
    gauge(
      'locket_volume_bytes',
      'Bytes in use on the tmpfs of a volume.',
      each((_, index) => bytes[index]),
    ),
  ]
}

function samplesOf(durations: Histogram, labels: Sample['labels'] = {}): Sample[] {
  return [
    ...durations
      .buckets()
      .map(({ le, count }) => ({ suffix: '_bucket', labels: { le, ...labels }, value: count })),
    { suffix: '_bucket', labels: { le: '+Inf', ...labels }, value: durations.count() },
    { suffix: '_sum', labels, value: durations.sum() },
    { suffix: '_count', labels, value: durations.count() },
  ]
}

function alone(value: number): Sample {
  return { labels: {}, value }
}

function counter(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, help, type: 'counter', samples }
}

function gauge(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, help, type: 'gauge', samples }
}

function histogram(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, help, type: 'histogram', samples }
}
