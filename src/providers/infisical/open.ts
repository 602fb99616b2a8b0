import { packFields } from '../../core/vocabulary/fields.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import type { ProviderClient, ProviderDeps } from '../define.ts'
import { openNetworkProvider, ownReference } from '../lib/network-provider.ts'
import { createInfisicalApi } from './api.ts'
import type { Dialect, InfisicalApi } from './api.ts'
import { login } from './login.ts'
import { queryOf, readFolder, readSecret } from './read-secret.ts'
import type { InfisicalQuery } from './read-secret.ts'
import { parseInfisicalReference } from './reference.ts'
import { providerError } from '../lib/provider-error.ts'
import type { InfisicalSettings } from './settings.ts'

/** Opens a client of Infisical. Throws `config` if a credential is missing. */
export function openInfisical(
  { url, clientId, clientSecret, maxConcurrent, maxRate, caCert }: InfisicalSettings,
  deps: ProviderDeps,
  instance: string,
): ProviderClient {
  if (clientId === undefined || clientSecret === undefined) {
    throw providerError(
      'config',
      `${instance} needs infisical-client-id (INFISICAL_CLIENT_ID) and infisical-client-secret (INFISICAL_CLIENT_SECRET)`,
    )
  }
  const options = {
    provider: instance,
    deps,
    baseUrl: url.replace(/\/api$/, ''),
    maxConcurrent,
    maxRate,
    caCert: { setting: 'infisical-ca-cert', path: caCert },
  }
  return openNetworkProvider<InfisicalApi, Batch>(options, (http) => {
    const dialect: Dialect = { version: 4 }
    return {
      credentials: [
        { setting: 'infisical-client-id', from: clientId },
        { setting: 'infisical-client-secret', from: clientSecret },
      ],
      async login(credentials, signal) {
        const { value, lifetimeMs } = await login(http, credentials, signal)
        return { value: createInfisicalApi(http, value, dialect), lifetimeMs }
      },
      batch: (api, { refs, signal }) => ({ api, query: queryOf(refs), who: http.who, signal }),
      async fetchOne(ref, { api, query, ...call }) {
        const reference = ownReference(ref, (key) => parseInfisicalReference(key, {}))
        if (reference.isAll === true) return { value: packFields(await readFolder(reference, api, call)) }
        const { value, version } = await readSecret(reference, api, query, call)
        return { value: Secret.fromText(value), ...(version === undefined ? {} : { version }) }
      },
    }
  })
}

/** The data that all references of one batch share. */
interface Batch {
  readonly api: InfisicalApi
  readonly query: InfisicalQuery
  readonly who: string
  readonly signal: AbortSignal
}
