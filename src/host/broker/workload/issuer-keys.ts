import * as z from 'zod'
import type { createLocalJWKSet as CreateKeySet, JSONWebKeySet, JWTVerifyGetKey } from 'jose'
import type { Issuer } from '../../../core/broker/seams.ts'
import type { Clock } from '../../../core/ports/clock.ts'
import { toLocketError, type LocketError } from '../../../core/vocabulary/errors.ts'
import { fetchJson, readJsonFile, unusable, type IssuerRoute } from './fetch-json.ts'

/** Milliseconds that keys are used before they are asked for again. */
const KEPT_MS = 600_000
/** The shortest time between two questions because of a key that is not known. */
const UNKNOWN_KEY_MS = 30_000
/** Milliseconds after a failure in which nothing is asked again. */
const FAILED_MS = 5000
const MOST_KEYS = 100

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https$/ }) })
const KeySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(MOST_KEYS) })

interface Ports extends Omit<IssuerRoute, 'caCert'> {
  readonly clock: Pick<Clock, 'elapsed'>
  readonly createKeySet: typeof CreateKeySet
}

interface Kept {
  readonly keys: ReturnType<typeof CreateKeySet>
  readonly at: number
}

/**
 * Returns the function that finds the key of a token. Callers that need the keys at the same time share one
 * question. An issuer that changes its keys is asked again when a token names one that is not known. Rejects
 * with `unavailable`, and as jose does for a token that none of the keys fits.
 */
export function createIssuerKeys(issuer: Issuer, { clock, proxyFor, createKeySet }: Ports): JWTVerifyGetKey {
  let kept: Kept | undefined
  let failed: { readonly error: LocketError; readonly at: number } | undefined
  let asking: Promise<Kept> | undefined

  async function load(): Promise<Kept> {
    if (failed !== undefined && clock.elapsed() - failed.at < FAILED_MS) throw failed.error
    try {
      const keys = createKeySet(await readKeys(issuer, { caCert: issuer.caCert, proxyFor }))
      failed = undefined
      return (kept = { keys, at: clock.elapsed() })
    } catch (thrown) {
      failed = { error: toLocketError(thrown), at: clock.elapsed() }
      throw failed.error
    }
  }

  function shared(): Promise<Kept> {
    asking ??= load().finally(() => (asking = undefined))
    return asking
  }

  return async (header, token) => {
    const isOld = kept === undefined || clock.elapsed() - kept.at >= KEPT_MS
    const now = isOld || kept === undefined ? await shared() : kept
    try {
      return await now.keys(header, token)
    } catch (thrown) {
      if (!isUnknownKey(thrown) || clock.elapsed() - now.at < UNKNOWN_KEY_MS) throw thrown
    }
    return await (await shared()).keys(header, token)
  }
}

async function readKeys(issuer: Issuer, route: IssuerRoute): Promise<JSONWebKeySet> {
  const { keys, url } = issuer
  const from = keys ?? (await discover(url, route))
  const read = KeySet.safeParse(
    from.startsWith('/') ? await readJsonFile(from) : await fetchJson(from, route),
  )
  if (!read.success) throw unusable(from, 'it is not a set of keys')
  return read.data
}

/** Resolves with the address of the keys, as OpenID Connect Discovery tells it. */
async function discover(url: string, route: IssuerRoute): Promise<string> {
  const from = `${url.replace(/\/$/, '')}/.well-known/openid-configuration`
  const read = Discovery.safeParse(await fetchJson(from, route))
  if (!read.success) throw unusable(from, 'it is not a discovery document')
  if (read.data.issuer !== url) throw unusable(from, 'it is the document of another issuer')
  return read.data.jwks_uri
}

function isUnknownKey(thrown: unknown): boolean {
  return Object(thrown).code === 'ERR_JWKS_NO_MATCHING_KEY'
}
