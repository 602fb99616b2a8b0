import type { Clock } from '../../../core/ports/clock.ts'

const MINUTE_MS = 60_000
const MINUTES = 60

/** Counts the requests of the last hour, to the minute. Services bill and throttle their users by them. */
interface RequestCount {
  add(count: number): void
  lastHour(): number
  /** Returns all requests that were counted. */
  total(): number
}

/** Makes a count of zero requests. */
export function createRequestCount(clock: Clock): RequestCount {
  const byMinute = new Map<number, number>()
  let total = 0

  function forgetOld(): number {
    const minute = Math.floor(clock.now() / MINUTE_MS)
    for (const known of byMinute.keys()) if (known <= minute - MINUTES) byMinute.delete(known)
    return minute
  }

  return {
    add(count) {
      const minute = forgetOld()
      total += count
      byMinute.set(minute, (byMinute.get(minute) ?? 0) + count)
    },
    lastHour() {
      forgetOld()
      return [...byMinute.values()].reduce((sum, count) => sum + count, 0)
    },
    total: () => total,
  }
}
