import type { AzureSettings } from './settings.ts'

/** How a token is got. */
type AzureMethod = 'client-secret' | 'workload-identity' | 'managed-identity'

/**
 * Returns the first method that is configured. A volume that names a server must bring a client secret, so
 * the identity of the machine is never used for a server of a volume.
 */
export function azureMethod({ clientSecret, tokenFile }: AzureSettings): AzureMethod {
  if (clientSecret !== undefined) return 'client-secret'
  return tokenFile === undefined ? 'managed-identity' : 'workload-identity'
}

/** Returns one line for each setting that the method needs and that is not set. */
export function azureProblems(settings: AzureSettings): readonly string[] {
  const method = azureMethod(settings)
  if (method === 'managed-identity') return []
  const needed: readonly (readonly [name: string, isSet: boolean])[] = [
    ['azure-tenant-id (AZURE_TENANT_ID)', settings.tenantId !== undefined],
    ['azure-client-id (AZURE_CLIENT_ID)', settings.clientId !== undefined],
  ]
  return needed.flatMap(([name, isSet]) => (isSet ? [] : [`${name} is not set, and ${method} needs it`]))
}
