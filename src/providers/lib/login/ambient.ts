import { LocketError } from '../../../core/vocabulary/errors.ts'
import type { Clock } from '../../../core/ports/clock.ts'
import { Secret } from '../../../core/vocabulary/secret.ts'
import { createSingleFlight } from '../../../core/waiting/single-flight.ts'
import { usableMs } from './lifetime.ts'

/**
 * A credential that is neither text nor file: the machine or its platform hands it out, as instance metadata and
 * workload identity do. It stands beside `Credential`, which a user writes down.
 */
export interface AmbientCredential extends Disposable {
  readonly kind: 'ambient'
  /** For messages: `instance metadata`. */
  readonly title: string
  /** Resolves with the credential as it is now; the caller wipes it. Rejects with the error of the request. */
  read(signal: AbortSignal): Promise<Secret>
}

/** What the platform answered. */
export interface AmbientAnswer {
  /** `createAmbientCredential` wipes it. */
  readonly value: Secret
  /** Milliseconds; undefined: it does not expire. */
  readonly lifetimeMs?: number | undefined
}

export interface AmbientOptions {
  readonly title: string
  readonly clock: Clock
  /** Asks the platform once. */
  readonly ask: (signal: AbortSignal) => Promise<AmbientAnswer>
}

/**
 * Makes a credential that is asked for when it is first read, and again shortly before it expires. Readers at the same
 * time share one request. Dispose wipes what is kept; after that `read` rejects with `internal`.
 */
export function createAmbientCredential({ title, clock, ask }: AmbientOptions): AmbientCredential {
  const asking = createSingleFlight<Secret>()
  let kept: { readonly value: Secret; readonly until: number } | undefined
  let isClosed = false

  async function renew(signal: AbortSignal): Promise<Secret> {
    const since = clock.elapsed()
    const { value, lifetimeMs = Number.POSITIVE_INFINITY } = await ask(signal)
    kept?.value.wipe()
    kept = { value, until: since + usableMs(lifetimeMs) }
    if (isClosed) close()
    return value
  }

  function close(): void {
    isClosed = true
    kept?.value.wipe()
    kept = undefined
  }

  return {
    kind: 'ambient',
    title,
    async read(signal) {
      if (isClosed) throw new LocketError('internal', `there is no ${title} after the provider was closed`)
      if (kept !== undefined && clock.elapsed() < kept.until) return kept.value.copy()
      return (await asking.run('', signal, renew)).copy()
    },
    [Symbol.dispose]: close,
  }
}
