import { field, section, type SettingsOf } from '../../settings/field.ts'
import { AbsolutePath } from '../../settings/kinds.ts'
import { caCertField, maxConcurrentField, maxRateField } from '../lib/http/traffic-settings.ts'

const NAMED = { prefix: 'broker-', env: 'LOCKET_BROKER_', server: 'the broker' }
const CREDENTIALS = ['identity']

/** The settings of the provider `locket`. */
export const locketSettings = section('locket', 'A broker, `locket serve` (locket)', {
  identity: field({
    name: 'identity',
    env: 'LOCKET_IDENTITY',
    schema: AbsolutePath,
    default: '/etc/locket/identity/identity.json',
    userDefault: 'identity/identity.json',
    summary: 'the identity.json of this machine, as locket enrol or a bundle has made it',
    placeholder: 'FILE',
    file: true,
  }),
  maxConcurrent: maxConcurrentField(NAMED),
  maxRate: maxRateField(NAMED, '20/s', CREDENTIALS),
  caCert: caCertField(NAMED, CREDENTIALS),
})

/** The parsed settings of the provider `locket`. */
export type LocketSettings = SettingsOf<typeof locketSettings>
