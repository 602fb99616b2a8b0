import { createSingleFlight } from '../../../core/waiting/single-flight.ts'
import { isLocketError, type LocketError } from '../../../core/vocabulary/errors.ts'
import type { Clock } from '../../../core/ports/clock.ts'
import { wipeAll, type Secret } from '../../../core/vocabulary/secret.ts'
import { digestOf } from './credential.ts'
import { usableMs } from './lifetime.ts'
import { createRefusals } from './refusals.ts'

/** The result of a login: a token, and data that is valid as long as the token. */
export interface Session<T> {
  readonly value: T
  /** The lifetime in milliseconds; undefined: the session does not expire. */
  readonly lifetimeMs?: number | undefined
}

interface SessionOptions<T> {
  readonly clock: Clock
  /** Reads the current credentials, which `createSessions` wipes. */
  readonly readCredentials: (signal: AbortSignal) => Promise<readonly Secret[]>
  /**
   * Logs in once. It must copy the credentials that it keeps. After an `auth` or `denied` failure the same
   * credentials are not sent again for a minute.
   */
  readonly login: (credentials: readonly Secret[], signal: AbortSignal) => Promise<Session<T>>
  /** False if the credential is the token itself, so that another login would give the same. Default true. */
  readonly isRenewable?: false
  /** Overwrites the secrets of a session that was given up, when its last user has ended. */
  readonly wipe?: (value: T) => void
}

/** Gives all callers one login, as long as it is valid and the credentials are the same. */
interface Sessions<T> extends Disposable {
  /**
   * Runs `work` with the current session, and logs in first if there is none. If `work` fails as `auth`, the
   * session is given up. If that session has worked before, `work` runs once more with a new one.
   */
  use<R>(signal: AbortSignal, work: (value: T) => Promise<R>): Promise<R>
}

interface Live<T> {
  readonly value: T
  readonly digest: string
  /** The time in milliseconds since the epoch from which the session is not used any more; see `usableMs`. */
  readonly staleAt: number
  isProven: boolean
  isOver: boolean
  users: number
}

/** Makes the sessions of one provider instance. Dispose gives up the current session. */
export function createSessions<T>(options: SessionOptions<T>): Sessions<T> {
  const { clock } = options
  const logins = createSingleFlight<Live<T>>()
  const refusals = createRefusals(clock)
  let live: Live<T> | undefined

  async function current(signal: AbortSignal): Promise<Live<T>> {
    const credentials = await options.readCredentials(signal)
    try {
      const digest = digestOf(credentials)
      if (live !== undefined && live.digest === digest && clock.now() < live.staleAt) return live
      refusals.check(digest)
      return await logins.run(digest, signal, (shared) =>
        login(
          credentials.map((one) => one.copy()),
          digest,
          shared,
        ),
      )
    } finally {
      wipeAll(credentials)
    }
  }

  async function login(
    credentials: readonly Secret[],
    digest: string,
    signal: AbortSignal,
  ): Promise<Live<T>> {
    try {
      const since = clock.now()
      const { value, lifetimeMs = Number.POSITIVE_INFINITY } = await options.login(credentials, signal)
      const staleAt = since + usableMs(lifetimeMs)
      const next: Live<T> = { value, digest, staleAt, isProven: false, isOver: false, users: 0 }
      replace(next)
      return next
    } catch (thrown) {
      if (isLocketError(thrown) && (thrown.code === 'auth' || thrown.code === 'denied'))
        refusals.note(digest, thrown)
      throw thrown
    } finally {
      wipeAll(credentials)
    }
  }

  function replace(next: Live<T> | undefined): void {
    const before = live
    live = next
    if (before === undefined) return
    before.isOver = true
    wipeUnused(before)
  }

  function wipeUnused(session: Live<T>): void {
    if (session.isOver && session.users === 0) options.wipe?.(session.value)
  }

  async function attempt<R>(session: Live<T>, work: (value: T) => Promise<R>): Promise<R> {
    session.users += 1
    try {
      const answer = await work(session.value)
      session.isProven = true
      return answer
    } finally {
      session.users -= 1
      wipeUnused(session)
    }
  }

  /** Gives up a refused session. Returns whether another login may help. */
  function giveUp(refused: Live<T>, error: LocketError): boolean {
    const mayHelp = refused.isProven && options.isRenewable !== false
    if (live === refused) replace(undefined)
    if (!mayHelp) refusals.note(refused.digest, error)
    return mayHelp
  }

  return {
    async use(signal, work) {
      const first = await current(signal)
      try {
        return await attempt(first, work)
      } catch (thrown) {
        if (!isRefusal(thrown) || !giveUp(first, thrown)) throw thrown
      }
      const second = await current(signal)
      try {
        return await attempt(second, work)
      } catch (thrown) {
        if (isRefusal(thrown)) giveUp(second, thrown)
        throw thrown
      }
    },
    [Symbol.dispose]: () => replace(undefined),
  }
}

function isRefusal(thrown: unknown): thrown is LocketError {
  return isLocketError(thrown) && thrown.code === 'auth'
}
