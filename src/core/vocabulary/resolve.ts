import { LocketError, toLocketError } from './errors.ts'
import type { RefId, SecretRef } from './ref.ts'
import type { Secret } from './secret.ts'

/** A lease: the server ends its values at a time, unless the lease is renewed. */
export interface Lease {
  /** The name of the lease at its server. A login that may revoke leases can end it by this name. */
  readonly id: string
  /** False: it cannot be prolonged. */
  readonly isRenewable: boolean
  /**
   * When its values end, in milliseconds since the epoch: the end of the lease, or that of the login it
   * depends on, whichever comes first.
   */
  readonly expiresAt: number
}

/** A fetched value. The receiver must wipe it. */
export interface Resolved {
  readonly value: Secret
  /** The value is valid for seconds only, like a one-time password: it is never cached. */
  readonly isFleeting?: true
  /** The provider's version of the secret, if it has versions. Another version may have another value. */
  readonly version?: string
  /** When the value expires, in milliseconds since the epoch, if the provider says so. */
  readonly expiresAt?: number
  /**
   * The lease that the value belongs to. It is of the caller that asked: the value is not shared with other
   * callers, and whoever keeps it alive must renew the lease and revoke it in the end.
   */
  readonly lease?: Lease
  /**
   * The value comes from the cache of last known good values: the provider gave it at this time, in
   * milliseconds since the epoch, and is out of reach now.
   */
  readonly staleSince?: number
  /**
   * The value was kept in memory: the provider was asked for it at this time, in milliseconds since the
   * epoch.
   */
  readonly askedAt?: number
}

/** The value of one reference, or why there is none. */
export type Outcome =
  | { readonly ok: true; readonly secret: Resolved }
  | { readonly ok: false; readonly error: LocketError }

/** The outcomes of a batch, by the id of the reference. */
export type Outcomes = ReadonlyMap<RefId, Outcome>

/**
 * Fetches distinct references (see `uniqueRefs`) and returns exactly one outcome for each. Rejects only when
 * `signal` aborts or when there is a bug.
 */
export type Resolve = (refs: readonly SecretRef[], signal: AbortSignal) => Promise<Outcomes>

/**
 * Returns the references without duplicates, by id, in the order in which they first appear. A rendering
 * calls it once, for the references of all its templates.
 */
export function uniqueRefs(refs: Iterable<SecretRef>): SecretRef[] {
  return [...new Map([...refs].map((ref) => [ref.id, ref])).values()]
}

/**
 * Returns a Resolve that asks all providers at once. Each provider gets its references as one batch. When a
 * provider throws, only its own references fail. A reference without an answer gets an `internal` error.
 */
export function resolveWith(fetcherOf: (provider: string) => Resolve): Resolve {
  return async (refs, signal) => {
    const outcomes = new Map<RefId, Outcome>()
    const batches = Map.groupBy(refs, (ref) => ref.provider)
    await Promise.all(
      [...batches].map(async ([provider, batch]) => {
        for (const [id, outcome] of await settle(fetcherOf, provider, batch, signal))
          outcomes.set(id, outcome)
      }),
    )
    return outcomes
  }
}

async function settle(
  fetcherOf: (provider: string) => Resolve,
  provider: string,
  batch: readonly SecretRef[],
  signal: AbortSignal,
): Promise<readonly (readonly [RefId, Outcome])[]> {
  try {
    const answered = await fetcherOf(provider)(batch, signal)
    return batch.map((ref) => [ref.id, answered.get(ref.id) ?? unanswered(provider, ref)])
  } catch (thrown) {
    const error = toLocketError(thrown)
    return batch.map((ref) => [ref.id, { ok: false, error }])
  }
}

function unanswered(provider: string, ref: SecretRef): Outcome {
  return {
    ok: false,
    error: new LocketError('internal', `provider ${provider} gave no answer for ${ref.text}`, {
      facts: { provider, references: [ref.text] },
      names: ['provider', 'references'],
    }),
  }
}
