import { LocketError, isLocketError, rewordError } from '../../../core/vocabulary/errors.ts'
import type { ErrorCode } from '../../../core/vocabulary/errors.ts'
import { providerError } from '../provider-error.ts'

type Reading = readonly [code: ErrorCode, says: string, hint?: string]

/** What a status means, for every provider that speaks HTTP. `who` is `op-connect at http://host:8080`. */
export function statusError(who: string, status: number, retryAfterMs?: number): LocketError {
  const [code, says, hint] = readStatus(status)
  return providerError(code, `${who} ${says} (status ${status})`, { hint, retryAfterMs })
}

/** Milliseconds of a Retry-After header, which is seconds or a date. Nonsense counts as not given, and no wait is longer than a day. */
export function retryAfterOf(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  const ms = /^[0-9]{1,9}$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, DAY_MS) : undefined
}

const DAY_MS = 86_400_000

/**
 * What `fetch` threw, or what a signal was aborted with. Its own text may quote a header, a URL or a body: only its code is used.
 */
export function transportError(who: string, thrown: unknown, signal: AbortSignal): LocketError {
  if (signal.aborted) return abortError(who, signal.reason)
  if (isLocketError(thrown)) return thrown
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown
  const errno = codeOf(cause)
  const [code, says, hint] = readErrno(errno, cause)
  return providerError(code, `${who} ${says} (${errno})`, { hint })
}

/** Fails as the signal was aborted, if it was. */
export function throwIfAborted(who: string, signal: AbortSignal): void {
  if (signal.aborted) throw abortError(who, signal.reason)
}

/** `reason` of an aborted signal: a deadline, the caller going away, or a LocketError that says more. */
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
  if (status === 404 || status === 410) return ['not_found', 'has nothing there']
  if (status === 407) return ['provider_protocol', 'is behind a proxy that wants a password']
  if (status === 408 || status === 425) return ['unavailable', 'wants the request again']
  if (status === 429) return ['rate_limited', 'asks for fewer requests']
  if (status >= 500) return ['unavailable', 'is failing']
  if (status >= 300 && status < 400) {
    return ['provider_protocol', 'redirects, which locket does not follow', 'set the final address']
  }
  return ['provider_protocol', 'does not understand the request', 'is it the right server and path?']
}

function readErrno(errno: string, cause: unknown): Reading {
  if (errno === 'ECONNREFUSED')
    return ['unavailable', 'refused the connection', 'is it running, and the address right?']
  if (errno === 'ENOTFOUND' || errno === 'EAI_AGAIN')
    return ['unavailable', 'has a host name that does not resolve']
  if (errno === 'EHOSTUNREACH' || errno === 'ENETUNREACH') return ['unavailable', 'has no route to it']
  if (errno === 'UND_ERR_CONNECT_TIMEOUT' || errno === 'ETIMEDOUT')
    return ['unavailable', 'did not take the connection in time']
  if (/^UND_ERR_(HEADERS|BODY)_TIMEOUT$/.test(errno)) return ['timeout', 'took too long to answer']
  // After a boot the clock may not be set yet: this one passes.
  if (errno === 'CERT_NOT_YET_VALID')
    return ['unavailable', 'has a certificate of the future', "is this host's clock right?"]
  if (isCertificateErrno(errno)) {
    return [
      'provider_protocol',
      'has a certificate that is not trusted',
      "name its CA in the provider's ca-cert setting or in NODE_EXTRA_CA_CERTS, or use the name it was made for",
    ]
  }
  if (/^(EPROTO|ERR_SSL_|ERR_TLS_)/.test(errno))
    return ['provider_protocol', 'does not speak TLS as expected', 'https or http?']
  if (errno.startsWith('HPE_')) return ['provider_protocol', 'does not speak HTTP', 'https or http?']
  if (cause instanceof Error && cause.message === 'bad port')
    return ['config', 'is on a port that no HTTP client may use']
  return ['unavailable', 'broke off before the answer was complete']
}

function isCertificateErrno(errno: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH/.test(errno)
}

/** Codes are words of the system, of OpenSSL or of undici: nothing that came over the wire. */
function codeOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return 'no code'
  return typeof thrown.code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(thrown.code)
    ? thrown.code
    : 'no code'
}
