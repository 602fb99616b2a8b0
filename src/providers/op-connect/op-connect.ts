import { totp } from '../../core/filters/totp.ts'
import { createRef } from '../../core/vocabulary/ref.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { Resolved } from '../../core/vocabulary/resolve.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import { field, section } from '../../settings/field.ts'
import type { SettingsOf } from '../../settings/field.ts'
import { CredentialText, HttpUrl } from '../../settings/kinds.ts'
import { defineProvider } from '../define.ts'
import type { ProviderClient, ProviderDeps } from '../define.ts'
import { bearer } from '../lib/login/credential.ts'
import { openNetworkProvider, ownReference } from '../lib/network-provider.ts'
import { formatOpReference, parseOpReference } from '../lib/op-reference.ts'
import { caCertField, maxConcurrentField, maxRateField } from '../lib/http/traffic-settings.ts'
import { createConnectApi, createConnectSession } from './api.ts'
import type { ConnectApi, ConnectSession, FirstRefusal } from './api.ts'
import { createKnownNames, findItem } from './find-item.ts'
import type { KnownNames } from './find-item.ts'
import { selectField } from './select-field.ts'
import { providerError } from '../lib/provider-error.ts'

const NAMED = { prefix: 'connect-', env: 'OP_CONNECT_', server: 'the Connect server' }

const settings = section('op-connect', '1Password Connect', {
  host: field({
    name: 'connect-host',
    env: 'OP_CONNECT_HOST',
    schema: HttpUrl.optional(),
    summary: 'address of the 1Password Connect server; a path prefix is allowed',
    placeholder: 'URL',
    needsCredential: ['connect-token'],
  }),
  token: field({
    name: 'connect-token',
    env: 'OP_CONNECT_TOKEN',
    schema: CredentialText.optional(),
    summary: 'access token of the Connect server',
    placeholder: 'TOKEN',
    credential: true,
  }),
  maxConcurrent: maxConcurrentField(NAMED),
  maxRate: maxRateField(NAMED, 'none', ['connect-token']),
  caCert: caCertField(NAMED, ['connect-token']),
})

/** The provider `op-connect`: a 1Password Connect server. */
export const opConnect = defineProvider({
  kind: 'op-connect',
  title: '1Password Connect',
  schemes: ['op'],
  settings,
  parse(text, instance) {
    const reference = parseOpReference(text)
    return reference === undefined ? undefined : createRef(instance, formatOpReference(reference), text)
  },
  check({ host, token }) {
    const lines: string[] = []
    if (host === undefined) lines.push('connect-host (OP_CONNECT_HOST) is not set')
    if (token === undefined) lines.push('connect-token (OP_CONNECT_TOKEN) is not set')
    return lines
  },
  open,
})

function open(
  { host, token, maxConcurrent, maxRate, caCert }: SettingsOf<typeof settings>,
  deps: ProviderDeps,
  instance: string,
): ProviderClient {
  if (host === undefined || token === undefined) {
    throw providerError(
      'config',
      `${instance} needs connect-host (OP_CONNECT_HOST) and connect-token (OP_CONNECT_TOKEN)`,
    )
  }
  const options = {
    provider: instance,
    deps,
    // The documentation of Connect writes some addresses with the path of the API.
    baseUrl: host.replace(/\/v1$/, ''),
    maxConcurrent,
    maxRate,
    caCert: { setting: 'connect-ca-cert', path: caCert },
  }
  return openNetworkProvider<ConnectSession, Batch>(options, (http) => {
    const known = createKnownNames()
    const refusal: FirstRefusal = { mayRetry: true }
    return {
      credentials: [{ setting: 'connect-token', from: token }],
      login: async ([secret]) => ({
        value: createConnectSession(secret === undefined ? '' : bearer(secret)),
      }),
      isRenewable: false,
      batch: (session, { signal }) => ({
        api: createConnectApi(http, session, { signal, refusal }),
        known,
        now: deps.clock.now(),
      }),
      fetchOne,
      async probe({ api }) {
        await api.vaults()
      },
    }
  })
}

/** The data that all references of one batch share. */
interface Batch {
  readonly api: ConnectApi
  readonly known: KnownNames
  readonly now: number
}

async function fetchOne(ref: SecretRef, { api, known, now }: Batch): Promise<Resolved> {
  const reference = ownReference(ref, parseOpReference)
  const { vaultId, item } = await findItem(api, known, reference)
  const selected = selectField(item, reference)
  const version = item.version == null ? {} : { version: String(item.version) }
  if (selected.kind === 'file')
    return { value: new Secret(await api.file(vaultId, item.id, selected.fileId)), ...version }
  const text = new TextEncoder().encode(selected.text)
  if (selected.kind === 'text')
    return {
      value: new Secret(text),
      ...(reference.attribute === 'otp' ? { isFleeting: true } : version),
    }
  try {
    return { value: new Secret(totp.apply(text, [], { nowMs: now })), isFleeting: true }
  } finally {
    text.fill(0)
  }
}
