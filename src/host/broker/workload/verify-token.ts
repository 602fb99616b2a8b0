import type { JWTVerifyGetKey } from 'jose'
import type { Issuer, VerifiedToken, VerifyToken } from '../../../core/broker/seams.ts'
import type { Clock } from '../../../core/ports/clock.ts'
import { jsonExcess } from '../../../core/text/json-shape.ts'
import { isLocketError, LocketError, onOneLine } from '../../../core/vocabulary/errors.ts'
import type { ProxyFor } from './fetch-json.ts'
import { createIssuerKeys } from './issuer-keys.ts'

/** Seconds that the clock of an issuer may differ. */
const MOST_SKEW_S = 60
/** Milliseconds of a session, when the issuer's table does not tell. */
const USUAL_SESSION_MS = 3_600_000
const MOST_SUBJECT = 200
/** A policy goes over the claims, so there are few. */
const JSON_LIMITS = { depth: 6, values: 256 } as const

/** The parts of the process that a check needs. */
interface Ports {
  readonly clock: Pick<Clock, 'now' | 'elapsed'>
  readonly proxyFor: ProxyFor
}

/**
 * Returns the check of tokens. Nothing is asked before the first token of an issuer, and nothing for a token
 * that another issuer has made or whose algorithm is not allowed. jose is loaded with the first token.
 */
export function createVerifyToken(issuers: readonly Issuer[], { clock, proxyFor }: Ports): VerifyToken {
  const known = new Map(issuers.map((issuer) => [issuer.name, issuer]))
  const keysOf = new Map<string, JWTVerifyGetKey>()

  return async (name, token): Promise<VerifiedToken> => {
    const issuer = known.get(name)
    if (issuer === undefined)
      throw new LocketError('config', `the broker has no issuer ${name}`, {
        hint: `write [issuers.${name}] into its configuration, and start it again`,
      })
    checkShape(token)
    const {
      createLocalJWKSet: createKeySet,
      decodeJwt,
      decodeProtectedHeader,
      jwtVerify,
    } = await import('jose')
    const { url, audience, algorithms, sessionMs } = issuer
    try {
      if (decodeJwt(token).iss !== url) throw bad(`its issuer is not ${url}`)
      if (!algorithms.includes(decodeProtectedHeader(token).alg ?? ''))
        throw bad(`its algorithm is not one of ${algorithms.join(', ')}`)
      let keys = keysOf.get(name)
      if (keys === undefined)
        keysOf.set(name, (keys = createIssuerKeys(issuer, { clock, proxyFor, createKeySet })))
      const now = clock.now()
      const { payload } = await jwtVerify(token, keys, {
        issuer: url,
        audience: [...audience],
        algorithms: [...algorithms],
        clockTolerance: MOST_SKEW_S,
        currentDate: new Date(now),
        requiredClaims: ['exp', 'sub'],
      })
      const { exp = 0, sub = '' } = payload
      const ends = Math.max(exp * 1000, now + MOST_SKEW_S * 1000)
      return {
        claims: payload,
        subject: onOneLine(sub).slice(0, MOST_SUBJECT),
        expires: sessionMs === undefined ? Math.min(ends, now + USUAL_SESSION_MS) : now + sessionMs,
      }
    } catch (thrown) {
      throw isLocketError(thrown) ? thrown : bad(reasonOf(thrown), thrown)
    }
  }
}

/** Throws `auth` for a token that is not three parts, or that has too many values. */
function checkShape(token: string): void {
  const parts = token.split('.')
  if (parts.length !== 3 || !parts.every((part) => /^[A-Za-z0-9_-]+$/.test(part)))
    throw bad('it is not a JWT')
  for (const part of parts.slice(0, 2))
    if (jsonExcess(Buffer.from(part, 'base64url'), JSON_LIMITS) !== undefined)
      throw bad('it has too many values')
}

function bad(reason: string, cause?: unknown): LocketError {
  return new LocketError('auth', `the token is not good: ${reason}`, { cause })
}

/** The reasons of jose's codes. Its texts are not passed on: they may hold parts of the token. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['ERR_JWT_EXPIRED', 'it has expired'],
  ['ERR_JOSE_ALG_NOT_ALLOWED', 'its algorithm is not allowed'],
  ['ERR_JWKS_NO_MATCHING_KEY', 'its issuer has no such key'],
  ['ERR_JWKS_MULTIPLE_MATCHING_KEYS', 'it does not tell which key of its issuer has signed it'],
  ['ERR_JWS_SIGNATURE_VERIFICATION_FAILED', 'its signature does not fit'],
])

const OF_CLAIMS: ReadonlyMap<string, string> = new Map([
  ['aud', 'it is for another audience'],
  ['iss', 'another issuer has made it'],
  ['nbf', 'it is not valid yet'],
  ['exp', 'it has no time at which it expires'],
  ['sub', 'it has no subject'],
])

function reasonOf(thrown: unknown): string {
  const { code, claim }: { readonly code?: unknown; readonly claim?: unknown } = Object(thrown)
  const ofClaim = code === 'ERR_JWT_CLAIM_VALIDATION_FAILED' ? OF_CLAIMS.get(String(claim)) : undefined
  return ofClaim ?? REASONS.get(String(code)) ?? 'it cannot be read'
}
