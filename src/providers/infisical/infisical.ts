import { createRef } from '../../core/vocabulary/ref.ts'
import { defineProvider } from '../define.ts'
import { formatInfisicalReference, parseInfisicalReference } from './reference.ts'
import { infisicalSettings } from './settings.ts'

/** The provider `infisical`: a machine identity with universal auth. */
export const infisical = defineProvider({
  kind: 'infisical',
  title: 'Infisical',
  schemes: ['infisical'],
  autoRefresh: { everyMs: 60_000 },
  example: 'infisical:///DB_PASSWORD',
  settings: infisicalSettings,
  parse(text, instance, { defaultEnvironment, defaultProjectId, defaultPath, defaultSecretType }) {
    const reference = parseInfisicalReference(text, {
      environment: defaultEnvironment,
      projectId: defaultProjectId,
      path: defaultPath,
      type: defaultSecretType,
    })
    if (reference === undefined) return undefined
    const { isAll = false } = reference
    return createRef(instance, formatInfisicalReference(reference), text, { isAll })
  },
  check({ clientId, clientSecret }) {
    const lines: string[] = []
    if (clientId === undefined) lines.push('infisical-client-id (INFISICAL_CLIENT_ID) is not set')
    if (clientSecret === undefined) lines.push('infisical-client-secret (INFISICAL_CLIENT_SECRET) is not set')
    return lines
  },
  open: async (given, deps, instance) => (await import('./open.ts')).openInfisical(given, deps, instance),
})
