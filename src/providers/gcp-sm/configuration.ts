import * as z from 'zod'
import { providerError } from '../lib/provider-error.ts'

/** The address of Google's tokens, for a configuration that names none. */
const TOKEN_URL = 'https://oauth2.googleapis.com/token'

const Address = z.url({ protocol: /^https?$/ })

const ServiceAccount = z.object({
  type: z.literal('service_account'),
  client_email: z.string(),
  private_key: z.string(),
  private_key_id: z.string().optional(),
  token_uri: Address.default(TOKEN_URL),
})
const AuthorizedUser = z.object({
  type: z.literal('authorized_user'),
  client_id: z.string(),
  client_secret: z.string(),
  refresh_token: z.string(),
  token_uri: Address.default(TOKEN_URL),
  quota_project_id: z.string().optional(),
})
const Format = z
  .object({ type: z.enum(['text', 'json']), subject_token_field_name: z.string().optional() })
  .default({ type: 'text' })
const ExternalAccount = z.object({
  type: z.literal('external_account'),
  audience: z.string(),
  subject_token_type: z.string(),
  token_url: Address,
  service_account_impersonation_url: Address.optional(),
  credential_source: z.union([
    z.object({ file: z.string(), format: Format }),
    z.object({
      url: Address,
      headers: z.record(z.string(), z.string()).default({}),
      format: Format,
      environment_id: z.undefined().optional(),
    }),
  ]),
  quota_project_id: z.string().optional(),
})
const Impersonated = z.object({
  type: z.literal('impersonated_service_account'),
  service_account_impersonation_url: Address,
  source_credentials: z.discriminatedUnion('type', [ServiceAccount, AuthorizedUser]),
  quota_project_id: z.string().optional(),
})
const Configuration = z.discriminatedUnion('type', [
  ServiceAccount,
  AuthorizedUser,
  ExternalAccount,
  Impersonated,
])

/**
 * A configuration of Application Default Credentials
 * (https://cloud.google.com/docs/authentication/application-default-credentials,
 * https://google.aip.dev/auth/4110).
 */
export type Configuration = z.output<typeof Configuration>
/** A key of a service account. */
export type ServiceAccount = z.output<typeof ServiceAccount>
/** The login of a person by gcloud. */
export type AuthorizedUser = z.output<typeof AuthorizedUser>
/** Workload identity federation. */
export type ExternalAccount = z.output<typeof ExternalAccount>
/** How a subject token is written. */
export type TokenFormat = z.output<typeof Format>

/**
 * Parses a configuration. `who` names the instance and the file. `isOfVolume`: driver options name the file,
 * so it must not make locket read other files or ask addresses of the machine. Throws `auth`, `config` or
 * `denied`; the error quotes nothing.
 */
export function parseConfiguration(text: string, who: string, isOfVolume: boolean): Configuration {
  const json = parseJson(text)
  const parsed = Configuration.safeParse(json)
  if (parsed.success && isOfVolume && parsed.data.type === 'external_account')
    throw providerError('denied', `${who} is workload identity, which driver options cannot bring`, {
      hint: 'set gcp-sm-credentials where the daemon is configured',
    })
  if (parsed.success) return parsed.data
  const { type, credential_source: source } = z
    .object({ type: z.string().catch(''), credential_source: z.record(z.string(), z.unknown()).catch({}) })
    .catch({ type: '', credential_source: {} })
    .parse(json)
  if (type === 'external_account' && ('executable' in source || 'environment_id' in source))
    throw providerError(
      'config',
      `${who} takes the identity from ${'executable' in source ? 'a program' : 'AWS'}, which locket does not support`,
      { hint: 'use a source of the kind file or url' },
    )
  throw providerError('auth', `${who} is not a configuration of credentials that can be used`, {
    hint: 'expected JSON of the type service_account, authorized_user, external_account or impersonated_service_account',
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The error of the parser is not kept, because its text quotes the key.
    return undefined
  }
}
