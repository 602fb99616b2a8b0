import { networkOf } from '../../../core/broker/addresses.ts'
import { createMeter } from '../../../core/waiting/meter.ts'
import type { Clock } from '../../../core/ports/clock.ts'
import { LocketError } from '../../../core/vocabulary/errors.ts'

/**
 * Requests of one address that nobody has signed for: 400 at once, and 200 a second. A broker verifies more
 * than ten times as many. Above that a machine at the same address, behind one NAT, has to wait too.
 */
const UNPROVEN = { count: 400, perMs: 2000, most: 10_000 } as const

/** Limits what senders who have not proved who they are can ask for. */
export interface Strangers {
  /** Call it before anything is read of a request. Throws `rate_limited` for an address with too many. */
  admit(address: string): void
  /** Counts a request that was refused before its signature was verified, or that needs no signature. */
  note(address: string): void
}

/**
 * Returns a count without requests. Requests of machines that prove who they are do not count. Everybody on a
 * Unix socket has the same address, so nobody is limited there: its file decides who may connect.
 */
export function createStrangers(clock: Pick<Clock, 'elapsed'>): Strangers {
  const meter = createMeter(UNPROVEN)
  return {
    admit(address) {
      const waitMs = address === '' ? 0 : meter.peek(networkOf(address), clock.elapsed())
      if (waitMs > 0)
        throw new LocketError('rate_limited', 'too many requests from this address prove nothing', {
          retryAfterMs: waitMs,
        })
    },
    note(address) {
      if (address !== '') meter.take(networkOf(address), clock.elapsed())
    },
  }
}
