import { isLocketError, toLocketError, type LocketError } from '../../core/vocabulary/errors.ts'
import type { Emit } from '../../core/ports/events.ts'
import type { RefId, SecretRef } from '../../core/vocabulary/ref.ts'
import { uniqueRefs, type Outcome, type Resolve, type Resolved } from '../../core/vocabulary/resolve.ts'
import { abortError } from './http/http-errors.ts'
import type { Traffic } from './http/traffic.ts'

/** The options of `fetchEach`. */
interface EachOptions<B> {
  readonly provider: string
  readonly emit: Emit
  readonly traffic: Traffic
  /**
   * Runs `work` with the data that all references of a batch share, such as a session. Its failure becomes
   * the outcome of every reference that has none yet or has failed as `auth`.
   */
  readonly withBatch: (
    call: { readonly refs: readonly SecretRef[]; readonly signal: AbortSignal },
    work: (batch: B) => Promise<void>,
  ) => Promise<void>
  /** Fetches one value. */
  readonly fetchOne: (ref: SecretRef, batch: B) => Promise<Resolved>
}

/**
 * Returns a provider's `fetch` that fetches values one by one, all at the same time. It gives one outcome for
 * each distinct reference, and sends nothing for an empty list. A reference that fails as `auth` ends the
 * batch, so that `withBatch` may run it again with another login.
 */
export function fetchEach<B>(options: EachOptions<B>): Resolve {
  return async (refs, signal) => {
    const wanted = uniqueRefs(refs)
    const outcomes = new Map<RefId, Outcome>()
    if (wanted.length === 0) return outcomes
    const start = options.traffic.clock.elapsed()
    try {
      await options.withBatch({ refs: wanted, signal }, async (batch) => {
        for (const outcome of outcomes.values()) if (outcome.ok) outcome.secret.value.wipe()
        const settled = await Promise.all(wanted.map((ref) => settle(ref, batch, signal)))
        for (const [id, outcome] of settled) outcomes.set(id, outcome)
        for (const outcome of outcomes.values())
          if (!outcome.ok && outcome.error.code === 'auth') throw outcome.error
      })
    } catch (thrown) {
      const error = failureOf(thrown, signal)
      for (const { id } of wanted) if (isOpen(outcomes.get(id))) outcomes.set(id, { ok: false, error })
    }
    const failed = [...outcomes.values()].filter((outcome) => !outcome.ok).length
    logFetch(options, { references: wanted.length, failed, start })
    return outcomes
  }

  async function settle(ref: SecretRef, batch: B, signal: AbortSignal): Promise<readonly [RefId, Outcome]> {
    try {
      return [ref.id, { ok: true, secret: await options.fetchOne(ref, batch) }]
    } catch (thrown) {
      return [ref.id, { ok: false, error: failureOf(thrown, signal) }]
    }
  }

  /**
   * Returns the error of a reference. A caller that gave up a shared wait gets an error in the name of its
   * provider.
   */
  function failureOf(thrown: unknown, signal: AbortSignal): LocketError {
    return signal.aborted && !isLocketError(thrown)
      ? abortError(options.provider, signal.reason)
      : toLocketError(thrown)
  }
}

/**
 * Whether the failure of the whole batch is the outcome of this reference: it has none yet, or an `auth`
 * failure.
 */
function isOpen(outcome: Outcome | undefined): boolean {
  return outcome === undefined || (!outcome.ok && outcome.error.code === 'auth')
}

/** One batch of references. `start`: the time of `clock.elapsed` at its begin. */
interface FetchedBatch {
  readonly references: number
  readonly failed: number
  readonly start: number
}

/**
 * Emits the event of one batch. It has the number of requests, by which services bill and throttle their
 * users.
 */
export function logFetch(
  { provider, emit, traffic }: Pick<EachOptions<never>, 'provider' | 'emit' | 'traffic'>,
  { references, failed, start }: FetchedBatch,
): void {
  const { requestsLastHour } = traffic.status()
  const ms = Math.round(traffic.clock.elapsed() - start)
  emit('provider.fetch', { provider, references, failed, requestsLastHour, ms })
}
