import { field, section, type SettingsOf } from '../../settings/field.ts'
import { CredentialFile, HttpUrl } from '../../settings/kinds.ts'
import { AnyText } from '../../settings/schema.ts'
import { caCertField, maxConcurrentField, maxRateField } from '../lib/http/traffic-settings.ts'
import { isGcpProject } from './refs.ts'

const NAMED = { prefix: 'gcp-sm-', env: 'GCP_SM_', server: 'Google Secret Manager' }
const CREDENTIALS = ['gcp-sm-credentials']

/** The settings of the provider `gcp-sm`. */
export const gcpSettings = section('gcp-sm', 'Google Cloud Secret Manager', {
  project: field({
    name: 'gcp-sm-project',
    env: 'GOOGLE_CLOUD_PROJECT',
    onlyParses: true,
    schema: AnyText.refine(
      isGcpProject,
      'must be the id or number of a project, like my-project-123',
    ).optional(),
    example: 'my-project-123',
    summary: 'project of references that name none: its id or number',
    placeholder: 'PROJECT',
    isAsked: true,
  }),
  credentials: field({
    name: 'gcp-sm-credentials',
    env: 'GOOGLE_APPLICATION_CREDENTIALS',
    schema: CredentialFile.optional(),
    example: '/etc/locket/tokens/gcp-sm-credentials',
    summary:
      'file with a key of a service account or another configuration of credentials; left out: those of gcloud, or of the machine',
    placeholder: 'FILE',
    credential: true,
    isShared: true,
    isAsked: true,
  }),
  url: field({
    name: 'gcp-sm-url',
    env: 'GCP_SM_URL',
    schema: HttpUrl,
    default: 'https://secretmanager.googleapis.com',
    summary: 'address of Secret Manager; regional secrets have the address of their location',
    placeholder: 'URL',
    needsCredential: CREDENTIALS,
  }),
  maxConcurrent: maxConcurrentField(NAMED),
  maxRate: maxRateField(NAMED, '1000/s', CREDENTIALS),
  caCert: caCertField(NAMED, CREDENTIALS),
})

/** The parsed settings of the provider `gcp-sm`. */
export type GcpSettings = SettingsOf<typeof gcpSettings>
