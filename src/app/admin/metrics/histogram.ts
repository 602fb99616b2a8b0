/** Durations in buckets, as Prometheus counts them. */
export interface Histogram {
  observe(seconds: number): void
  /** Returns the number of durations up to each bound, those of the smaller bounds included. */
  buckets(): readonly Bucket[]
  count(): number
  sum(): number
}

interface Bucket {
  /** Seconds. */
  readonly le: number
  readonly count: number
}

/** Seconds: from a render of a local file to the longest time of a Mount, 100 s. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 100]

/** Makes a histogram without durations. */
export function createHistogram(): Histogram {
  const counts = BOUNDS.map(() => 0)
  let count = 0
  let sum = 0
  return {
    observe(seconds) {
      count += 1
      sum += seconds
      const at = BOUNDS.findIndex((bound) => seconds <= bound)
      if (at !== -1) counts[at] = (counts[at] ?? 0) + 1
    },
    buckets() {
      let below = 0
      return BOUNDS.map((le, index) => ({ le, count: (below += counts[index] ?? 0) }))
    },
    count: () => count,
    sum: () => sum,
  }
}
