import { createHash } from 'node:crypto'
import { Secret } from '../core/vocabulary/secret.ts'
import type { ProviderDef, ProviderInstance } from './define.ts'

/**
 * Makes an instance out of parsed settings. Equal settings give equal keys. A key holds only the hash of a
 * credential.
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
    // The key is made at its first use: most instances are never asked for one. Only a credential is hashed,
    // because Node takes 5 ms to load the module of `createHash`.
    get key() {
      key ??= JSON.stringify([name, def.kind, canonical(usedByClient(def, settings))])
      return key
    },
  }
}

/**
 * Tells whether the instance has its own table in TOML. Each kind has at most one instance without a name.
 */
export function isNamed({ name, def }: ProviderInstance): boolean {
  return name !== def.kind
}

/** Tells whether a setting that holds a credential is set. */
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

/**
 * Returns the value as sorted lists, so that the order of keys does not matter and values that JSON leaves
 * out still differ.
 */
function canonical(value: unknown): unknown {
  if (value instanceof Secret) return { sha256: createHash('sha256').update(value.reveal()).digest('hex') }
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => [key, canonical(item)])
}
