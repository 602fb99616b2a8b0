import { LocketError } from '../../core/errors.ts'
import type { Clock } from '../../core/ports.ts'
import type { Rate } from '../../core/rate.ts'
import { formatDuration } from '../../core/units.ts'

/** Who would have to wait longer than that is told so instead. */
const LONGEST_WAIT_MS = 60_000
/** Requests do not all take the same time to arrive, on a busy host least of all: the server may see them closer together than they went. */
const SLACK_MS = 200

export interface RateLimit {
  /** Resolves when the next request may go. Rejects with `rate_limited` when that is too far away, or with the signal's reason. */
  take(signal: AbortSignal): Promise<void>
  /** Counts requests that were made on our behalf without asking. */
  charge(count: number): void
  /** Nothing goes for so long: the server said so. */
  hold(ms: number): void
}

/**
 * At most so many requests in any window of time, in the order in which they came. A window that slides rather than a bucket of tokens,
 * which lets twice the limit through in the first of a server's windows.
 */
export function createRateLimit(provider: string, rates: readonly Rate[], clock: Clock): RateLimit {
  /** When each request goes or went, ascending; of those to come too. */
  let starts: number[] = []
  let heldUntil = 0
  const longestMs = Math.max(0, ...rates.map((rate) => rate.perMs + SLACK_MS))

  function reserve(now: number): number {
    starts = starts.filter((start) => start > now - longestMs)
    const free = rates.map(({ count, perMs }) => {
      const before = starts.at(-count)
      return before === undefined ? now : before + perMs + SLACK_MS
    })
    const byRate = Math.max(now, starts.at(-1) ?? 0, ...free)
    if (byRate - now > LONGEST_WAIT_MS) throw usedUp(byRate - now)
    if (heldUntil - now > LONGEST_WAIT_MS) throw held(heldUntil - now)
    const start = Math.max(byRate, heldUntil)
    starts.push(start)
    return start
  }

  function usedUp(waitMs: number): LocketError {
    const limit = rates.map((rate) => rate.text).join(',')
    return tooLong(waitMs, `has its limit of requests used up (max-rate is ${limit})`)
  }

  function held(waitMs: number): LocketError {
    return tooLong(waitMs, 'has asked for no more requests')
  }

  function tooLong(waitMs: number, says: string): LocketError {
    const left = formatDuration(Math.ceil(waitMs / 1000) * 1000)
    return new LocketError('rate_limited', `${provider} ${says}, for another ${left}`, {
      retryAfterMs: waitMs,
    })
  }

  return {
    async take(signal) {
      const now = clock.now()
      const start = reserve(now)
      try {
        if (start > now) await clock.sleep(start - now, signal)
        while (heldUntil > clock.now()) {
          const left = heldUntil - clock.now()
          if (left > LONGEST_WAIT_MS) throw held(left)
          await clock.sleep(left, signal)
        }
      } catch (thrown) {
        const at = starts.indexOf(start)
        if (at !== -1) starts.splice(at, 1)
        throw thrown
      }
    },
    charge(count) {
      const now = clock.now()
      for (let charged = 0; charged < count; charged += 1) starts.push(now)
      starts.sort((a, b) => a - b)
    },
    hold(ms) {
      heldUntil = Math.max(heldUntil, clock.now() + ms)
    },
  }
}
