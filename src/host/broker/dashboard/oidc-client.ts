import type * as Oidc from 'openid-client'
import type { ClaimRule, SignedClaims } from '../../../core/broker/people/claims.ts'
import type { Clock } from '../../../core/ports/clock.ts'
import type { SourceFiles } from '../../../core/ports/files.ts'
import { LocketError } from '../../../core/vocabulary/errors.ts'
import type { ProxyFor } from '../workload/fetch-json.ts'
import { createSmallFetch } from './small-fetch.ts'

/** The settings of the login by OpenID Connect. */
export interface LoginServiceConfig {
  readonly issuer: string
  readonly clientId: string
  /** The file of the client's secret. Undefined: a client without one, which PKCE alone protects. */
  readonly secretFile?: string | undefined
  /** The file of the authorities that vouch for the service. Undefined: the usual ones. */
  readonly caFile?: string | undefined
  readonly scope: string
  readonly rule: ClaimRule
}

/** The parts of the machine that it needs. */
interface LoginServicePorts {
  readonly clock: Pick<Clock, 'elapsed'>
  readonly files: SourceFiles
  readonly proxyFor: ProxyFor
}

const SECRET_BYTES = 4096
const CA_BYTES = 1024 * 1024
const TIMEOUT_S = 10
/** Milliseconds for which the description of the service is kept, and the secret of the client. */
const KEEP_MS = 10 * 60_000

type Library = typeof Oidc

/**
 * Returns the client of a login service. The library is loaded, and the service is asked what it is, when the
 * first person logs in.
 */
export function openLoginService(config: LoginServiceConfig, ports: LoginServicePorts) {
  const issuer = new URL(config.issuer)
  let kept: { readonly at: number; readonly client: Promise<Oidc.Configuration> } | undefined

  async function read(path: string, maxBytes: number): Promise<string> {
    return new TextDecoder().decode(await ports.files.read(path, { maxBytes }))
  }

  async function discover(library: Library): Promise<Oidc.Configuration> {
    const { clientId, secretFile, caFile } = config
    const secret = secretFile === undefined ? undefined : (await read(secretFile, SECRET_BYTES)).trim()
    if (secret === '') throw new LocketError('config', `the file ${secretFile} has no secret`)
    const ca = caFile === undefined ? undefined : await read(caFile, CA_BYTES)
    const found = await library.discovery(issuer, clientId, undefined, clientAuth(library, secret), {
      [library.customFetch]: createSmallFetch(ca, ports.proxyFor),
      timeout: TIMEOUT_S,
      execute: [
        // The answer comes by TLS, and its signature is checked nevertheless.
        library.enableNonRepudiationChecks,
        ...(issuer.protocol === 'http:' ? [library.allowInsecureRequests] : []),
      ],
    })
    // The library lets one service of many organisations pass, in which anybody could be anybody.
    if (new URL(found.serverMetadata().issuer).href !== issuer.href)
      throw new LocketError('provider_protocol', `the login service ${issuer.host} has another issuer`)
    return found
  }

  /** Logins at the same time share one question. A failure is not kept. */
  async function clientOf(library: Library): Promise<Oidc.Configuration> {
    const now = ports.clock.elapsed()
    if (kept === undefined || now - kept.at > KEEP_MS) {
      const client = discover(library)
      kept = { at: now, client }
      client.catch(() => (kept = undefined))
    }
    return await kept.client
  }

  return {
    name: issuer.host,
    rule: config.rule,

    async begin(words: LoginWords): Promise<string> {
      const library = await import('openid-client')
      try {
        const client = await clientOf(library)
        return library.buildAuthorizationUrl(client, {
          redirect_uri: words.redirect,
          scope: config.scope,
          state: words.state,
          nonce: words.nonce,
          code_challenge: await library.calculatePKCECodeChallenge(words.verifier),
          code_challenge_method: 'S256',
        }).href
      } catch (thrown) {
        throw ownError(thrown) ?? unavailable(issuer, thrown)
      }
    },

    async finish(words: LoginWords, answer: URLSearchParams): Promise<SignedClaims> {
      const library = await import('openid-client')
      const url = new URL(words.redirect)
      url.search = answer.toString()
      try {
        const tokens = await library.authorizationCodeGrant(await clientOf(library), url, {
          expectedState: words.state,
          expectedNonce: words.nonce,
          pkceCodeVerifier: words.verifier,
          idTokenExpected: true,
        })
        return tokens.claims() ?? {}
      } catch (thrown) {
        throw ownError(thrown) ?? refusal(library, issuer, thrown)
      }
    },
  }
}

type LoginWords = Readonly<Record<'redirect' | 'state' | 'nonce' | 'verifier', string>>

/** Sends the secret in the way that the service takes: in a header, if it does not say. */
function clientAuth(library: Library, secret: string | undefined): Oidc.ClientAuth {
  if (secret === undefined) return library.None()
  const [basic, post] = [library.ClientSecretBasic(secret), library.ClientSecretPost(secret)]
  return (as, client, body, headers) => {
    const ways = as.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    const takesBasic = ways.includes('client_secret_basic') || !ways.includes('client_secret_post')
    return (takesBasic ? basic : post)(as, client, body, headers)
  }
}

/** Returns the error of ours behind one of the library, which wraps what it does not know. */
function ownError(thrown: unknown): LocketError | undefined {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 4; error = error.cause, depth += 1)
    if (error instanceof LocketError) return error
  return undefined
}

function unavailable({ host }: Pick<URL, 'host'>, thrown: unknown): LocketError {
  return new LocketError('unavailable', `the login service ${host} does not work: ${codeOf(thrown)}`, {
    cause: thrown,
  })
}

/** Codes of the library for a service that fails or does not answer. */
const DOWN: ReadonlySet<string> = new Set(['OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_TIMEOUT', 'OAUTH_ABORT'])

/** Returns the error for an answer that was not accepted. Foreign texts stay out of it, but for codes. */
function refusal(library: Library, { host }: URL, thrown: unknown): LocketError {
  if (thrown instanceof library.AuthorizationResponseError)
    return new LocketError('auth', `the login service ${host} says ${word(thrown.error)}`, { cause: thrown })
  if (DOWN.has(codeOf(thrown))) return unavailable({ host }, thrown)
  if (thrown instanceof library.ResponseBodyError && thrown.error === 'invalid_client')
    return new LocketError('unavailable', `the login service ${host} does not accept this broker`, {
      hint: 'check oidc-client-id and the file of its secret',
      cause: thrown,
    })
  const reason = `the answer of the login service ${host} was not accepted: ${codeOf(thrown)}`
  return new LocketError('auth', reason, { cause: thrown })
}

/** Returns the code of an error of the library. */
function codeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'unknown'
  if ('error' in thrown && typeof thrown.error === 'string') return word(thrown.error)
  return 'code' in thrown && typeof thrown.code === 'string' ? word(thrown.code) : 'unknown'
}

/** Returns a code of somebody else, if it is one word. */
function word(text: string): string {
  return /^[\w-]{1,64}$/.test(text) ? text : 'unknown'
}
