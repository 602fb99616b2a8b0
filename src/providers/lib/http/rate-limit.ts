import { isLocketError, LocketError } from '../../../core/vocabulary/errors.ts'
import type { Clock } from '../../../core/ports/clock.ts'
import type { Rate } from '../../../core/waiting/rate.ts'
import { formatTimeLeft } from '../../../core/text/units.ts'
import type { LimitStatus } from '../../define.ts'
import { providerError } from '../provider-error.ts'

/** The longest wait for a turn, in milliseconds. A caller that would wait longer gets an error instead. */
export const LONGEST_WAIT_MS = 60_000
/**
 * Milliseconds that are added to each window. Requests take different times to arrive, above all on a busy
 * host, so the server may see them closer together.
 */
const SLACK_MS = 200
/** The part of each rate that patient requests may use. */
const PATIENT_SHARE = 0.5

/** Limits the rate of requests. */
interface RateLimit {
  /**
   * Resolves when the next request may go, first come first served. Rejects with `rate_limited` if that is
   * more than a minute away or a deadline ends the wait, and with the signal's reason if the caller goes
   * away.
   */
  take(signal: AbortSignal): Promise<void>
  /**
   * Returns the milliseconds until a patient request may go, as far as is known now. It goes after all that
   * wait, and only while at least half of each rate is left, so that the others find room. `charge` counts
   * it.
   */
  patientWaitMs(): number
  /** Counts requests that were sent without `take`. */
  charge(count: number): void
  /** Lets no request go for `ms` milliseconds, because the server asked for it. */
  hold(ms: number): void
  /** Returns how many requests each limit lets go now; none while the server has asked for a pause. */
  left(): readonly LimitStatus[]
}

interface Waiter {
  readonly go: () => void
  readonly refuse: (error: LocketError) => void
}

/**
 * Makes a limit of requests in any window of time. The window slides, because a bucket of tokens would let
 * twice the limit through in the first of a server's windows. Without rates only `hold` limits requests.
 * `patientRates` are further rates that limit patient requests only.
 */
export function createRateLimit(
  provider: string,
  rates: readonly Rate[],
  clock: Clock,
  patientRates: readonly Rate[] = [],
): RateLimit {
  const queue: Waiter[] = []
  const allRates = [...rates, ...patientRates]
  const longestMs = Math.max(0, ...allRates.map((rate) => rate.perMs + SLACK_MS))
  /** The times of earlier requests in milliseconds, ascending, as far back as the longest window. */
  let went: number[] = []
  let heldUntil = 0
  /** Ends the pause of `watchOver` when the queue is empty. */
  let watch: AbortController | undefined

  /**
   * Returns the time at which the request after these may go. `share`: the part of each rate that it may use.
   */
  function nextAfter(starts: readonly number[], limits = rates, share = 1): number {
    const free = limits.map(({ count, perMs }) => {
      const before = starts.at(-Math.max(1, Math.floor(count * share)))
      return before === undefined ? 0 : before + perMs + SLACK_MS
    })
    return Math.max(heldUntil, ...free)
  }

  function pass(now: number): void {
    if (allRates.length === 0) return
    went = [...went.filter((start) => start > now - longestMs), now]
  }

  /** Returns the milliseconds that a further caller would wait in the queue. */
  function waitOfLast(now: number): number {
    const starts = [...went]
    for (let ahead = 0; ahead < queue.length; ahead += 1) starts.push(Math.max(now, nextAfter(starts)))
    return nextAfter(starts) - now
  }

  /**
   * Lets the waiters go one by one. It computes the wait again after each pause, because `hold` may have been
   * called meanwhile.
   */
  async function watchOver(over: AbortController): Promise<void> {
    for (;;) {
      if (queue.length === 0 || watch !== over) break
      const now = clock.elapsed()
      const waitMs = nextAfter(went) - now
      if (waitMs <= 0) {
        pass(now)
        queue.shift()?.go()
      } else if (waitMs > LONGEST_WAIT_MS) {
        for (const waiter of queue.splice(0)) waiter.refuse(tooLong(waitMs))
      } else await clock.sleep(waitMs, over.signal).catch(() => undefined)
    }
    if (watch === over) watch = undefined
  }

  function tooLong(waitMs: number): LocketError {
    const left = formatTimeLeft(waitMs)
    return providerError('rate_limited', `${provider} ${reason()}, for another ${left}`, {
      retryAfterMs: waitMs,
    })
  }

  function reason(): string {
    if (heldUntil > clock.elapsed()) return 'has asked for no more requests'
    return `has its limit of requests used up (max-rate is ${rates.map((rate) => rate.text).join(',')})`
  }

  /** Returns the error for a wait that the signal ended. */
  function givenUp(signal: AbortSignal): unknown {
    const { reason: why }: { reason: unknown } = signal
    const isDeadline = isLocketError(why)
      ? why.code === 'timeout'
      : why instanceof DOMException && why.name === 'TimeoutError'
    return isDeadline
      ? providerError('rate_limited', `${provider} ${reason()}: the deadline came first`)
      : why
  }

  return {
    async take(signal) {
      signal.throwIfAborted()
      const now = clock.elapsed()
      if (queue.length === 0 && nextAfter(went) <= now) return pass(now)
      const waitMs = waitOfLast(now)
      if (waitMs > LONGEST_WAIT_MS) throw tooLong(waitMs)
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const waiter: Waiter = { go: resolve, refuse: reject }
      const leave = () => {
        queue.splice(queue.indexOf(waiter), 1)
        reject(givenUp(signal))
        if (queue.length > 0) return
        watch?.abort()
        watch = undefined
      }
      queue.push(waiter)
      signal.addEventListener('abort', leave, { once: true })
      if (watch === undefined) void watchOver((watch = new AbortController()))
      try {
        await promise
      } finally {
        signal.removeEventListener('abort', leave)
      }
    },
    patientWaitMs() {
      const now = clock.elapsed()
      return Math.max(0, queue.length > 0 ? waitOfLast(now) : nextAfter(went, allRates, PATIENT_SHARE) - now)
    },
    charge(count) {
      const now = clock.elapsed()
      for (let charged = 0; charged < count; charged += 1) pass(now)
    },
    hold(ms) {
      heldUntil = Math.max(heldUntil, clock.elapsed() + ms)
    },
    left() {
      const now = clock.elapsed()
      return rates.map(({ text, count, perMs }) => {
        const used = went.filter((start) => start > now - perMs - SLACK_MS).length
        return { limit: text, left: heldUntil > now ? 0 : Math.max(0, count - used) }
      })
    },
  }
}
