import type { ProviderInstance } from '../../providers/define.ts'
import { PROVIDERS } from '../../providers/index.ts'
import { createInstance } from '../../providers/instance.ts'
import type { User } from '../layers/defaults.ts'
import { parseSection, type Layer, type Problems } from '../layers/layers.ts'
import { namedInstance, providerTables } from './provider-tables.ts'
import type { TomlDocument } from '../layers/toml.ts'

export interface ProviderSources {
  /** A command's settings, merged. */
  readonly layer: Layer
  /** Its configuration files, in their order. */
  readonly documents: readonly TomlDocument[]
  readonly user: User
}

/** All that a command's references can go to: one instance of each kind, out of its settings, and those that its files name. */
export function providerInstances(
  { layer, documents, user }: ProviderSources,
  problems: Problems,
): readonly ProviderInstance[] {
  return [
    ...PROVIDERS.map((def) => createInstance(def, parseSection(def.settings, layer, problems))),
    ...providerTables(documents, problems).flatMap((table) => namedInstance(table, user, problems) ?? []),
  ]
}
