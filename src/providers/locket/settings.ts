import { field, section, type SettingsOf } from '../../settings/field.ts'
import { AbsolutePath, CredentialText } from '../../settings/kinds.ts'
import { caCertField, maxConcurrentField, maxRateField } from '../lib/http/traffic-settings.ts'

const NAMED = { prefix: 'broker-', env: 'LOCKET_BROKER_', server: 'the broker' }
/** A volume uses the identity of its host, or a named provider of the operator's with another one. */
const OF_DAEMON = { driverOption: false } as const

/** The settings of the provider `locket`. */
export const locketSettings = section('locket', 'A broker, `locket serve` (locket)', {
  identity: field({
    name: 'broker-identity',
    aliases: ['identity'],
    env: 'LOCKET_IDENTITY',
    schema: AbsolutePath,
    default: '/etc/locket/identity/identity.json',
    userDefault: 'identity/identity.json',
    summary: 'the identity.json of this machine, as locket enrol or a bundle has made it',
    placeholder: 'FILE',
    file: true,
    ...OF_DAEMON,
  }),
  token: field({
    name: 'broker-token',
    env: 'LOCKET_BROKER_TOKEN',
    schema: CredentialText.optional(),
    summary: 'the OIDC token of a workload, whose identity has no key; a file is read again for each login',
    placeholder: 'TOKEN',
    credential: true,
    ...OF_DAEMON,
  }),
  maxConcurrent: { ...maxConcurrentField(NAMED), ...OF_DAEMON },
  maxRate: { ...maxRateField(NAMED, '20/s', []), ...OF_DAEMON },
  caCert: { ...caCertField(NAMED, []), ...OF_DAEMON },
})

/** The parsed settings of the provider `locket`. */
export type LocketSettings = SettingsOf<typeof locketSettings>
