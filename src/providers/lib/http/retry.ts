import { randomInt } from 'node:crypto'
import { isLocketError, type LocketError } from '../../../core/vocabulary/errors.ts'
import type { Clock } from '../../../core/ports/clock.ts'

const RETRIES = 3
const BASE_MS = 250
/** A server that asks for a longer pause is asked by the next fetch, not by this one. */
const LONGEST_MS = 30_000

/**
 * Makes up to three more tries after retryable failures: 429, 5xx, broken and refused connections. Pauses are
 * random below a bound that doubles (full jitter), and not shorter than the server's Retry-After. A signal
 * that aborts in a pause ends it with the last failure. `attempt` calls `sent` when it asks the server: a
 * failure before that is not tried again.
 */
export async function withRetries<T>(
  attempt: (sent: () => unknown) => Promise<T>,
  clock: Clock,
  signal: AbortSignal,
): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    let isSent = false
    try {
      return await attempt(() => (isSent = true))
    } catch (thrown) {
      if (!isSent || tries === RETRIES || signal.aborted) throw thrown
      if (!isLocketError(thrown) || !isWorthwhile(thrown)) throw thrown
      const pauseMs = Math.max(thrown.retryAfterMs ?? 0, randomInt(BASE_MS * 2 ** tries + 1))
      if (!(await slept(pauseMs, clock, signal))) throw thrown
    }
  }
}

function isWorthwhile({ code, retryAfterMs = 0 }: LocketError): boolean {
  return (code === 'rate_limited' || code === 'unavailable') && retryAfterMs <= LONGEST_MS
}

async function slept(ms: number, clock: Clock, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(ms, signal)
    return true
  } catch (reason) {
    if (signal.aborted) return false
    throw reason
  }
}
