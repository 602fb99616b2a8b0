import { LocketError } from '../../../core/vocabulary/errors.ts'
import type { Clock } from '../../../core/ports/clock.ts'
import { Secret } from '../../../core/vocabulary/secret.ts'
import { createSingleFlight } from '../../../core/waiting/single-flight.ts'
import { usableMs } from './lifetime.ts'

/**
 * A credential that the machine or its platform hands out, such as instance metadata or workload identity. It
 * is used beside `Credential`, which a user writes down.
 */
export interface AmbientCredential extends Disposable {
  readonly kind: 'ambient'
  /** The name of the credential, for messages: `instance metadata`. */
  readonly title: string
  /** Resolves with the current credential; the caller must wipe it. Rejects with the error of the request. */
  read(signal: AbortSignal): Promise<Secret>
  /** Wipes the kept value, because a server has refused it. The next read asks the platform again. */
  forget(): void
}

/** The answer of the platform. */
interface AmbientAnswer {
  /** The credential, which `createAmbientCredential` wipes. */
  readonly value: Secret
  /** The lifetime in milliseconds; undefined: the credential does not expire. */
  readonly lifetimeMs?: number | undefined
}

/** The options of `createAmbientCredential`. */
interface AmbientOptions {
  readonly title: string
  readonly clock: Clock
  /** Asks the platform once. */
  readonly ask: (signal: AbortSignal) => Promise<AmbientAnswer>
}

/**
 * Makes a credential that is requested at its first read, and again shortly before it expires. Readers at the
 * same time share one request. Dispose wipes the kept value; after that `read` rejects with `internal`.
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

  function forget(): void {
    kept?.value.wipe()
    kept = undefined
  }

  function close(): void {
    isClosed = true
    forget()
  }

  return {
    kind: 'ambient',
    title,
    async read(signal) {
      if (isClosed) throw new LocketError('internal', `there is no ${title} after the provider was closed`)
      if (kept !== undefined && clock.elapsed() < kept.until) return kept.value.copy()
      return (await asking.run('', signal, renew)).copy()
    },
    forget,
    [Symbol.dispose]: close,
  }
}
