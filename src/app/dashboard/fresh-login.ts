import type { Clock } from '../../core/ports/clock.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Visit } from './sessions.ts'

const FRESH_MS = 5 * 60_000

/** True within five minutes of the login. */
export function isFreshLogin({ session }: Pick<Visit, 'session'>, now: number): boolean {
  return now - session.createdAt <= FRESH_MS
}

/**
 * Throws `auth` for a session whose login is older. Who finds a browser unlocked could otherwise add a way to
 * log in that outlives the session.
 */
export function mustBeFresh(visit: Pick<Visit, 'session'>, { now }: Pick<Clock, 'now'>): void {
  if (isFreshLogin(visit, now())) return
  throw new LocketError('auth', 'your login is older than 5 minutes: log out, and log in again')
}
