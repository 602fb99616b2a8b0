import { createPrivateKey, sign } from 'node:crypto'
import * as z from 'zod'
import { providerError } from '../lib/provider-error.ts'
import type { ServiceAccount, TokenFormat } from './configuration.ts'

/** The scope of all tokens. Roles decide what they may do. */
export const SCOPE = 'https://www.googleapis.com/auth/cloud-platform'
/** Seconds for which an assertion is good, and for which a token of another account is asked for. */
export const TOKEN_SECONDS = 3600

/** Returns a signed assertion (RFC 7523). Throws `auth` for a key that cannot be read. */
export function assertionOf(account: ServiceAccount, name: string, now: number): string {
  const { client_email, private_key, private_key_id, token_uri } = account
  const seconds = Math.floor(now / 1000)
  const claims = {
    iss: client_email,
    scope: SCOPE,
    aud: token_uri,
    iat: seconds,
    exp: seconds + TOKEN_SECONDS,
  }
  const head = { alg: 'RS256', typ: 'JWT', ...(private_key_id === undefined ? {} : { kid: private_key_id }) }
  const text = [head, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  try {
    const signature = sign('sha256', Buffer.from(text), createPrivateKey(private_key))
    return `${text}.${signature.toString('base64url')}`
  } catch {
    // The error of OpenSSL is not kept, because it may quote the key.
    throw providerError('auth', `${name}: the private key of gcp-sm-credentials cannot be read`)
  }
}

/**
 * Returns the token of a workload from the text of its source. `what` names the token. Throws `auth`.
 */
export function readSubject(
  text: string,
  { type, subject_token_field_name: field = '' }: TokenFormat,
  what: string,
): string {
  const token = type === 'text' ? text.trim() : fieldOf(text, field)
  if (token !== undefined && /^[!-~]+$/.test(token)) return token
  throw providerError('auth', `${what} is not a token`, {
    hint: 'see credential_source in the file of gcp-sm-credentials',
  })
}

function fieldOf(text: string, field: string): string | undefined {
  try {
    return z
      .record(z.string(), z.unknown())
      .pipe(z.object({ [field]: z.string() }))
      .parse(JSON.parse(text))[field]
  } catch {
    return undefined
  }
}
