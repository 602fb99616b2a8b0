import { isLocketError, toLocketError, type LocketError } from '../../core/vocabulary/errors.ts'
import type { Emit } from '../../core/ports/events.ts'
import type { RefId, SecretRef } from '../../core/vocabulary/ref.ts'
import { uniqueRefs, type Outcome, type Resolve, type Resolved } from '../../core/vocabulary/resolve.ts'
import { abortError } from './http/http-errors.ts'
import type { Traffic } from './http/traffic.ts'

export interface EachOptions<B> {
  readonly provider: string
  readonly emit: Emit
  readonly traffic: Traffic
  /** Does something with what all references of a batch share: a session, answers asked for once. Its failure is everybody's. */
  readonly withBatch: (
    call: { readonly refs: readonly SecretRef[]; readonly signal: AbortSignal },
    work: (batch: B) => Promise<void>,
  ) => Promise<void>
  readonly fetchOne: (ref: SecretRef, batch: B) => Promise<Resolved>
}

/**
 * A provider's `fetch` out of the way to get one value: one outcome per distinct reference, all at once, nothing asked for nothing.
 * An `auth` failure of a reference ends the batch, so that `withBatch` may do it once more with another login.
 */
export function fetchEach<B>(options: EachOptions<B>): Resolve {
  return async (refs, signal) => {
    const wanted = uniqueRefs(refs)
    const outcomes = new Map<RefId, Outcome>()
    if (wanted.length === 0) return outcomes
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
    logFetch(options, wanted.length, failed)
    return outcomes
  }

  async function settle(ref: SecretRef, batch: B, signal: AbortSignal): Promise<readonly [RefId, Outcome]> {
    try {
      return [ref.id, { ok: true, secret: await options.fetchOne(ref, batch) }]
    } catch (thrown) {
      return [ref.id, { ok: false, error: failureOf(thrown, signal) }]
    }
  }

  /** Who gave up waiting for what others wait for too is told so in the provider's name. */
  function failureOf(thrown: unknown, signal: AbortSignal): LocketError {
    return signal.aborted && !isLocketError(thrown)
      ? abortError(options.provider, signal.reason)
      : toLocketError(thrown)
  }
}

/** What the failure of the whole batch answers: not what is known of a reference by itself. */
function isOpen(outcome: Outcome | undefined): boolean {
  return outcome === undefined || (!outcome.ok && outcome.error.code === 'auth')
}

/** One line for each batch, with what users are billed and throttled by. */
export function logFetch(
  { provider, emit, traffic }: Pick<EachOptions<never>, 'provider' | 'emit' | 'traffic'>,
  references: number,
  failed: number,
): void {
  const { requestsLastHour } = traffic.status()
  emit('provider.fetch', { provider, references, failed, requestsLastHour })
}
