import { LocketError, isLocketError, rewordError } from '../../../core/vocabulary/errors.ts'
import type { ErrorCode } from '../../../core/vocabulary/errors.ts'
import { readErrno } from './errno.ts'
import { providerError } from '../provider-error.ts'

type Reading = readonly [code: ErrorCode, says: string, hint?: string]

/**
 * Returns the error for a status that is not 2xx, with its usual meaning for every provider (RFC 9110, 15).
 * `who` is `op-connect at http://host:8080`. `retryAfterMs` is in milliseconds.
 */
export function statusError(who: string, status: number, retryAfterMs?: number): LocketError {
  const [code, says, hint] = readStatus(status)
  return providerError(code, `${who} ${says} (status ${status})`, { hint, retryAfterMs, facts: { status } })
}

/**
 * The longest pause in milliseconds, because a server may ask for a day by mistake. After the pause one
 * request asks again.
 */
const LONGEST_RETRY_AFTER_MS = 300_000

/**
 * Returns the milliseconds of a Retry-After header, which is seconds or a date (RFC 9110, 10.2.3): at most 5
 * minutes, undefined for no header and for nonsense. `now`: milliseconds since the epoch.
 */
export function retryAfterOf(header: string | null | undefined, now: number): number | undefined {
  if (header == null) return undefined
  const ms = /^[0-9]{1,20}$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, LONGEST_RETRY_AFTER_MS) : undefined
}

/**
 * Returns the error for a failed request or an aborted signal. Only the code of `thrown` is used, because its
 * text may quote a header, a URL or a body.
 */
export function transportError(who: string, thrown: unknown, signal: AbortSignal): LocketError {
  if (signal.aborted) return abortError(who, signal.reason)
  if (isLocketError(thrown)) return thrown
  const { code, says, hint } = readErrno(thrown)
  return providerError(code, `${who} ${says}`, { hint })
}

/** Throws the error of `abortError` if the signal is aborted. */
export function throwIfAborted(who: string, signal: AbortSignal): void {
  if (signal.aborted) throw abortError(who, signal.reason)
}

/**
 * Returns the error for an aborted signal. `reason` is a deadline, a caller that went away, or a LocketError
 * with a better explanation.
 */
export function abortError(who: string, reason: unknown): LocketError {
  if (isLocketError(reason))
    return reason.code === 'timeout' ? rewordError(reason, `${who}: ${reason.reason}`, ['provider']) : reason
  if (reason instanceof DOMException && reason.name === 'TimeoutError') {
    return providerError('timeout', `${who} did not answer before the deadline`)
  }
  return providerError('aborted', `${who} was not waited for: the caller went away`)
}

function readStatus(status: number): Reading {
  if (status === 401)
    return ['auth', 'does not accept the credential', 'is it complete, current and for this server?']
  if (status === 403) return ['denied', 'does not let this credential read that']
  if (status === 404 || status === 410)
    return ['not_found', 'has nothing there', 'is it the right server, and the path of its address right?']
  if (status === 407) return ['provider_protocol', 'is behind a proxy that wants a password']
  if (status === 408 || status === 425) return ['unavailable', 'asks for the request to be sent again']
  if (status === 429) return ['rate_limited', 'asks for fewer requests']
  if (status >= 500) return ['unavailable', 'is failing']
  if (status >= 300 && status < 400) {
    return ['provider_protocol', 'redirects, which locket does not follow', 'set the final address']
  }
  return ['provider_protocol', 'does not understand the request', 'is it the right server and path?']
}
