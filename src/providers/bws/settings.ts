import { field, section, type SettingsOf } from '../../settings/field.ts'
import { Choice, CredentialText, HttpUrl, Text } from '../../settings/kinds.ts'
import { caCertField, maxConcurrentField, maxRateField } from '../lib/http/traffic-settings.ts'

const NAMED = { prefix: 'bws-', env: 'BWS_', server: 'Bitwarden' }
/**
 * The limits that Bitwarden's servers have by default for one client IP (bitwarden/server,
 * src/Api/appsettings.json).
 */
const USUAL_RATE = '5/s,60/m'

/** The settings of the provider `bws`. */
export const bwsSettings = section('bws', 'Bitwarden Secrets Manager', {
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
    isAsked: true,
  }),
  identityUrl: field({
    name: 'bws-identity-url',
    env: 'BWS_IDENTITY_URL',
    schema: HttpUrl,
    default: 'https://identity.bitwarden.com',
    summary: 'address of the identity service',
    placeholder: 'URL',
    needsCredential: ['bws-token'],
    isAsked: true,
  }),
  maxConcurrent: maxConcurrentField(NAMED),
  maxRate: maxRateField(NAMED, USUAL_RATE, ['bws-token']),
  userAgent: field({
    name: 'bws-user-agent',
    env: 'BWS_USER_AGENT',
    schema: Text.refine(
      (text) => /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text),
      'must be printable ASCII in one line',
    ),
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

/** The parsed settings of the provider `bws`. */
export type BwsSettings = SettingsOf<typeof bwsSettings>
