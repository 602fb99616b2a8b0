import { field, section, type SettingsOf } from '../../settings/field.ts'
import { CredentialText, HttpUrl } from '../../settings/kinds.ts'
import { caCertField, maxConcurrentField, maxRateField } from '../lib/http/traffic-settings.ts'
import { DopplerName } from './refs.ts'

const NAMED = { prefix: 'doppler-', env: 'DOPPLER_', server: 'Doppler' }
const CREDENTIALS = ['doppler-token']

/** The settings of the provider `doppler`. */
export const dopplerSettings = section('doppler', 'Doppler', {
  token: field({
    name: 'doppler-token',
    env: 'DOPPLER_TOKEN',
    schema: CredentialText.optional(),
    summary: 'a service token, which is bound to one config, or a token of a service account',
    placeholder: 'TOKEN',
    credential: true,
    isShared: true,
  }),
  project: field({
    name: 'doppler-project',
    env: 'DOPPLER_PROJECT',
    onlyParses: true,
    schema: DopplerName.optional(),
    example: 'backend',
    summary: 'project of references that name none; a service token has its own',
    placeholder: 'NAME',
  }),
  config: field({
    name: 'doppler-config',
    env: 'DOPPLER_CONFIG',
    onlyParses: true,
    schema: DopplerName.optional(),
    example: 'prd',
    summary: 'config of references that name none; a service token has its own',
    placeholder: 'NAME',
  }),
  url: field({
    name: 'doppler-url',
    env: 'DOPPLER_API_HOST',
    schema: HttpUrl,
    default: 'https://api.doppler.com',
    summary: 'address of Doppler',
    placeholder: 'URL',
    needsCredential: CREDENTIALS,
  }),
  maxConcurrent: maxConcurrentField(NAMED),
  maxRate: maxRateField(NAMED, '240/m', CREDENTIALS),
  caCert: caCertField(NAMED, CREDENTIALS),
})

/** The parsed settings of the provider `doppler`. */
export type DopplerSettings = SettingsOf<typeof dopplerSettings>
