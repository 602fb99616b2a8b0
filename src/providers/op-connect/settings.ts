import { field, section, type SettingsOf } from '../../settings/field.ts'
import { CredentialText, HttpUrl } from '../../settings/kinds.ts'
import { caCertField, maxConcurrentField, maxRateField } from '../lib/http/traffic-settings.ts'

const NAMED = { prefix: 'connect-', env: 'OP_CONNECT_', server: 'the Connect server' }

/** The settings of the provider `op-connect`. */
export const connectSettings = section('op-connect', '1Password Connect', {
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

/** The parsed settings of the provider `op-connect`. */
export type ConnectSettings = SettingsOf<typeof connectSettings>
