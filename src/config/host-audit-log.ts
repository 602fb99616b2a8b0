import { isConfigFile } from './layers/config-files.ts'
import type { Env } from './layers/env.ts'
import { parseSection, throwProblems, type Problems } from './layers/layers.ts'
import { HOST_CONFIG, volumeSources } from './load.ts'
import { auditSection } from './sections/log.ts'

/**
 * Returns the path of the audit log of this host's daemon, as its configuration file and the environment set
 * it; undefined: off. Throws `config` when the setting is wrong.
 */
export function hostAuditLog(
  { env, tables }: { readonly env: Env; readonly tables: readonly string[] },
  hostConfig = HOST_CONFIG,
): string | undefined {
  const isThere = isConfigFile(hostConfig, [])
  const { sources } = volumeSources(new Map(), { env, tables, hostConfig: isThere ? hostConfig : undefined })
  const problems: Problems = []
  const { path } = parseSection(auditSection, sources.layer, problems)
  throwProblems(problems)
  return path
}
