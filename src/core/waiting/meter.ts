/** Counts the requests of each caller and refuses what is above the rate. */
interface Meter {
  /**
   * Takes one request of the caller. Returns 0 when it may go, else the milliseconds until the next one may.
   * `now`: milliseconds of a clock that never goes back.
   */
  take(caller: string, now: number): number
  /** Returns what `take` would return, and takes nothing. */
  peek(caller: string, now: number): number
  /** Forgets all requests of the caller. */
  give(caller: string): void
}

/** Sums of fractions are not exact. */
const ROUNDING = 1e-6

interface Bucket {
  /** Requests that may go at once. */
  tokens: number
  at: number
}

/**
 * Returns a meter that lets `count` requests go at once and refills in `perMs` milliseconds. It remembers at
 * most `most` callers: the one that was seen first is forgotten first.
 */
export function createMeter({
  count,
  perMs,
  most,
}: {
  readonly count: number
  readonly perMs: number
  readonly most: number
}): Meter {
  const buckets = new Map<string, Bucket>()

  function level(caller: string, now: number): number {
    const bucket = buckets.get(caller)
    if (bucket === undefined) return count
    return Math.min(count, bucket.tokens + ((now - bucket.at) * count) / perMs)
  }

  const waitOf = (tokens: number): number =>
    tokens >= 1 ? 0 : Math.ceil(((1 - tokens) * perMs) / count - ROUNDING)

  return {
    take(caller, now) {
      const tokens = level(caller, now)
      const waitMs = waitOf(tokens)
      if (waitMs > 0) return waitMs
      const bucket = buckets.get(caller)
      if (bucket === undefined) {
        const [oldest] = buckets.size >= most ? buckets.keys() : []
        if (oldest !== undefined) buckets.delete(oldest)
        buckets.set(caller, { tokens: tokens - 1, at: now })
      } else Object.assign(bucket, { tokens: tokens - 1, at: now })
      return 0
    },
    peek: (caller, now) => waitOf(level(caller, now)),
    give: (caller) => void buckets.delete(caller),
  }
}
