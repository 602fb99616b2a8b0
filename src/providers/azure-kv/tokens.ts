import * as z from 'zod'
import { isLocketError, type LocketError } from '../../core/vocabulary/errors.ts'
import type { ProviderDeps } from '../define.ts'
import type { HttpClient, Refusal } from '../lib/http/http.ts'
import { MAX_MACHINE_BYTES, soon, type MachineHttp } from '../lib/login/machine-http.ts'
import type { Session } from '../lib/login/sessions.ts'
import { providerError } from '../lib/provider-error.ts'

const MAX_BYTES = 64 * 1024
/** The version of the instance metadata's protocol for tokens. */
const METADATA_VERSION = '2018-02-01'
/** The version of the protocol of App Service, Functions and Container Apps. */
const APP_SERVICE_VERSION = '2019-08-01'

/** The times are numbers or digits in a string. */
const Token = z.object({
  access_token: z.string().regex(/^[!-~]+$/),
  expires_in: z.coerce.number().positive().optional(),
  expires_on: z.coerce.number().positive().optional(),
})

/** The proof of the application to the identity service. */
type Proof = { readonly secret: string } | { readonly assertion: string }

/** Asks the identity service for a token of an application (OAuth 2.0 client credentials). */
export async function applicationToken(
  http: HttpClient,
  {
    tenantId,
    clientId,
    scope,
    proof,
  }: { readonly tenantId: string; readonly clientId: string; readonly scope: string; readonly proof: Proof },
  signal: AbortSignal,
): Promise<Session<string>> {
  const own =
    'secret' in proof
      ? { client_secret: proof.secret }
      : {
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: proof.assertion,
        }
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, scope, ...own })
  const body = new TextEncoder().encode(form.toString())
  try {
    const answer = await http.sendJson({
      method: 'POST',
      path: `/${encodeURIComponent(tenantId)}/oauth2/v2.0/token`,
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body,
      maxBytes: MAX_BYTES,
      signal,
      explain: (refusal) => explainToken(http.who, refusal),
    })
    return readToken(answer, http.who, 0)
  } finally {
    body.fill(0)
  }
}

/**
 * Asks the platform for a token of its managed identity: App Service and its relatives by
 * `IDENTITY_ENDPOINT`, else the metadata of the virtual machine. Rejects with `credential_missing` if none
 * answers.
 */
export async function managedToken(
  machine: MachineHttp,
  { env, clock }: Pick<ProviderDeps, 'env' | 'clock'>,
  {
    name,
    resource,
    clientId,
  }: { readonly name: string; readonly resource: string; readonly clientId: string | undefined },
  signal: AbortSignal,
): Promise<Session<string>> {
  const endpoint = env['IDENTITY_ENDPOINT'] ?? ''
  const isAppService = URL.canParse(endpoint)
  const url = isAppService ? new URL(endpoint) : metadataUrl(env['AZURE_POD_IDENTITY_AUTHORITY_HOST'] ?? '')
  const query = new URLSearchParams({
    'api-version': isAppService ? APP_SERVICE_VERSION : METADATA_VERSION,
    resource,
    ...(clientId === undefined ? {} : { client_id: clientId }),
  })
  const client = machine.at(url.origin)
  try {
    const answer = await client.sendJson({
      path: `${url.pathname}?${query.toString()}`,
      headers: isAppService ? { 'x-identity-header': env['IDENTITY_HEADER'] ?? '' } : { metadata: 'true' },
      maxBytes: MAX_MACHINE_BYTES,
      signal: soon(signal),
      explain: ({ status }) =>
        status === 400 || status === 403
          ? providerError('auth', `${client.who} has no managed identity for locket (status ${status})`, {
              hint: 'assign one; azure-client-id chooses among several',
            })
          : undefined,
    })
    return readToken(answer, client.who, clock.now())
  } catch (thrown) {
    signal.throwIfAborted()
    if (!isLocketError(thrown) || !ABSENT.has(thrown.code)) throw thrown
    throw providerError('credential_missing', `${name} finds no managed identity of this machine`, {
      hint: 'set azure-tenant-id, azure-client-id and azure-client-secret (AZURE_CLIENT_SECRET) outside of Azure',
      cause: thrown,
    })
  }
}

/** Returns the address of the metadata service. The variable of it is that of Azure's libraries. */
function metadataUrl(host: string): URL {
  return new URL('/metadata/identity/oauth2/token', URL.canParse(host) ? host : 'http://169.254.169.254')
}

/** The codes of a metadata service that is not there. */
const ABSENT: ReadonlySet<string> = new Set(['unavailable', 'timeout', 'not_found'])

/** `now`: milliseconds since the epoch, for an answer that tells only when the token expires. */
function readToken(answer: unknown, who: string, now: number): Session<string> {
  const read = Token.safeParse(answer)
  const { access_token: value, expires_in: seconds, expires_on: until } = read.data ?? {}
  const lifetimeMs = seconds === undefined ? (until ?? 0) * 1000 - now : seconds * 1000
  if (value !== undefined && lifetimeMs > 0) return { value, lifetimeMs }
  throw providerError('provider_protocol', `${who} sent an answer without a token`)
}

const ErrorBody = z.object({ error: z.string().catch('') }).catch({ error: '' })

function explainToken(who: string, { status, body }: Refusal): LocketError | undefined {
  const { error } = ErrorBody.parse(body)
  const named = /^[a-z_]{1,40}$/.test(error) ? `(${error}, status ${status})` : `(status ${status})`
  if (status === 401 || error === 'invalid_client')
    return providerError('auth', `${who} does not accept the client secret or token ${named}`, {
      hint: 'is it the value of the secret and not its id, and not expired?',
    })
  if (status === 400 || status === 404)
    return providerError('auth', `${who} does not accept the application ${named}`, {
      hint: 'are azure-tenant-id and azure-client-id right?',
    })
  return undefined
}
