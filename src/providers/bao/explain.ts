import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Refusal } from '../lib/http/http.ts'
import { isObject } from './json.ts'
import { providerError } from '../lib/provider-error.ts'

/** What the server said in an error, to look for known words in. It may quote anything: it never goes into a message. */
export function saidIn(body: unknown): string | undefined {
  if (!isObject(body)) return undefined
  const said = [body['errors'], body['warnings']].flatMap((list) => (Array.isArray(list) ? list : []))
  return Array.isArray(body['errors']) || body['data'] !== undefined ? said.join('\n') : undefined
}

/** What any call may be refused with, whatever it asks for; undefined: what its status means to every provider. */
export function explainAny(who: string, { status, header, body }: Refusal): LocketError | undefined {
  const said = saidIn(body)
  if (status >= 300 && status < 400) return redirected(who, status, header('location'))
  if (status === 404 && said === undefined) {
    return providerError('unavailable', `${who} has no API of OpenBao or Vault there (status 404)`, {
      hint: 'is bao-url the address of the server, and is it running?',
    })
  }
  if (status === 403 && said !== undefined && /invalid token/i.test(said)) return tokenRefused(who)
  if (status === 412)
    return providerError('unavailable', `${who} has not caught up with its cluster (status 412)`)
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

export function tokenRefused(who: string): LocketError {
  return providerError('auth', `${who} does not accept the token (status 403)`, {
    hint: 'has it expired, been revoked or used up, or is it of another namespace?',
  })
}

/** A standby names the active node. The token is not sent there: only the operator says which hosts get it. */
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
