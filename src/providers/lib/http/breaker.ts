import { LocketError } from '../../../core/vocabulary/errors.ts'
import type { Clock } from '../../../core/ports/clock.ts'
import { formatTimeLeft } from '../../../core/text/units.ts'

const FAILURES = 5
/** A server that starts beside its users fails for a while, and many of them at once: that alone opens nothing. */
const FAILING_FOR_MS = 15_000
const OPEN_MS = 30_000
/** While one request tries whether the server is back, the others come again that much later. */
const PROBE_MS = 2000

/** Keeps requests away from a server that fails: from the fifth failure in a row on, once it has failed for 15 s, for 30 s at a time. */
export interface Breaker {
  /** Throws `unavailable` while it is open. */
  peek(): void
  /** The same; after its time one request is let through, and decides. */
  check(): void
  succeeded(): void
  failed(error: LocketError): void
  /** Neither: the caller gave up. */
  unknown(): void
  /** For Status: undefined while requests go. */
  state(): string | undefined
}

export function createBreaker(clock: Clock): Breaker {
  let failures = 0
  let failingSince = 0
  let openUntil: number | undefined
  let isProbing = false
  let last: LocketError | undefined

  function error(waitMs: number): LocketError {
    const left = formatTimeLeft(waitMs)
    return new LocketError(
      'unavailable',
      `${last?.reason ?? 'it is failing'}; not asked for another ${left} after ${failures} failures in a row`,
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
      failures = 0
      openUntil = undefined
      isProbing = false
      last = undefined
    },
    failed(failure) {
      const now = clock.elapsed()
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
    state() {
      const waitMs = (openUntil ?? 0) - clock.elapsed()
      return openUntil === undefined || waitMs <= 0 ? undefined : error(waitMs).message
    },
  }
}
