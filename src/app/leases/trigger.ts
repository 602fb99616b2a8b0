import type { Clock } from '../../core/ports/clock.ts'
import { isLocketError, LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import { createBackOff } from '../../core/waiting/back-off.ts'
import type { Trigger } from '../renewal/renewal.ts'
import { createWake } from '../renewal/wake.ts'
import type { LeaseHolder } from './holder.ts'

const FIRST_PAUSE_MS = 5000
const LONGEST_PAUSE_MS = 60_000
/** Milliseconds until a lease that has to be issued anew is asked for once more. */
const AGAIN_MS = 60_000

interface LeaseTriggerOptions {
  readonly holder: LeaseHolder
  readonly clock: Clock
  /** Is called after each failure of a renewal that is tried again. */
  readonly failed: (error: LocketError) => void
  /**
   * True: an earlier process had leases, whose values this one does not have. They are issued anew at once.
   */
  readonly isRestored?: boolean
}

/** Returns a trigger that renews the leases of a holder in time, and fires when one has to be issued anew. */
export function leaseTrigger({ holder, clock, failed, isRestored = false }: LeaseTriggerOptions): Trigger {
  return async (fire) => {
    const ended = new AbortController()
    const { signal } = ended
    const wake = createWake(clock)
    const delivered = holder.onDelivered(wake.set)
    const backOff = createBackOff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS)

    /** Returns the milliseconds until the next look. */
    async function look(): Promise<number | undefined> {
      try {
        const isOver = await holder.renewDue(signal)
        backOff.reset()
        if (isOver) fire()
        if (isOver) return AGAIN_MS
        const dueAt = holder.nextDueAt()
        return dueAt === undefined ? undefined : Math.max(0, dueAt - clock.now())
      } catch (thrown) {
        const error = toLocketError(thrown)
        if (!signal.aborted) failed(error)
        return backOff.next(isLocketError(error) ? error.retryAfterMs : undefined)
      }
    }

    async function loop(): Promise<void> {
      while (!signal.aborted) {
        const pauseMs = await look()
        if (!signal.aborted) await wake.next(pauseMs, signal)
      }
    }

    if (isRestored) fire()
    void loop()
    return {
      async [Symbol.asyncDispose]() {
        delivered[Symbol.dispose]()
        ended.abort(new LocketError('aborted', 'the leases are not followed any more'))
      },
    }
  }
}
