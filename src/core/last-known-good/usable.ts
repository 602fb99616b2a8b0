import type { ErrorCode, LocketError } from '../vocabulary/errors.ts'

const OUT_OF_REACH: ReadonlySet<ErrorCode> = new Set(['unavailable', 'timeout', 'rate_limited'])
const WITHDRAWN: ReadonlySet<ErrorCode> = new Set(['auth', 'denied', 'not_found'])

/** Statuses below 500 of a server that does not answer the question now: timeout, too early, too many. */
const NOT_NOW: readonly number[] = [408, 425, 429]

/**
 * True when an error says that the provider could not be asked: no connection, no answer in time, a status of
 * 500 and above, or 429. Some errors are `unavailable` and yet an answer: a proxy sends 404 until the server
 * behind it has started.
 */
export function isOutOfReach({ code, facts: { status } }: LocketError): boolean {
  return OUT_OF_REACH.has(code) && (status === undefined || status >= 500 || NOT_NOW.includes(status))
}

/** True when an error says that the value must not be used any more: statuses 401, 403 and 404. */
export function isWithdrawn(error: LocketError): boolean {
  return WITHDRAWN.has(error.code)
}

/** Why a value of the cache is not used. */
type Unusable = 'too old' | 'from the future'

/**
 * Returns why a value of this time is not used; undefined when it may be used. A time in the future is not
 * believed: the clock was set back since, so the age is unknown. All times in milliseconds.
 */
export function whyUnusable(savedAt: number, now: number, maxAgeMs: number): Unusable | undefined {
  if (savedAt > now) return 'from the future'
  return now - savedAt > maxAgeMs ? 'too old' : undefined
}
