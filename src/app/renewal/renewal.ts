import { formatError, isRetryable, toLocketError, type LocketError } from '../../core/vocabulary/errors.ts'
import { createBackOff } from '../../core/waiting/back-off.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { createWake } from './wake.ts'

/**
 * Opens a source of events: a watch of files, a timer, a signal. It calls `fire` when something is to be
 * delivered again, from the moment that this resolves until the result is disposed.
 */
export type Trigger = (fire: () => void) => Promise<AsyncDisposable>

/**
 * Reads, fetches, renders and delivers once more. Resolves with the reason when something is still missing.
 * Rejects when it failed.
 */
type Renew = () => Promise<LocketError | undefined>

/** The triggers of a renewal, and the functions that report its failures. */
export interface RenewalRules {
  /** Without a trigger, only a delivery that lacked something is tried again. */
  readonly triggers: readonly Trigger[]
  /** Reports a failure that begins, or whose reason has changed. */
  readonly failed: (facts: { readonly code: string; readonly error: string }) => void
  /** Reports the end of a failure. */
  readonly recovered: () => void
  /**
   * True: a trigger comes again and again. After a failure that waiting alone cannot help, the loop waits for
   * the next trigger and sets no timer.
   */
  readonly isPeriodic?: boolean
  /** Called after each failure, whether or not it is reported. */
  readonly onFailure?: (error: LocketError) => void | Promise<void>
}

interface FollowOptions {
  /** Its abort ends the loop. */
  readonly signal: AbortSignal
  /** The reason why the first delivery lacks something. Then it is tried again without a change. */
  readonly missing?: LocketError | undefined
}

/**
 * A loop that delivers again. It receives its triggers from the moment that it is opened until it is
 * disposed.
 */
export interface Renewal extends AsyncDisposable {
  /**
   * Runs until the signal aborts. A trigger that fired before the call causes a run at once. Rejects when
   * `onFailure` does.
   */
  follow(renew: Renew, options: FollowOptions): Promise<void>
}

/** Shortest and longest pause after a failure, in milliseconds. */
const FIRST_PAUSE_MS = 5000
const LONGEST_PAUSE_MS = 60_000

/**
 * Opens the loop that volumes, `inject` and `exec` share. `renew` runs once at a time; triggers that fire
 * meanwhile cause one more run. After a failure the delivered content stays, and `renew` runs again by
 * itself: after 5 s or the time that the provider asks for, then after twice as long, up to 60 s. When
 * waiting alone cannot help (a reference to nothing, a refused credential), it runs again after 60 s. The
 * beginning of a failure, a change of its reason, and its end are reported.
 */
export async function openRenewal(
  { triggers, failed, recovered, onFailure, isPeriodic = false }: RenewalRules,
  clock: Clock,
): Promise<Renewal> {
  const wake = createWake(clock)
  const backOff = createBackOff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS)
  const pauseAfter = (error: LocketError) =>
    isRetryable(error) ? backOff.next(error.retryAfterMs) : isPeriodic ? undefined : backOff.longest()
  await using opening = new AsyncDisposableStack()
  for (const open of triggers) opening.use(await open(wake.set))
  const opened = opening.move()

  return {
    async follow(renew, { signal, missing }) {
      let pauseMs = missing && pauseAfter(missing)
      let failure: string | undefined
      for (;;) {
        await wake.next(pauseMs, signal)
        if (signal.aborted) return
        try {
          const lacking = await renew()
          if (failure !== undefined && !signal.aborted) recovered()
          failure = undefined
          if (lacking === undefined) backOff.reset()
          pauseMs = lacking && pauseAfter(lacking)
        } catch (thrown) {
          if (signal.aborted) return
          const error = toLocketError(thrown)
          const line = formatError(error)
          const kind = `${error.code} ${withoutCounts(line)}`
          if (kind !== failure) failed({ code: error.code, error: line })
          failure = kind
          pauseMs = pauseAfter(error)
          await onFailure?.(error)
        }
      }
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** Removes durations and counts of failures: with another one the reason is still the same. */
function withoutCounts(line: string): string {
  return line.replace(/\b(\d+(h|ms|m|s))+\b|\b\d+ failures\b/g, '')
}
