import { createRef } from '../../core/vocabulary/ref.ts'
import { defineProvider } from '../define.ts'
import { azureProblems } from './method.ts'
import { formatAzureSecret, parseAzureSecret } from './refs.ts'
import { azureSettings } from './settings.ts'

/** The provider `azure-kv`: secrets of Azure Key Vault. */
export const azureKv = defineProvider({
  kind: 'azure-kv',
  title: 'Azure Key Vault',
  schemes: ['azure-kv'],
  autoRefresh: { everyMs: 300_000 },
  example: 'azure-kv://my-vault/db-password',
  settings: azureSettings,
  parse(text, instance, { vault }) {
    const reference = parseAzureSecret(text, vault)
    if (reference === undefined) return undefined
    const { isAll = false } = reference
    return createRef(instance, formatAzureSecret(reference), text, { isAll })
  },
  check: azureProblems,
  open: async (given, deps, instance) => (await import('./open.ts')).openAzureKv(given, deps, instance),
})
