import { LocketError } from '../../../core/vocabulary/errors.ts'
import type { Clock } from '../../../core/ports/clock.ts'
import { formatTimeLeft } from '../../../core/text/units.ts'

const FAILURES = 5
/**
 * A server that has just started fails for a short time, for many callers at once. Only failures over a
 * longer time open the breaker.
 */
const FAILING_FOR_MS = 15_000
const OPEN_MS = 30_000
/** While one request probes the server, other callers get this time as `retryAfterMs`. */
const PROBE_MS = 2000

/**
 * Keeps requests away from a failing server. It opens for 30 s after five failures in a row over at least 15
 * s, and for the pause that a server asks for.
 */
interface Breaker {
  /**
   * Throws the last error while the breaker is open: `unavailable`, or `rate_limited` during a pause that the
   * server asked for.
   */
  peek(): void
  /**
   * Does the same as `peek`. After the pause it lets one request through, whose result closes the breaker or
   * opens it again.
   */
  check(): void
  /** Reports a request that the server answered. It does not end a pause that the server asked for. */
  succeeded(): void
  /** Reports a request that failed. */
  failed(error: LocketError): void
  /** Reports a request whose result says nothing about the server, for example because the caller gave up. */
  unknown(): void
  /** Opens the breaker for `ms` milliseconds, because the server asked for the pause with this error. */
  hold(error: LocketError, ms: number): void
  /** Returns the reason why no request goes, for Status; undefined while requests go. */
  state(): string | undefined
  /** Returns the number of failures in a row. */
  failures(): number
}

/** Makes a closed breaker for one server. */
export function createBreaker(clock: Clock): Breaker {
  let failures = 0
  let failingSince = 0
  let openUntil: number | undefined
  let isProbing = false
  let isHeld = false
  let last: LocketError | undefined

  function error(waitMs: number): LocketError {
    const left = formatTimeLeft(waitMs)
    return new LocketError(
      isHeld ? 'rate_limited' : 'unavailable',
      `${last?.reason ?? 'it is failing'}; not asked for another ${left}${isHeld ? '' : ` after ${failures} failures in a row`}`,
      { hint: last?.hint, retryAfterMs: waitMs, facts: last?.facts, names: last?.names },
    )
  }

  function peek(): void {
    if (openUntil === undefined) return
    const waitMs = openUntil - clock.elapsed()
    if (waitMs > 0) throw error(waitMs)
    if (isProbing) throw error(PROBE_MS)
  }

  return {
    peek,
    check() {
      peek()
      isProbing = openUntil !== undefined
    },
    succeeded() {
      if (isHeld && clock.elapsed() < (openUntil ?? 0)) return
      isHeld = false
      failures = 0
      openUntil = undefined
      isProbing = false
      last = undefined
    },
    failed(failure) {
      const now = clock.elapsed()
      if (isHeld && now < (openUntil ?? 0)) return
      isHeld = false
      if (failures === 0) failingSince = now
      failures += 1
      last = failure
      isProbing = false
      if (openUntil !== undefined || (failures >= FAILURES && now - failingSince >= FAILING_FOR_MS))
        openUntil = now + OPEN_MS
    },
    unknown() {
      isProbing = false
    },
    hold(asked, ms) {
      openUntil = Math.max(isHeld ? (openUntil ?? 0) : 0, clock.elapsed() + ms)
      isHeld = true
      isProbing = false
      last = asked
    },
    state() {
      const waitMs = (openUntil ?? 0) - clock.elapsed()
      return openUntil === undefined || waitMs <= 0 ? undefined : error(waitMs).message
    },
    failures: () => failures,
  }
}
