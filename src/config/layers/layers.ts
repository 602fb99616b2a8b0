import { nearest } from '../../core/text/nearest.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Field, Section, SettingsOf } from '../../settings/field.ts'

/** The text of a setting before it is parsed. */
export interface Given {
  readonly value: string | readonly string[]
  /**
   * The place of the setting, for messages: `flag --size`, `environment OP_CONNECT_HOST`, `locket.toml line
   * 4`.
   */
  readonly origin: string
  /** True: from a TOML file. A command can read it in any folder, so its paths after `@` must be absolute. */
  readonly isFromToml?: true
}

/** The settings that one source gives, by the field's name. */
export type Layer = ReadonlyMap<string, Given>

/** The sources of settings, the highest one first. `toml` can be several files; a later file wins. */
export const LAYERS = ['driver option', 'flag', 'environment', 'toml', 'default'] as const
/** The name of a source of settings. */
export type LayerName = (typeof LAYERS)[number]
/** The settings of each source that a command has. */
type Layers = Readonly<Partial<Record<LayerName, Layer>>>

/** Messages about wrong settings. They are collected, so that a user can correct all of them at once. */
export type Problems = string[]

/** Merges the layers into one. A higher layer replaces a setting of a lower one, lists included. */
export function mergeLayers(layers: Layers): Layer {
  const merged = new Map<string, Given>()
  for (const name of LAYERS.toReversed()) {
    for (const [field, given] of layers[name] ?? []) merged.set(field, given)
  }
  return merged
}

/**
 * Parses the settings of one section. Each problem names the origin of the setting. Only schemas repeat a
 * value in their messages, and schemas of credentials do not.
 */
export function parseSection<S extends Section>(section: S, layer: Layer, problems: Problems): SettingsOf<S> {
  const values = Object.entries(section.fields).map(([key, field]) => [
    key,
    parseField(field, layer, problems),
  ])
  // The keys are those of the declaration that SettingsOf is computed from.
  return Object.fromEntries(values) as SettingsOf<S>
}

/**
 * Most problems named in one line. An author of driver options can make thousands, and the line is logged.
 */
const MOST_NAMED = 10

/**
 * Throws one `config` error that lists the first ten problems and counts the rest. Returns when there are
 * none.
 */
export function throwProblems(problems: readonly string[]): void {
  const error = problemsError(problems)
  if (error !== undefined) throw error
}

/**
 * Returns one `config` error that names ten of the problems and counts the rest; undefined if there are none.
 */
export function problemsError(problems: readonly string[]): LocketError | undefined {
  if (problems.length === 0) return undefined
  const lead = problems.length === 1 ? '' : `${problems.length} settings are wrong: `
  const rest = problems.length > MOST_NAMED ? `; and ${problems.length - MOST_NAMED} more` : ''
  const named = problems.slice(0, MOST_NAMED).join('; ')
  // Paths and names come from users: the message stays on one line and holds no control character.
  return new LocketError('config', `${lead}${named}${rest}`.replace(/\p{Cc}/gu, '?'), {
    list: problems.length > 1 ? problems : [],
  })
}

/**
 * Throws `usage` if one of these settings was given as a flag, because it has no effect in this call. The
 * environment and files may hold it for other calls.
 */
export function refuseIdleFlags(layer: Layer, names: readonly string[], hint: string): void {
  const idle = names.find((name) => layer.get(name)?.origin.startsWith('flag ') === true)
  if (idle !== undefined) throw new LocketError('usage', `--${idle} has no effect here`, { hint })
}

/**
 * Returns advice about an unknown setting: the known one that was probably meant, as `show` writes it.
 * Returns an empty text when no known name is near.
 */
export function adviceOn(
  name: string,
  known: readonly string[],
  show: (name: string) => string = (near) => near,
): string {
  const near = nearest(name.replaceAll('_', '-'), known)
  return near === undefined ? '' : `did you mean ${show(near)}?`
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
