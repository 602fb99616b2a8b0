import { createRef } from '../../core/vocabulary/ref.ts'
import { defineProvider } from '../define.ts'
import { formatGcpSecret, parseGcpSecret } from './refs.ts'
import { gcpSettings } from './settings.ts'

/** The provider `gcp-sm`: Google Cloud Secret Manager. */
export const gcpSm = defineProvider({
  kind: 'gcp-sm',
  title: 'Google Cloud Secret Manager',
  schemes: ['gcp-sm'],
  autoRefresh: { everyMs: 300_000 },
  example: 'gcp-sm://projects/my-project/secrets/db-password',
  settings: gcpSettings,
  parse(text, instance, { project }) {
    const reference = parseGcpSecret(text, project)
    if (reference === undefined) return undefined
    const { isAll = false } = reference
    return createRef(instance, formatGcpSecret(reference), text, { isAll })
  },
  check: () => [],
  ownFiles: () => ['/root/.config/gcloud/application_default_credentials.json'],
  open: async (given, deps, instance) => (await import('./open.ts')).openGcpSm(given, deps, instance),
})
