import type { EventListener } from '../../../core/ports/events.ts'
import { ERROR_KINDS } from '../../../core/vocabulary/errors.ts'
import type { LocketEvent } from '../../../core/vocabulary/events.ts'
import { createHistogram, type Histogram } from './histogram.ts'

/** The numbers that are counted from events, since the daemon was started. */
export interface Counts {
  /** Hears every event. */
  readonly hear: EventListener
  readonly mounts: () => number
  readonly unmounts: () => number
  readonly generations: () => number
  readonly wipeFailures: () => number
  /** By event and code. Both are words of locket, so there are few of them. */
  readonly failures: () => readonly FailureCount[]
  /** Seconds of a Mount that mounts a tmpfs. */
  readonly mountSeconds: Histogram
  /** Seconds in which all files of a volume were fetched and rendered. */
  readonly renderSeconds: Histogram
  /** Requests of tasks for Swarm secrets, by where the value came from, or the code of the error. */
  readonly swarmRequests: ReadonlyMap<string, number>
  /** Seconds until such a request was answered with a value. */
  readonly swarmSeconds: Histogram
  /** Seconds of one batch of references, by the name of the provider instance. */
  readonly fetchSeconds: ReadonlyMap<string, Histogram>
}

interface FailureCount {
  readonly event: string
  readonly code: string
  readonly count: number
}

/** Most names of instances. The names come from the operator, who has a few. */
const MOST_PROVIDERS = 100
const OTHERS = 'others'

/** Makes counts of zero. */
export function createCounts(): Counts {
  const numbers = { mounts: 0, unmounts: 0, generations: 0, wipeFailures: 0 }
  const failures = new Map<string, { event: string; code: string; count: number }>()
  const mountSeconds = createHistogram()
  const renderSeconds = createHistogram()
  const fetchSeconds = new Map<string, Histogram>()
  const swarmRequests = new Map<string, number>()
  const swarmSeconds = createHistogram()
  const countSwarm = (result: string) => swarmRequests.set(result, (swarmRequests.get(result) ?? 0) + 1)

  function histogramOf(provider: string): Histogram {
    const isKnown = fetchSeconds.has(provider) || fetchSeconds.size < MOST_PROVIDERS
    const name = isKnown ? provider : OTHERS
    const known = fetchSeconds.get(name) ?? createHistogram()
    fetchSeconds.set(name, known)
    return known
  }

  function count({ name, facts }: LocketEvent): void {
    switch (name) {
      case 'volume.mounted':
        numbers.mounts += 1
        mountSeconds.observe(facts.ms / 1000)
        break
      case 'volume.mounted.again':
        numbers.mounts += 1
        break
      case 'volume.unmounted':
      case 'volume.unmounted.once':
        numbers.unmounts += 1
        break
      case 'volume.rendered':
        numbers.generations += 1
        break
      case 'volume.ready':
        renderSeconds.observe(facts.ms / 1000)
        break
      case 'provider.fetch':
        histogramOf(facts.provider).observe(facts.ms / 1000)
        break
      case 'swarm.delivered':
        countSwarm(facts.from)
        swarmSeconds.observe(facts.ms / 1000)
        break
      case 'swarm.refused':
      case 'swarm.refused.again':
        countSwarm(facts.code)
        break
      case 'volume.wipe':
      case 'volume.unknown.failed':
        numbers.wipeFailures += 1
        break
    }
  }

  function countFailure({ name, facts }: LocketEvent): void {
    if (!name.startsWith('volume.') || !('code' in facts) || !Object.hasOwn(ERROR_KINDS, facts.code)) return
    const key = `${name} ${facts.code}`
    const known = failures.get(key) ?? { event: name, code: String(facts.code), count: 0 }
    known.count += 1
    failures.set(key, known)
  }

  return {
    hear(event) {
      count(event)
      countFailure(event)
    },
    mounts: () => numbers.mounts,
    unmounts: () => numbers.unmounts,
    generations: () => numbers.generations,
    wipeFailures: () => numbers.wipeFailures,
    failures: () => [...failures.values()],
    mountSeconds,
    renderSeconds,
    fetchSeconds,
    swarmRequests,
    swarmSeconds,
  }
}
