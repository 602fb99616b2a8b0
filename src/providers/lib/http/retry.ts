import { randomInt } from 'node:crypto'
import { isLocketError, type LocketError } from '../../../core/vocabulary/errors.ts'
import type { Clock } from '../../../core/ports/clock.ts'

const RETRIES = 3
const BASE_MS = 250
/**
 * The longest pause between two tries, in milliseconds. If the server asks for a longer one, only the next
 * fetch asks again.
 */
const LONGEST_MS = 30_000

/**
 * Runs `attempt`, and up to three times more if it fails with a retryable error: 429, 5xx, a broken or
 * refused connection. Pauses are random below a bound that doubles (full jitter), and not shorter than the
 * server's Retry-After. A signal that aborts in a pause ends it, and the last failure is thrown. An attempt
 * must call `sent` when it asks the server: an attempt that fails before that is not retried.
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
