import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Field, Section, SettingsOf } from '../../settings/field.ts'

/** What a setting was given as, before it is parsed. */
export interface Given {
  readonly value: string | readonly string[]
  /** For messages: `flag --size`, `environment OP_CONNECT_HOST`, `/etc/locket/locket.toml line 4`. */
  readonly origin: string
  /** Set in a TOML file, which may be read in any folder. */
  readonly isFromToml?: true
}

/** What one source gives, by the field's name. */
export type Layer = ReadonlyMap<string, Given>

/** Highest first. `toml` may be several files, of which a later one wins. */
export const LAYERS = ['driver option', 'flag', 'environment', 'toml', 'default'] as const
export type LayerName = (typeof LAYERS)[number]
export type Layers = Readonly<Partial<Record<LayerName, Layer>>>

/** Collected, so that a user corrects all of them at once. */
export type Problems = string[]

/** One layer of all: a higher one replaces what a lower one gives, lists included. */
export function mergeLayers(layers: Layers): Layer {
  const merged = new Map<string, Given>()
  for (const name of LAYERS.toReversed()) {
    for (const [field, given] of layers[name] ?? []) merged.set(field, given)
  }
  return merged
}

/** The values of one section. Each problem names where the value came from; the value itself is told by schemas only, never of a credential. */
export function parseSection<S extends Section>(section: S, layer: Layer, problems: Problems): SettingsOf<S> {
  const values = Object.entries(section.fields).map(([key, field]) => [
    key,
    parseField(field, layer, problems),
  ])
  // Built key by key out of the declaration that SettingsOf is computed from.
  return Object.fromEntries(values) as SettingsOf<S>
}

/** Throws one `config` error of all problems, if there are any. */
export function throwProblems(problems: readonly string[]): void {
  if (problems.length === 0) return
  const lead = problems.length === 1 ? '' : `${problems.length} settings are wrong: `
  // Paths and names in it come from users: one line, and nothing that a terminal obeys.
  throw new LocketError('config', `${lead}${problems.join('; ')}`.replace(/\p{Cc}/gu, '?'))
}

function parseField(field: Field, layer: Layer, problems: Problems): unknown {
  const given = layer.get(field.name)
  const parsed = field.schema.safeParse(given?.value)
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) {
    problems.push(given === undefined ? `${field.name} is not set` : `${given.origin}: ${issue.message}`)
  }
  return undefined
}
