import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Refusal } from '../lib/http/http.ts'
import { isObject } from '../lib/reference/exact-json.ts'
import { providerError } from '../lib/provider-error.ts'

/**
 * Returns the error texts and warnings of an answer, to look for known words in them. The texts may quote
 * anything, so they must never go into a message. Undefined: the body is not an answer of OpenBao or Vault.
 */
export function saidIn(body: unknown): string | undefined {
  if (!isObject(body)) return undefined
  const said = [body['errors'], body['warnings']].flatMap((list) => (Array.isArray(list) ? list : []))
  return Array.isArray(body['errors']) || body['data'] !== undefined ? said.join('\n') : undefined
}

/**
 * Returns the error for a refusal that every call may get. Undefined: the status has its usual meaning, see
 * `statusError`. The statuses 412, 501 and 503 are from the OpenBao API documentation, "HTTP status codes".
 */
export function explainAny(who: string, { status, header, body }: Refusal): LocketError | undefined {
  const said = saidIn(body)
  if (status >= 300 && status < 400) return redirected(who, status, header('location'))
  if (status === 404 && said === undefined) {
    return providerError('unavailable', `${who} has no API of OpenBao or Vault there (status 404)`, {
      facts: { status },
      hint: 'is bao-url the address of the server, and is it running?',
    })
  }
  if (status === 403 && said !== undefined && /invalid token/i.test(said)) return tokenRefused(who)
  if (status === 412)
    return providerError('unavailable', `${who} has not caught up with its cluster (status 412)`, {
      facts: { status },
    })
  if (status === 501) {
    return providerError('unavailable', `${who} is not initialised (status 501)`, {
      hint: 'initialise and unseal it; locket then asks again',
    })
  }
  if (status === 503 && said !== undefined && /sealed/i.test(said)) {
    return providerError('unavailable', `${who} is sealed (status 503)`, {
      hint: 'unseal it; locket then asks again',
    })
  }
  if (status === 503 && said !== undefined && /locked/i.test(said))
    return providerError('unavailable', `${who} has its API locked (status 503)`)
  return undefined
}

/** Returns the `auth` error for a token that the server does not accept. */
export function tokenRefused(who: string): LocketError {
  return providerError('auth', `${who} does not accept the token (status 403)`, {
    hint: 'has it expired, been revoked or used up, or is it of another namespace?',
  })
}

/**
 * Returns the error for a redirect. A standby redirects to the active node, but the token is not sent there,
 * because only the operator decides which hosts get it.
 */
function redirected(who: string, status: number, location: string | undefined): LocketError {
  const url = location !== undefined && URL.canParse(location) ? new URL(location) : undefined
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:'
  const where = url === undefined || !isHttp ? '' : ` to ${url.origin.slice(0, 200)}`
  return providerError(
    'provider_protocol',
    `${who} redirects${where}, which locket does not follow (status ${status})`,
    { hint: 'set bao-url to the active node or to a load balancer in front of the cluster' },
  )
}
