import { isLocketError } from '../../../core/vocabulary/errors.ts'
import type { Secret } from '../../../core/vocabulary/secret.ts'
import type { ProviderDeps } from '../../define.ts'
import type { HttpClient } from '../http/http.ts'
import { credentialText, readCredential } from '../login/credential.ts'
import { createMachineHttp, MAX_MACHINE_BYTES, soon } from '../login/machine-http.ts'
import { providerError } from '../provider-error.ts'
import { PlatformKeys, type FoundKeys } from './key-text.ts'

/** Seconds for which a session of the instance metadata is good. */
const SESSION_SECONDS = '300'

/** The addresses on which the platform gives keys. No proxy is used for them. */
export interface AwsPlatform extends AsyncDisposable {
  /** Resolves with the keys of the container; undefined if the environment names no endpoint for them. */
  container(signal: AbortSignal): Promise<FoundKeys | undefined>
  /** Resolves with the keys of the instance's role; undefined if no metadata service answers. */
  instance(signal: AbortSignal): Promise<FoundKeys | undefined>
}

/** Makes the client of the platform. `name` is the instance of the provider, for messages. */
export function createPlatform(name: string, { clock, env, files }: ProviderDeps): AwsPlatform {
  const machine = createMachineHttp(name, clock)

  async function containerToken(): Promise<string | undefined> {
    const inline = env['AWS_CONTAINER_AUTHORIZATION_TOKEN'] ?? ''
    const path = env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'] ?? ''
    if (path === '') return inline === '' ? undefined : inline
    const use = { provider: name, setting: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE' }
    return taken(await readCredential({ kind: 'file', path }, files, use))
  }

  async function askInstance(signal: AbortSignal): Promise<FoundKeys | undefined> {
    const http = machine.at(instanceUrl(env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] ?? ''))
    const session = { 'x-aws-ec2-metadata-token-ttl-seconds': SESSION_SECONDS }
    const token = await textOf(http, { method: 'PUT', path: '/latest/api/token', headers: session, signal })
    const headers = { 'x-aws-ec2-metadata-token': token }
    const roles = '/latest/meta-data/iam/security-credentials/'
    const role = (await textOf(http, { path: roles, headers, signal })).split('\n')[0]?.trim() ?? ''
    const answer = await http.sendJson({
      path: `${roles}${encodeURIComponent(role)}`,
      headers,
      maxBytes: MAX_MACHINE_BYTES,
      signal: soon(signal),
    })
    const region = await textOf(http, { path: '/latest/meta-data/placement/region', headers, signal })
    return { ...readKeys(answer, http.who), region: region.trim() }
  }

  return {
    async container(signal) {
      const url = containerUrl(name, env)
      if (url === undefined) return undefined
      const token = await containerToken()
      const http = machine.at(url.origin)
      const headers = token === undefined ? {} : { authorization: token }
      const request = {
        path: url.pathname + url.search,
        headers,
        maxBytes: MAX_MACHINE_BYTES,
        signal: soon(signal),
      }
      return readKeys(await http.sendJson(request), http.who)
    },
    async instance(signal) {
      if (/^true$/i.test(env['AWS_EC2_METADATA_DISABLED'] ?? '')) return undefined
      try {
        return await askInstance(signal)
      } catch (thrown) {
        signal.throwIfAborted()
        // Nothing answers outside of EC2, or the instance has no role.
        const isNone = isLocketError(thrown) && ABSENT.has(thrown.code)
        if (isNone) return undefined
        throw thrown
      }
    },
    [Symbol.asyncDispose]: () => machine[Symbol.asyncDispose](),
  }
}

/** The codes of a metadata service that is not there. */
const ABSENT: ReadonlySet<string> = new Set([
  'unavailable',
  'timeout',
  'not_found',
  'provider_protocol',
  'denied',
])

/** The hosts to which the token of a container may be sent without TLS. */
const CONTAINER_HOSTS =
  /^(169\.254\.170\.2|169\.254\.170\.23|\[fd00:ec2::23\]|localhost|127(\.[0-9]{1,3}){3}|\[::1\])$/

function containerUrl(name: string, env: ProviderDeps['env']): URL | undefined {
  const relative = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] ?? ''
  const full = env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] ?? ''
  if (relative === '' && full === '') return undefined
  const text = relative === '' ? full : `http://169.254.170.2${relative}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isSafe =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && CONTAINER_HOSTS.test(url.hostname))
  if (url !== undefined && isSafe && url.username === '') return url
  throw providerError(
    'config',
    `${name}: AWS_CONTAINER_CREDENTIALS_FULL_URI must be an https:// address, or one of this platform or its container platform`,
  )
}

function instanceUrl(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  return url === undefined ? 'http://169.254.169.254' : url.href.replace(/\/+$/, '')
}

interface TextRequest {
  readonly method?: 'PUT'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

async function textOf(http: HttpClient, { signal, ...request }: TextRequest): Promise<string> {
  const bytes = await http.send({
    ...request,
    maxBytes: MAX_MACHINE_BYTES,
    signal: soon(signal),
    mayRepeat: false,
  })
  const text = new TextDecoder('latin1').decode(bytes)
  bytes.fill(0)
  return text
}

function readKeys(answer: unknown, who: string): FoundKeys {
  const keys = PlatformKeys.safeParse(answer)
  if (keys.success) return keys.data
  throw providerError('provider_protocol', `${who} sent an answer without keys`)
}

function taken(secret: Secret): string {
  const text = credentialText(secret)
  secret.wipe()
  return text
}
