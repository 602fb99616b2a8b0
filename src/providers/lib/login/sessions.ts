import { createSingleFlight } from '../../../core/waiting/single-flight.ts'
import { isLocketError, type LocketError } from '../../../core/vocabulary/errors.ts'
import type { Clock } from '../../../core/ports/clock.ts'
import { wipeAll, type Secret } from '../../../core/vocabulary/secret.ts'
import { digestOf } from './credential.ts'
import { usableMs } from './lifetime.ts'
import { createRefusals } from './refusals.ts'

/** What a login gives: a token, and whatever else is good for as long. */
export interface Session<T> {
  readonly value: T
  /** Undefined: it does not expire. */
  readonly lifetimeMs?: number | undefined
}

interface SessionOptions<T> {
  readonly clock: Clock
  /** The credentials as they are now; they are wiped here. */
  readonly readCredentials: (signal: AbortSignal) => Promise<readonly Secret[]>
  /**
   * One attempt. An `auth` or `denied` failure is not repeated with the same credentials for a minute. What it keeps of the credentials
   * it copies.
   */
  readonly login: (credentials: readonly Secret[], signal: AbortSignal) => Promise<Session<T>>
  /** False where the credential is the token itself: another login would give the same. Default true. */
  readonly isRenewable?: false
  /** Overwrites what can be, when the last user of a session that was given up has ended. */
  readonly wipe?: (value: T) => void
}

/** One login for all callers, for as long as it is good and the credentials are the same. */
interface Sessions<T> extends Disposable {
  /**
   * Does the work with the current session, which is made first if need be. When the work fails as `auth`, the session is given up, and
   * the work is done once more with a new one, if the old one has ever worked.
   */
  use<R>(signal: AbortSignal, work: (value: T) => Promise<R>): Promise<R>
}

interface Live<T> {
  readonly value: T
  readonly digest: string
  /** From then on it is not used any more: a tenth of its life, at most a minute, before its end. */
  readonly staleAt: number
  isProven: boolean
  isOver: boolean
  users: number
}

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

  /** Whether another login may help. */
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
