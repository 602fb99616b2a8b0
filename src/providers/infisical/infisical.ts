import { createRef } from '../../core/vocabulary/ref.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import { field, section } from '../../settings/field.ts'
import type { SettingsOf } from '../../settings/field.ts'
import { CredentialText, HttpUrl } from '../../settings/kinds.ts'
import { defineProvider } from '../define.ts'
import type { ProviderClient, ProviderDeps } from '../define.ts'
import { openNetworkProvider, ownReference } from '../lib/network-provider.ts'
import { caCertField, maxConcurrentField, maxRateField } from '../lib/http/traffic-settings.ts'
import { createInfisicalApi } from './api.ts'
import type { Dialect, InfisicalApi } from './api.ts'
import { login } from './login.ts'
import { queryOf, readSecret } from './read-secret.ts'
import type { InfisicalQuery } from './read-secret.ts'
import { formatInfisicalReference, parseInfisicalReference } from './reference.ts'
import { Environment, FolderPath, ProjectId, SecretType } from './shapes.ts'
import { providerError } from '../lib/provider-error.ts'

const NAMED = { prefix: 'infisical-', env: 'INFISICAL_', server: 'Infisical' }

const settings = section('infisical', 'Infisical', {
  url: field({
    name: 'infisical-url',
    env: 'INFISICAL_URL',
    schema: HttpUrl,
    default: 'https://us.infisical.com',
    summary: 'address of the Infisical server; https://eu.infisical.com for the cloud in the EU',
    placeholder: 'URL',
    needsCredential: ['infisical-client-secret'],
  }),
  clientId: field({
    name: 'infisical-client-id',
    env: 'INFISICAL_CLIENT_ID',
    schema: CredentialText.optional(),
    summary: 'client id of a machine identity with universal auth',
    placeholder: 'ID',
    credential: true,
    isPublic: true,
  }),
  clientSecret: field({
    name: 'infisical-client-secret',
    env: 'INFISICAL_CLIENT_SECRET',
    schema: CredentialText.optional(),
    summary: 'client secret of the machine identity',
    placeholder: 'SECRET',
    credential: true,
  }),
  defaultEnvironment: field({
    name: 'infisical-default-environment',
    onlyParses: true,
    env: 'INFISICAL_DEFAULT_ENVIRONMENT',
    schema: Environment.optional(),
    example: 'prod',
    summary: 'slug of the environment of references without env=',
    placeholder: 'SLUG',
  }),
  defaultProjectId: field({
    name: 'infisical-default-project-id',
    onlyParses: true,
    env: 'INFISICAL_DEFAULT_PROJECT_ID',
    schema: ProjectId.optional(),
    example: '3832b656-a93b-45ad-bdfa-b267016802c3',
    summary: 'project of references without project_id=',
    placeholder: 'ID',
  }),
  defaultPath: field({
    name: 'infisical-default-path',
    onlyParses: true,
    env: 'INFISICAL_DEFAULT_PATH',
    schema: FolderPath,
    default: '/',
    summary: 'folder of references without path=',
    placeholder: 'PATH',
  }),
  defaultSecretType: field({
    name: 'infisical-default-secret-type',
    onlyParses: true,
    env: 'INFISICAL_DEFAULT_SECRET_TYPE',
    schema: SecretType,
    default: 'shared',
    summary: 'shared or personal: type of references without type=',
    placeholder: 'TYPE',
  }),
  maxConcurrent: maxConcurrentField(NAMED),
  maxRate: maxRateField(NAMED, '120/m', ['infisical-client-secret']),
  caCert: caCertField(NAMED, ['infisical-client-secret']),
})

/** The provider `infisical`: a machine identity with universal auth. */
export const infisical = defineProvider({
  kind: 'infisical',
  title: 'Infisical',
  schemes: ['infisical'],
  settings,
  parse(text, instance, { defaultEnvironment, defaultProjectId, defaultPath, defaultSecretType }) {
    const reference = parseInfisicalReference(text, {
      environment: defaultEnvironment,
      projectId: defaultProjectId,
      path: defaultPath,
      type: defaultSecretType,
    })
    return reference === undefined
      ? undefined
      : createRef(instance, formatInfisicalReference(reference), text)
  },
  check({ clientId, clientSecret }) {
    const lines: string[] = []
    if (clientId === undefined) lines.push('infisical-client-id (INFISICAL_CLIENT_ID) is not set')
    if (clientSecret === undefined) lines.push('infisical-client-secret (INFISICAL_CLIENT_SECRET) is not set')
    return lines
  },
  open,
})

function open(
  { url, clientId, clientSecret, maxConcurrent, maxRate, caCert }: SettingsOf<typeof settings>,
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
