import type { ProviderInstance } from '../../providers/define.ts'
import { PROVIDERS } from '../../providers/index.ts'
import { createInstance } from '../../providers/instance.ts'
import type { User } from '../layers/defaults.ts'
import { parseSection, type Layer, type Problems } from '../layers/layers.ts'
import { namedInstance, providerTables } from './provider-tables.ts'
import type { TomlDocument } from '../layers/toml.ts'

/** The sources from which provider instances are made. */
export interface ProviderSources {
  /** The merged settings of a command. */
  readonly layer: Layer
  /** The configuration files, in their order. */
  readonly documents: readonly TomlDocument[]
  readonly user: User
}

/**
 * Returns all instances that a command's references can name: one of each kind, made from the command's
 * settings, and those of `[providers.NAME]`. Adds to `problems` what is wrong.
 */
export function providerInstances(
  { layer, documents, user }: ProviderSources,
  problems: Problems,
): readonly ProviderInstance[] {
  return [
    ...PROVIDERS.map((def) => createInstance(def, parseSection(def.settings, layer, problems))),
    ...providerTables(documents, problems).flatMap((table) => namedInstance(table, user, problems) ?? []),
  ]
}
