import { field, section, type SettingsOf } from '../../settings/field.ts'
import { CredentialText } from '../../settings/kinds.ts'
import { caCertField, maxConcurrentField, maxRateField } from '../lib/http/traffic-settings.ts'

const NAMED = { prefix: 'op-', env: 'OP_', server: '1Password' }

/** The settings of the provider `op`. */
export const opSettings = section('op', '1Password service accounts', {
  token: field({
    name: 'op-token',
    env: 'OP_SERVICE_ACCOUNT_TOKEN',
    schema: CredentialText.optional(),
    summary: 'token of a 1Password service account',
    placeholder: 'TOKEN',
    credential: true,
  }),
  // Each of them is one call into the SDK, which sends several requests one after the other.
  maxConcurrent: maxConcurrentField(NAMED, '4'),
  maxRate: maxRateField(NAMED, '1000/h', ['op-token']),
  caCert: caCertField(NAMED, ['op-token']),
})

/** The parsed settings of the provider `op`. */
export type OpSettings = SettingsOf<typeof opSettings>
