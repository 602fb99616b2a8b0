import { LocketError } from '../../core/vocabulary/errors.ts'
import { createRef } from '../../core/vocabulary/ref.ts'
import type { Resolved } from '../../core/vocabulary/resolve.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import { field, section } from '../../settings/field.ts'
import type { SettingsOf } from '../../settings/field.ts'
import { Choice, CredentialText, HttpUrl, Text } from '../../settings/kinds.ts'
import { defineProvider } from '../define.ts'
import type { ProviderClient, ProviderDeps } from '../define.ts'
import { fetchEach } from '../lib/each.ts'
import { throwIfAborted } from '../lib/http/http-errors.ts'
import { createTraffic } from '../lib/http/traffic.ts'
import { caCertField, caCertReader, maxConcurrentField, maxRateField } from '../lib/http/traffic-settings.ts'
import { createChosenClient } from './choose-client.ts'
import { createGather } from './gather.ts'
import type { Gather } from './gather.ts'
import { formatBwsReference, parseBwsReference } from './refs.ts'
import { providerError } from '../lib/provider-error.ts'

const NAMED = { prefix: 'bws-', env: 'BWS_', server: 'Bitwarden' }
/**
 * The limits that Bitwarden's servers have by default for one client IP (bitwarden/server,
 * src/Api/appsettings.json).
 */
const USUAL_RATE = '5/s,60/m'

const settings = section('bws', 'Bitwarden Secrets Manager', {
  token: field({
    name: 'bws-token',
    env: 'BWS_MACHINE_TOKEN',
    schema: CredentialText.optional(),
    summary: 'access token of a machine account',
    placeholder: 'TOKEN',
    credential: true,
  }),
  apiUrl: field({
    name: 'bws-api-url',
    env: 'BWS_API_URL',
    schema: HttpUrl,
    default: 'https://api.bitwarden.com',
    summary: 'address of the API',
    placeholder: 'URL',
    needsCredential: ['bws-token'],
  }),
  identityUrl: field({
    name: 'bws-identity-url',
    env: 'BWS_IDENTITY_URL',
    schema: HttpUrl,
    default: 'https://identity.bitwarden.com',
    summary: 'address of the identity service',
    placeholder: 'URL',
    needsCredential: ['bws-token'],
  }),
  maxConcurrent: maxConcurrentField(NAMED),
  maxRate: maxRateField(NAMED, USUAL_RATE, ['bws-token']),
  userAgent: field({
    name: 'bws-user-agent',
    env: 'BWS_USER_AGENT',
    schema: Text.regex(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/, 'must be printable ASCII in one line'),
    default: 'locket',
    summary: 'user agent that locket sends to Bitwarden',
    placeholder: 'TEXT',
  }),
  client: field({
    name: 'bws-client',
    env: 'BWS_CLIENT',
    schema: Choice(['auto', 'sdk', 'builtin']),
    default: 'auto',
    summary: "sdk: Bitwarden's own, which must be installed; builtin: locket's; auto: sdk if it is installed",
    placeholder: 'CLIENT',
  }),
  caCert: caCertField(NAMED, ['bws-token']),
})

/** The provider `bws`: Bitwarden Secrets Manager. */
export const bws = defineProvider({
  kind: 'bws',
  title: 'Bitwarden Secrets Manager',
  schemes: ['bws'],
  settings,
  parse(text, instance) {
    const reference = parseBwsReference(text)
    return reference === undefined ? undefined : createRef(instance, formatBwsReference(reference), text)
  },
  check({ token, client, caCert }) {
    const lines: string[] = []
    if (token === undefined) lines.push('bws-token (BWS_MACHINE_TOKEN) is not set')
    if (client === 'sdk' && caCert !== undefined)
      lines.push('bws-client sdk does not support bws-ca-cert: leave one of the two out')
    return lines
  },
  open,
})

function open(
  { token, maxConcurrent, maxRate, caCert, client: choice, ...urls }: SettingsOf<typeof settings>,
  { clock, emit, files, startWorker, env }: ProviderDeps,
  instance: string,
): ProviderClient {
  if (token === undefined) throw providerError('config', 'bws needs bws-token (BWS_MACHINE_TOKEN)')
  const traffic = createTraffic({ provider: instance, maxConcurrent, rates: maxRate, clock })
  const caCertOf = caCertReader(caCert, files, { provider: instance, setting: 'bws-ca-cert' })
  const client = createChosenClient({
    ...urls,
    provider: instance,
    token,
    choice,
    maxConcurrent,
    caCert: caCertOf,
    files,
    traffic,
    emit,
    startWorker,
    env,
  })
  const who = `${instance} at ${urls.apiUrl}`
  const gather = createGather(client, who)

  async function withGather(
    { signal }: { readonly signal: AbortSignal },
    work: (batch: Batch) => Promise<void>,
  ): Promise<void> {
    throwIfAborted(who, signal)
    await work({ gather, signal })
  }

  return {
    fetch: fetchEach({ provider: instance, emit, traffic, withBatch: withGather, fetchOne }),
    probe: (signal) => client.use(signal, () => Promise.resolve()),
    status: () => traffic.status(),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}

interface Batch {
  readonly gather: Gather
  readonly signal: AbortSignal
}

async function fetchOne({ key }: SecretRef, { gather, signal }: Batch): Promise<Resolved> {
  const reference = parseBwsReference(key)
  if (reference === undefined) throw new LocketError('internal', 'a reference of another provider')
  return gather.read({ ...reference, key }, signal)
}
