import * as z from 'zod'
import type { LocketError } from '../../core/vocabulary/errors.ts'
import type { ProviderDeps } from '../define.ts'
import type { HttpClient, Refusal } from '../lib/http/http.ts'
import { readCredentialBytes } from '../lib/login/credential.ts'
import { MAX_MACHINE_BYTES, soon, type MachineHttp } from '../lib/login/machine-http.ts'
import type { Session } from '../lib/login/sessions.ts'
import { providerError } from '../lib/provider-error.ts'
import { assertionOf, readSubject, SCOPE, TOKEN_SECONDS } from './assertion.ts'
import type { AuthorizedUser, Configuration, ExternalAccount, ServiceAccount } from './configuration.ts'

const MAX_BYTES = 64 * 1024

/** The token of a login. */
export interface GcpToken {
  readonly token: string
  /** The project that is billed for the requests of a person. */
  readonly quotaProject: string | undefined
}

/** The options of `createGcpTokens`. */
interface TokenOptions {
  readonly name: string
  readonly http: HttpClient
  readonly machine: MachineHttp
  readonly deps: ProviderDeps
}

/** Gets access tokens. */
interface GcpTokens {
  /**
   * Exchanges a configuration for a token. Rejects with `auth`, `denied`, or as `HttpClient.sendJson` does.
   */
  login(configuration: Configuration, signal: AbortSignal): Promise<Session<GcpToken>>
  /** Asks the metadata of the machine for a token. */
  fromMachine(signal: AbortSignal): Promise<Session<GcpToken>>
}

const Token = z.object({
  access_token: z.string().regex(/^[!-~]+$/),
  expires_in: z.coerce.number().positive(),
})
const Impersonation = z.object({ accessToken: z.string().regex(/^[!-~]+$/), expireTime: z.string() })

/** Makes the client of Google's token services. */
export function createGcpTokens({ name, http, machine, deps }: TokenOptions): GcpTokens {
  const clients = new Map<string, HttpClient>()

  function clientOf(url: URL): HttpClient {
    const known = clients.get(url.origin) ?? http.at(url.origin)
    clients.set(url.origin, known)
    return known
  }

  async function post(
    address: string,
    { body, headers }: { readonly body: string; readonly headers: Readonly<Record<string, string>> },
    signal: AbortSignal,
  ): Promise<unknown> {
    const url = new URL(address)
    const client = clientOf(url)
    const bytes = new TextEncoder().encode(body)
    try {
      return await client.sendJson({
        method: 'POST',
        path: url.pathname + url.search,
        headers: { accept: 'application/json', ...headers },
        body: bytes,
        maxBytes: MAX_BYTES,
        signal,
        explain: (refusal) => explainToken(client.who, refusal),
      })
    } finally {
      bytes.fill(0)
    }
  }

  async function postForm(
    address: string,
    fields: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Session<string>> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await post(address, { body: new URLSearchParams(fields).toString(), headers }, signal)
    return readToken(answer, clientOf(new URL(address)).who)
  }

  function fromServiceAccount(account: ServiceAccount, signal: AbortSignal): Promise<Session<string>> {
    return postForm(
      account.token_uri,
      {
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: assertionOf(account, name, deps.clock.now()),
      },
      signal,
    )
  }

  function fromUser(user: AuthorizedUser, signal: AbortSignal): Promise<Session<string>> {
    const { client_id, client_secret, refresh_token, token_uri } = user
    return postForm(
      token_uri,
      { grant_type: 'refresh_token', client_id, client_secret, refresh_token },
      signal,
    )
  }

  async function fromFederation(account: ExternalAccount, signal: AbortSignal): Promise<Session<string>> {
    const subject = await subjectToken(account, signal)
    return postForm(
      account.token_url,
      {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        audience: account.audience,
        scope: SCOPE,
        requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        subject_token_type: account.subject_token_type,
        subject_token: subject,
      },
      signal,
    )
  }

  async function subjectToken(
    { credential_source: source }: ExternalAccount,
    signal: AbortSignal,
  ): Promise<string> {
    const what = `${name}: the identity of the workload`
    if ('file' in source) {
      const use = { provider: name, setting: 'credential_source' }
      const bytes = await readCredentialBytes({ kind: 'file', path: source.file }, deps.files, use)
      const text = new TextDecoder().decode(bytes)
      bytes.fill(0)
      return readSubject(text, source.format, what)
    }
    const url = new URL(source.url)
    const { headers } = source
    const request = { path: url.pathname + url.search, headers, maxBytes: MAX_MACHINE_BYTES, signal }
    const bytes = await machine.at(url.origin).send(request)
    const text = new TextDecoder().decode(bytes)
    bytes.fill(0)
    return readSubject(text, source.format, what)
  }

  /** Exchanges a token for one of a service account. */
  async function impersonate(
    url: string,
    { value }: Session<string>,
    signal: AbortSignal,
  ): Promise<Session<string>> {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${value}` }
    const body = JSON.stringify({ scope: [SCOPE], lifetime: `${TOKEN_SECONDS}s` })
    const answer = Impersonation.safeParse(await post(url, { body, headers }, signal))
    const until = Date.parse(answer.data?.expireTime ?? '')
    if (!answer.success || Number.isNaN(until)) throw unreadable(clientOf(new URL(url)).who)
    return { value: answer.data.accessToken, lifetimeMs: until - deps.clock.now() }
  }

  async function tokenOf(configuration: Configuration, signal: AbortSignal): Promise<Session<string>> {
    if (configuration.type === 'service_account') return fromServiceAccount(configuration, signal)
    if (configuration.type === 'authorized_user') return fromUser(configuration, signal)
    const { service_account_impersonation_url: url } = configuration
    const first =
      configuration.type === 'external_account'
        ? await fromFederation(configuration, signal)
        : await tokenOf(configuration.source_credentials, signal)
    return url === undefined ? first : impersonate(url, first, signal)
  }

  return {
    async login(configuration, signal) {
      const { value, lifetimeMs } = await tokenOf(configuration, signal)
      const quotaProject = 'quota_project_id' in configuration ? configuration.quota_project_id : undefined
      return { value: { token: value, quotaProject }, lifetimeMs }
    },
    async fromMachine(signal) {
      const host = deps.env['GCE_METADATA_HOST'] || 'metadata.google.internal'
      const client = machine.at(`http://${host}`)
      const answer = await client.sendJson({
        path: '/computeMetadata/v1/instance/service-accounts/default/token',
        headers: { 'metadata-flavor': 'Google' },
        maxBytes: MAX_MACHINE_BYTES,
        signal: soon(signal),
      })
      const { value, lifetimeMs } = readToken(answer, client.who)
      return { value: { token: value, quotaProject: undefined }, lifetimeMs }
    },
  }
}

function readToken(answer: unknown, who: string): Session<string> {
  const read = Token.safeParse(answer)
  if (!read.success) throw unreadable(who)
  return { value: read.data.access_token, lifetimeMs: read.data.expires_in * 1000 }
}

const TokenError = z.object({ error: z.string().catch('') }).catch({ error: '' })

function explainToken(who: string, { status, body }: Refusal): LocketError | undefined {
  const { error } = TokenError.parse(body)
  const named = /^[a-z_]{1,40}$/.test(error) ? `(${error}, status ${status})` : `(status ${status})`
  if (status === 400 || status === 401)
    return providerError('auth', `${who} does not accept the credentials ${named}`, {
      hint: 'is the key or token of gcp-sm-credentials complete, current and not deleted? Is the clock of this host right?',
    })
  if (status === 403)
    return providerError(
      'denied',
      `${who} does not let these credentials take on the service account ${named}`,
      {
        hint: 'they need the role roles/iam.serviceAccountTokenCreator on it',
      },
    )
  return undefined
}

function unreadable(who: string): LocketError {
  return providerError('provider_protocol', `${who} sent an answer without a token`)
}
