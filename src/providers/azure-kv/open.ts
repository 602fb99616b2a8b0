import * as z from 'zod'
import type { LocketError } from '../../core/vocabulary/errors.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { Resolved } from '../../core/vocabulary/resolve.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import type { ProviderClient, ProviderDeps } from '../define.ts'
import type { HttpClient, Refusal } from '../lib/http/http.ts'
import { credentialText } from '../lib/login/credential.ts'
import { createMachineHttp } from '../lib/login/machine-http.ts'
import type { Session } from '../lib/login/sessions.ts'
import { openNetworkProvider, ownReference, type NamedCredential } from '../lib/network-provider.ts'
import { providerError } from '../lib/provider-error.ts'
import { chooseField } from '../lib/reference/json-field.ts'
import { azureMethod, azureProblems } from './method.ts'
import { parseAzureSecret, type AzureSecret } from './refs.ts'
import type { AzureSettings } from './settings.ts'
import { applicationToken, managedToken } from './tokens.ts'

/** Bytes of one answer. A secret has at most 25 KiB; a server of the same protocol may keep more. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024
const API_VERSION = '7.4'

/** The domain of the vaults of each cloud, by the host of its identity service. */
const CLOUDS: Readonly<Record<string, string>> = {
  'login.microsoftonline.us': 'vault.usgovcloudapi.net',
  'login.partner.microsoftonline.cn': 'vault.azure.cn',
  'login.chinacloudapi.cn': 'vault.azure.cn',
}
const PUBLIC_CLOUD = 'vault.azure.net'

const Bundle = z.object({ value: z.string(), id: z.string().catch('') })

interface Found {
  readonly value: string
  readonly version: string | undefined
}

interface Batch {
  readonly read: (reference: AzureSecret) => Promise<Found>
}

/** Opens a client of Azure Key Vault. Throws `config` if a setting is missing. */
export function openAzureKv(settings: AzureSettings, deps: ProviderDeps, instance: string): ProviderClient {
  const [problem] = azureProblems(settings)
  if (problem !== undefined) throw providerError('config', `${instance}: ${problem}`)
  const { url, authority, vault, maxConcurrent, maxRate } = settings
  const domain = CLOUDS[new URL(authority).hostname] ?? PUBLIC_CLOUD
  const caCert = { setting: 'azure-kv-ca-cert', path: settings.caCert }
  const baseUrl = url ?? `https://${vault ?? domain}`
  const options = { provider: instance, deps, baseUrl, maxConcurrent, maxRate, caCert }
  return openNetworkProvider<string, Batch>(options, (http) => {
    const machine = createMachineHttp(instance, deps.clock)
    const identity = http.at(authority)
    const vaults = new Map<string, HttpClient>()

    /** Returns the client of a vault. A token of one cloud is sent to no vault of another. */
    function clientOf({ host }: AzureSecret): HttpClient {
      if (!host.endsWith(`.${domain}`))
        throw providerError('config', `${instance}: ${host} is in another cloud than azure-authority-host`)
      if (url !== undefined) return http
      const known = vaults.get(host) ?? http.at(`https://${host}`)
      vaults.set(host, known)
      return known
    }

    async function login([secret]: readonly Secret[], signal: AbortSignal): Promise<Session<string>> {
      const { tenantId = '', clientId } = settings
      const method = azureMethod(settings)
      const resource = `https://${domain}`
      if (method === 'managed-identity')
        return managedToken(machine, deps, { name: instance, resource, clientId }, signal)
      const text = secret === undefined ? '' : credentialText(secret)
      const proof = method === 'client-secret' ? { secret: text } : { assertion: text }
      const application = { tenantId, clientId: clientId ?? '', scope: `${resource}/.default`, proof }
      return applicationToken(identity, application, signal)
    }

    async function read(reference: AzureSecret, token: string, signal: AbortSignal): Promise<Found> {
      const client = clientOf(reference)
      const answer = await client.sendJson({
        path: `/secrets/${placeOf(reference)}?api-version=${API_VERSION}`,
        headers: { accept: 'application/json', authorization: `Bearer ${token}` },
        maxBytes: MAX_ANSWER_BYTES,
        signal,
        explain: (refusal) => explainRead(client.who, reference, refusal),
      })
      const bundle = Bundle.safeParse(answer)
      if (!bundle.success)
        throw providerError('provider_protocol', `${client.who} sent an answer that is not a secret`)
      const { value, id } = bundle.data
      return { value, version: /\/([0-9a-f]{32})$/.exec(id)?.[1] }
    }

    return {
      credentials: [credentialOf(settings, machine)],
      login,
      batch(token, { signal }) {
        const answers = new Map<string, Promise<Found>>()
        return {
          read(reference) {
            const key = `${reference.host}/${placeOf(reference)}`
            const known = answers.get(key) ?? read(reference, token, signal)
            answers.set(key, known)
            return known
          },
        }
      },
      fetchOne,
    }
  })
}

async function fetchOne(ref: SecretRef, { read }: Batch): Promise<Resolved> {
  const reference = ownReference(ref, parseAzureSecret)
  const { value, version } = await read(reference)
  const secret = chooseField(new TextEncoder().encode(value), reference, `secret ${reference.secret}`)
  return { value: secret, ...(version === undefined ? {} : { version }) }
}

/** Returns the credential of the method. A managed identity has none, so a word takes its place. */
function credentialOf(settings: AzureSettings, machine: AsyncDisposable): NamedCredential {
  const { clientSecret, tokenFile } = settings
  const method = azureMethod(settings)
  if (method === 'client-secret' && clientSecret !== undefined)
    return { setting: 'azure-client-secret', from: clientSecret }
  if (method === 'workload-identity' && tokenFile !== undefined)
    return { setting: 'azure-federated-token-file', from: { kind: 'file', path: tokenFile } }
  const from = {
    kind: 'ambient',
    title: 'managed identity',
    read: async () => Secret.fromText('managed-identity'),
    forget: () => undefined,
    [Symbol.dispose]: () => void machine[Symbol.asyncDispose](),
  } as const
  return { setting: 'azure-client-secret', from }
}

function placeOf({ secret, version }: AzureSecret): string {
  return version === undefined ? secret : `${secret}/${version}`
}

const Inner = z.object({ code: z.string().catch('') }).catch({ code: '' })
const ErrorBody = z
  .object({ error: z.object({ code: z.string().catch(''), innererror: Inner }) })
  .catch({ error: { code: '', innererror: { code: '' } } })

function explainRead(
  who: string,
  reference: AzureSecret,
  { status, body }: Refusal,
): LocketError | undefined {
  const { code, innererror } = ErrorBody.parse(body).error
  const what = `secret ${reference.secret}${reference.version === undefined ? '' : ' in this version'}`
  const reason = innererror.code === '' ? code : innererror.code
  const named = /^[A-Za-z]{1,60}$/.test(reason) ? `(${reason}, status ${status})` : `(status ${status})`
  if (status === 404) return providerError('not_found', `${who} has no ${what} ${named}`)
  if (status === 403 && innererror.code === 'SecretDisabled')
    return providerError('not_found', `${who} does not give out ${what} ${named}`, { hint: 'it is disabled' })
  if (status === 403)
    return providerError('denied', `${who} does not let this identity read ${what} ${named}`, {
      hint:
        innererror.code === 'ForbiddenByFirewall'
          ? "the vault's firewall does not let this host in"
          : 'it needs the role Key Vault Secrets User, or get in an access policy. The firewall of the vault counts too',
    })
  return undefined
}
