import { totp } from '../../core/filters/totp.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { Resolved } from '../../core/vocabulary/resolve.ts'
import { packFields } from '../../core/vocabulary/fields.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import type { ProviderClient, ProviderDeps } from '../define.ts'
import { bearer } from '../lib/login/credential.ts'
import { openNetworkProvider, ownReference } from '../lib/network-provider.ts'
import { parseOpReference } from '../lib/reference/op-reference.ts'
import { createConnectApi, createConnectSession } from './api.ts'
import type { ConnectApi, ConnectSession, FirstRefusal } from './api.ts'
import { createKnownNames, findItem, isVaultOf, knownVault } from './find-item.ts'
import type { KnownNames } from './find-item.ts'
import { allFields, selectField } from './select-field.ts'
import { providerError } from '../lib/provider-error.ts'
import type { ConnectSettings } from './settings.ts'

/** Opens a client of a Connect server. Throws `config` if the address or the token is missing. */
export function openConnect(
  { host, token, maxConcurrent, maxRate, caCert }: ConnectSettings,
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
      async fetchOne(ref, batch) {
        const resolved = await fetchOne(ref, batch)
        if (resolved.isFleeting === true) known.fleeting.add(ref.key)
        return resolved
      },
      async versions({ api }) {
        const vaults = new Map((await api.vaults()).map((vault) => [vault.id, vault]))
        return ({ key }) => {
          const reference = known.fleeting.has(key) ? undefined : parseOpReference(key)
          const vault = reference && vaults.get(knownVault(known, reference.vault) ?? '')
          if (vault?.contentVersion == null || !isVaultOf(vault, reference)) return undefined
          return `${vault.id} ${vault.contentVersion}`
        }
      },
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
  const version = item.version == null ? {} : { version: String(item.version) }
  if (reference.isAll === true) return { value: packFields(allFields(item, reference, api.who)), ...version }
  const selected = selectField(item, reference, api.who)
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
