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
  /**
   * Prolongs a session when two thirds of its life are over. Resolves with the milliseconds that it has from
   * now on. Undefined: it cannot be prolonged, and the next login comes at once. Left out: the next login
   * comes shortly before the end.
   */
  readonly prolong?: (value: T, signal: AbortSignal) => Promise<number | undefined>
  /**
   * False if the credential is the token itself, so that another login would give the same. A function tells
   * it for each session. Default true.
   */
  readonly isRenewable?: false | ((value: T) => boolean)
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
  /** The lifetime that the login gave, in milliseconds. */
  readonly givenMs: number
  /** The time in milliseconds since the epoch from which the session is prolonged, or another login comes. */
  renewAt: number
  /** The time in milliseconds since the epoch from which the session is not used any more; see `usableMs`. */
  staleAt: number
  isProven: boolean
  isOver: boolean
  users: number
}

/** The part of a session's life after which it is prolonged. */
const RENEWED_AFTER = 2 / 3
/** A session that is prolonged by less than this part of its first life has reached its longest one. */
const LEAST_PROLONGED = 1 / 3
/** Milliseconds until a session that could not be prolonged is prolonged once more. */
const AGAIN_MS = 30_000

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
      if (live !== undefined && live.digest === digest && clock.now() < live.renewAt) return live
      return await logins.run(digest, signal, (shared) =>
        renewed(
          credentials.map((one) => one.copy()),
          digest,
          shared,
        ),
      )
    } finally {
      wipeAll(credentials)
    }
  }

  /** Prolongs the session, or logs in. When both fail, a session that is still valid is used on. */
  async function renewed(
    credentials: readonly Secret[],
    digest: string,
    signal: AbortSignal,
  ): Promise<Live<T>> {
    const before = live?.digest === digest ? live : undefined
    const valid = () => (before === live && before && clock.now() < before.staleAt ? before : undefined)
    try {
      const session = valid()
      if (session !== undefined && (await isProlonged(session, signal))) return session
      refusals.check(digest)
      return await login(credentials, digest, signal)
    } catch (thrown) {
      const session = valid()
      if (session === undefined) throw thrown
      session.renewAt = clock.now() + AGAIN_MS
      return session
    } finally {
      wipeAll(credentials)
    }
  }

  async function isProlonged(session: Live<T>, signal: AbortSignal): Promise<boolean> {
    const since = clock.now()
    const lifetimeMs = await options.prolong?.(session.value, signal)
    if (lifetimeMs === undefined || lifetimeMs < session.givenMs * LEAST_PROLONGED) return false
    Object.assign(session, timesOf(since, lifetimeMs))
    return true
  }

  function timesOf(since: number, lifetimeMs: number): Pick<Live<T>, 'renewAt' | 'staleAt'> {
    const staleAt = since + usableMs(lifetimeMs)
    return { staleAt, renewAt: options.prolong === undefined ? staleAt : since + lifetimeMs * RENEWED_AFTER }
  }

  async function login(
    credentials: readonly Secret[],
    digest: string,
    signal: AbortSignal,
  ): Promise<Live<T>> {
    try {
      const since = clock.now()
      const { value, lifetimeMs = Number.POSITIVE_INFINITY } = await options.login(credentials, signal)
      const times = timesOf(since, lifetimeMs)
      const unused = { isProven: false, isOver: false, users: 0 }
      const next: Live<T> = { value, digest, givenMs: lifetimeMs, ...times, ...unused }
      replace(next)
      return next
    } catch (thrown) {
      if (isLocketError(thrown) && (thrown.code === 'auth' || thrown.code === 'denied'))
        refusals.note(digest, thrown)
      throw thrown
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
    const { isRenewable = () => true } = options
    const mayHelp = refused.isProven && isRenewable !== false && isRenewable(refused.value)
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
