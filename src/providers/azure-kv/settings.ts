import { field, section, type SettingsOf } from '../../settings/field.ts'
import { AbsolutePath, CredentialText, HttpUrl } from '../../settings/kinds.ts'
import { matching } from '../../settings/schema.ts'
import { caCertField, maxConcurrentField, maxRateField } from '../lib/http/traffic-settings.ts'
import { VaultName } from './refs.ts'

const NAMED = { prefix: 'azure-kv-', env: 'AZURE_KV_', server: 'Azure Key Vault' }
const CREDENTIALS = ['azure-client-secret']
const Uuid = matching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'must be a UUID')

/** The settings of the provider `azure-kv`. */
export const azureSettings = section('azure-kv', 'Azure Key Vault', {
  vault: field({
    name: 'azure-kv-vault',
    env: 'AZURE_KV_VAULT',
    schema: VaultName.optional(),
    onlyParses: true,
    example: 'my-vault',
    summary: 'vault of references that name none: its name, or its host outside of the public cloud',
    placeholder: 'NAME',
    isAsked: true,
  }),
  tenantId: field({
    name: 'azure-tenant-id',
    env: 'AZURE_TENANT_ID',
    schema: matching(
      /^[A-Za-z0-9.-]{1,128}$/,
      'must be the id of a tenant, or one of its domains',
    ).optional(),
    example: '72f988bf-86f1-41af-91ab-2d7cd011db47',
    summary: 'tenant of the application',
    placeholder: 'ID',
    isAsked: true,
  }),
  clientId: field({
    name: 'azure-client-id',
    env: 'AZURE_CLIENT_ID',
    schema: Uuid.optional(),
    example: '72f988bf-86f1-41af-91ab-2d7cd011db47',
    summary: 'client id of the application, or of a managed identity that a user has assigned',
    placeholder: 'ID',
    isAsked: true,
  }),
  clientSecret: field({
    name: 'azure-client-secret',
    env: 'AZURE_CLIENT_SECRET',
    schema: CredentialText.optional(),
    summary: 'client secret of the application; left out: a workload or managed identity',
    placeholder: 'SECRET',
    credential: true,
    isShared: true,
  }),
  tokenFile: field({
    name: 'azure-federated-token-file',
    env: 'AZURE_FEDERATED_TOKEN_FILE',
    schema: AbsolutePath.optional(),
    example: '/var/run/secrets/azure/tokens/azure-identity-token',
    summary: 'file of the token of a workload identity, which replaces the client secret',
    placeholder: 'FILE',
    file: true,
    driverOption: false,
  }),
  authority: field({
    name: 'azure-authority-host',
    env: 'AZURE_AUTHORITY_HOST',
    schema: HttpUrl,
    default: 'https://login.microsoftonline.com',
    summary: 'address of the identity service',
    placeholder: 'URL',
    needsCredential: CREDENTIALS,
  }),
  url: field({
    name: 'azure-kv-url',
    env: 'AZURE_KV_URL',
    schema: HttpUrl.optional(),
    summary: 'address of every vault, such as a proxy before it; left out: that of the vault itself',
    placeholder: 'URL',
    needsCredential: CREDENTIALS,
  }),
  maxConcurrent: maxConcurrentField(NAMED),
  maxRate: maxRateField(NAMED, '400/s', CREDENTIALS),
  caCert: caCertField(NAMED, CREDENTIALS),
})

/** The parsed settings of the provider `azure-kv`. */
export type AzureSettings = SettingsOf<typeof azureSettings>
