import type { Clock } from '../../core/ports/clock.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { createMeter } from '../../core/waiting/meter.ts'

/** Logins that one caller begins: 60 at once, then one a second. Each has a row for some minutes. */
const BEGINS = { count: 60, perMs: 60_000, most: 10_000 } as const

/** Limits how often somebody begins a login that has a row before anything is proved. */
export interface Door {
  /** Takes one begin of a caller. Throws `rate_limited`. */
  admit(caller: string): void
}

/** Returns a door that nobody has passed. */
export function createDoor(clock: Pick<Clock, 'elapsed'>): Door {
  const begins = createMeter(BEGINS)
  return {
    admit(caller) {
      const waitMs = begins.take(caller, clock.elapsed())
      if (waitMs > 0)
        throw new LocketError('rate_limited', 'too many logins were begun: try again in some seconds', {
          retryAfterMs: waitMs,
        })
    },
  }
}
