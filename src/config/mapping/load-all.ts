import type { SettingsOf } from '../../settings/field.ts'
import type { Problems } from '../layers/layers.ts'
import { isTable } from '../layers/toml.ts'
import { loadMapping } from './load-mapping.ts'
import type { SecretMapping } from './mapping.ts'
import type { mappingSection } from './section.ts'

/** A mapping file with all its environments. */
export interface WholeMapping {
  /** The variables without an environment, or those of the chosen one. */
  readonly chosen: SecretMapping
  /** The variables with each environment `[NAME.secrets]`, by its name. Empty if one was chosen. */
  readonly environments: ReadonlyMap<string, SecretMapping>
}

/** Loads the mapping once for each environment of the file. Adds each problem once. */
export function loadAllMappings(
  settings: SettingsOf<typeof mappingSection>,
  use: Omit<Parameters<typeof loadMapping>[1], 'isMapped'>,
  problems: Problems,
): WholeMapping | undefined {
  const found: string[] = []
  const load = (environment: string | undefined) =>
    loadMapping({ ...settings, environment }, { ...use, isMapped: 'always' }, found)
  const chosen = load(settings.environment)
  const names = settings.environment === undefined ? environmentsOf(chosen) : []
  const environments = new Map<string, SecretMapping>()
  for (const name of names) {
    const mapping = load(name)
    if (mapping !== undefined) environments.set(name, mapping)
  }
  problems.push(...new Set(found))
  return chosen && { chosen, environments }
}

function environmentsOf(mapping: SecretMapping | undefined): readonly string[] {
  const names = (mapping?.documents ?? []).flatMap(({ tables }) =>
    Object.entries(tables).flatMap(([name, table]) =>
      isTable(table) && isTable(table['secrets']) ? [name] : [],
    ),
  )
  return [...new Set(names)]
}
