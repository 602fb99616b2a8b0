import { createHash } from 'node:crypto'
import { Secret } from '../core/vocabulary/secret.ts'
import type { ProviderDef, ProviderInstance } from './define.ts'

/**
 * A provider with its parsed settings. Equal settings give equal keys; of a credential only a hash goes in.
 */
export function createInstance(
  def: ProviderDef,
  settings: ProviderInstance['settings'],
  name: string = def.kind,
): ProviderInstance {
  let key: string | undefined
  return {
    name,
    def,
    settings,
    // Most instances are never asked for: Node takes 5 ms to load what makes a hash.
    get key() {
      key ??= `${name} ${def.kind} ${digestOf(def, settings)}`
      return key
    },
  }
}

function digestOf(def: ProviderDef, settings: ProviderInstance['settings']): string {
  return createHash('sha256')
    .update(JSON.stringify(canonical(usedByClient(def, settings))))
    .digest('hex')
}

/** It has a table of its own in TOML; else it is the one instance of its kind that goes without a name. */
export function isNamed({ name, def }: ProviderInstance): boolean {
  return name !== def.kind
}

export function hasCredential({ def, settings }: ProviderInstance): boolean {
  return Object.entries(def.settings.fields).some(
    ([key, field]) => field.credential === true && settings[key] !== undefined,
  )
}

function usedByClient(
  { settings: section }: ProviderDef,
  settings: ProviderInstance['settings'],
): ProviderInstance['settings'] {
  return Object.fromEntries(
    Object.entries(settings).filter(([key]) => section.fields[key]?.onlyParses !== true),
  )
}

/** The order of keys must not matter; values that print as nothing must still differ. */
function canonical(value: unknown): unknown {
  if (value instanceof Secret) return { sha256: createHash('sha256').update(value.reveal()).digest('hex') }
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => [key, canonical(item)])
}
