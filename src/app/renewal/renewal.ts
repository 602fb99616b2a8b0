import { formatError, isRetryable, toLocketError, type LocketError } from '../../core/vocabulary/errors.ts'
import { createBackOff } from '../../core/waiting/back-off.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { createWake } from './wake.ts'

/**
 * Calls `fire` when something is to be delivered again, from the moment that it resolves until it is
 * disposed: a watch of files, a timer, a signal.
 */
type Trigger = (fire: () => void) => Promise<AsyncDisposable>

/**
 * Reads, fetches, renders and delivers again. Answers with the reason when something is still missing.
 * Rejects when it failed.
 */
export type Renew = () => Promise<LocketError | undefined>

export interface RenewalRules {
  /** Without one, nothing is renewed but what was missing from the beginning. */
  readonly triggers: readonly Trigger[]
  /** Reports a failure that begins, or whose reason has changed. */
  readonly failed: (facts: { readonly code: string; readonly error: string }) => void
  /** Reports the end of a failure. */
  readonly recovered: () => void
  /** Called after each failure, whether or not it is reported. */
  readonly onFailure?: (error: LocketError) => void | Promise<void>
}

interface FollowOptions {
  /** Its abort ends the loop. */
  readonly signal: AbortSignal
  /** Why the first delivery lacks something: it is tried again without a change. */
  readonly missing?: LocketError | undefined
}

/**
 * The loop that delivers again. Its triggers are heard from the moment that it is opened until it is
 * disposed.
 */
export interface Renewal extends AsyncDisposable {
  /**
   * Runs until the signal aborts. What fired before the call is renewed at once. Rejects when `onFailure`
   * does.
   */
  follow(renew: Renew, options: FollowOptions): Promise<void>
}

/** First and longest pause after a failure. */
const FIRST_PAUSE_MS = 5000
const LONGEST_PAUSE_MS = 60_000

/**
 * One rule for volumes, `inject` and `exec`. `renew` runs once at a time; triggers that fire meanwhile cause
 * one more run. After a failure what is in place stays, and `renew` runs again by itself: after 5 s or what
 * the provider asks for, then twice as long, up to 60 s. When waiting alone cannot help (a reference to
 * nothing, a refused credential), it runs again after 60 s. A failure is reported when it begins and when its
 * reason changes; its end is reported too.
 */
export async function openRenewal(
  { triggers, failed, recovered, onFailure }: RenewalRules,
  clock: Clock,
): Promise<Renewal> {
  const wake = createWake(clock)
  const backOff = createBackOff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS)
  const pauseAfter = (error: LocketError) =>
    isRetryable(error) ? backOff.next(error.retryAfterMs) : backOff.longest()
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
          if (line !== failure) failed({ code: error.code, error: line })
          failure = line
          pauseMs = pauseAfter(error)
          await onFailure?.(error)
        }
      }
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}
