import { nearest } from '../../core/text/nearest.ts'
import { fieldKind, type EntryKeys, type Field } from '../../settings/field.ts'
import { flagNames } from './flags.ts'
import { adviceOn, type Given, type Layer, type Problems } from './layers.ts'
import { tomlLines } from './toml-lines.ts'
import { readToml } from './toml-syntax.ts'

/** The table of named providers, which all commands read. */
export const PROVIDERS_TABLE = 'providers'

/** The table of the rules for Swarm secrets, which the daemon reads. */
export const SWARM_TABLE = 'swarm'

/** The table of the issuers of tokens for workloads, which the broker reads. */
export const ISSUERS_TABLE = 'issuers'

/**
 * The separator of the values of an entry that was written as a table. No path can hold this character. A key
 * that was left out has an empty value.
 */
export const CELL = '\0'

/** A table of a TOML file. */
type Table = Readonly<Record<string, unknown>>

/** A configuration file that was read. */
export interface TomlFile {
  readonly path: string
  readonly text: string
}

/** A parsed configuration file. */
export interface TomlDocument {
  readonly tables: Table
  /**
   * Returns `FILE line 3`, the place where the last of these keys is set below the others. Slow: for messages
   * only.
   */
  readonly at: (...keys: readonly string[]) => string
}

/** The value of a key, and its place. */
export interface TomlEntry {
  readonly value: unknown
  readonly at: () => string
}

/**
 * Parses a configuration file, which several commands may share. `commandTables` are the tables of all
 * commands. A line that is not TOML is left out of the document. Adds to `problems` what is wrong.
 */
export function openToml(file: TomlFile, commandTables: readonly string[], problems: Problems): TomlDocument {
  const known = [...commandTables, PROVIDERS_TABLE, SWARM_TABLE, ISSUERS_TABLE]
  const { tables, text, faults } = readToml(file.text)
  problems.push(
    ...faults.map(({ line, column, says }) => `${file.path} line ${line}, column ${column}: ${says}`),
  )
  const lineOf = tomlLines(text)
  const at = (...keys: readonly string[]) => `${file.path} line ${lineOf(...keys)}`
  for (const [key, value] of Object.entries(tables)) {
    if (!isTable(value)) problems.push(`${at(key)}: ${key} must be in a table, like [volume]`)
    else if (!known.includes(key)) problems.push(unknownTable(at(key), key, known))
  }
  return { tables, at }
}

/** Returns the settings in the table of `command`. Adds to `problems` what is wrong. */
export function tomlLayer(
  document: TomlDocument,
  command: string,
  fields: readonly Field[],
  problems: Problems,
): Layer {
  const entries = entriesOf(document, command)
  const known = fields.filter((field) => field.toml !== false)
  return entryLayer(entries, fields, problems, (key) => {
    const advice = adviceOn(key, known.flatMap(flagNames))
    return `there is no setting ${key}${advice === '' ? '' : `, ${advice}`}`
  })
}

/** Returns those of `fields` that the table of `command` sets. Other keys of the table are not looked at. */
export function namedLayer(
  document: TomlDocument,
  command: string,
  fields: readonly Field[],
  problems: Problems,
): Layer {
  const names = new Set(fields.flatMap(flagNames))
  const entries = [...entriesOf(document, command)].filter(([key]) => names.has(key))
  return entryLayer(new Map(entries), fields, problems, (key) => `there is no setting ${key}`)
}

/** Returns the entries of the table at the path `keys`; none when there is no such table. */
export function entriesOf(
  { tables, at }: TomlDocument,
  ...keys: readonly string[]
): ReadonlyMap<string, TomlEntry> {
  let found: unknown = tables
  for (const key of keys) found = isTable(found) && Object.hasOwn(found, key) ? found[key] : undefined
  const own = isTable(found) ? found : {}
  return new Map(Object.entries(own).map(([key, value]) => [key, { value, at: () => at(...keys, key) }]))
}

/** Turns entries into settings. `unknown` returns the problem with a key that is not a setting. */
export function entryLayer(
  entries: ReadonlyMap<string, TomlEntry>,
  fields: readonly Field[],
  problems: Problems,
  unknown: (key: string) => string,
): Layer {
  const layer = new Map<string, Given>()
  for (const [key, { value, at }] of entries) {
    const field = fields.find((candidate) => candidate.toml !== false && flagNames(candidate).includes(key))
    if (field === undefined) {
      problems.push(`${at()}: ${unknown(key)}`)
      continue
    }
    if (layer.has(field.name)) problems.push(`${at()}: ${field.name} is set twice, under two names`)
    const text = fieldKind(field) === 'list' ? listOf(value, field) : textOf(value)
    if (typeof text === 'object' && 'problem' in text) problems.push(`${at()}: ${key} ${text.problem}`)
    else
      layer.set(
        field.name,
        lazily(text, () => `${at()} ${key}`),
      )
  }
  return layer
}

/** True for a table, as opposed to a list, a date or a simple value. */
export function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

/** Returns a setting whose `origin` is computed only when a message needs it, because that is slow. */
function lazily(value: Given['value'], origin: () => string): Given {
  return {
    value,
    isFromToml: true,
    get origin() {
      return origin()
    },
  }
}

type Wrong = { readonly problem: string }

/**
 * Returns the text that a flag would have. `0o700` arrives as the number 448, which settings of modes accept.
 */
function textOf(value: unknown): string | Wrong {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'bigint')
    return String(value)
  return { problem: 'must be a string, a number or true or false' }
}

/**
 * Accepts a list of texts, one text, or a table of names and templates. With `entryKeys` an entry of the list
 * may be a table of these keys.
 */
function listOf(value: unknown, { entryKeys: keys, takesNumbers }: Field): readonly string[] | Wrong {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) {
    const items: unknown[] = value
    const texts = items.map((item) => (keys === undefined ? item : entryOf(item, keys)))
    if (texts.every((text) => typeof text === 'string')) return texts
    return { problem: `must hold only strings${keys === undefined ? '' : tablesOf(keys)}` }
  }
  if (!isTable(value)) return { problem: 'must be a list of strings' }
  const entries = Object.entries(value)
  if (entries.some(([name]) => name.includes('='))) return { problem: 'must have no = in a name' }
  const isValue = (text: unknown) =>
    typeof text === 'string' || (takesNumbers === true && typeof text === 'number')
  if (!entries.every(([, text]) => isValue(text)))
    return { problem: `must give each name a string${takesNumbers === true ? ' or a number' : ''}` }
  return entries.map(([name, text]) => `${name}=${String(text)}`)
}

function tablesOf({ needed, optional }: EntryKeys): string {
  return `, or tables of ${needed.join(' and ')}${optional.length === 0 ? '' : `, with or without ${optional.join(' and ')}`}`
}

/** Joins the values of a table with CELL, so that no character of a path is mistaken for the separator. */
function entryOf(item: unknown, { needed, optional }: EntryKeys): unknown {
  if (!isTable(item)) return item
  const isKnown = (key: string) => needed.includes(key) || optional.includes(key)
  const isComplete = needed.every((key) => typeof item[key] === 'string')
  const isPlain = Object.values(item).every((value) => typeof value === 'string' || typeof value === 'number')
  if (!Object.keys(item).every(isKnown) || !isComplete || !isPlain) return item
  return [...needed, ...optional].map((key) => (Object.hasOwn(item, key) ? String(item[key]) : '')).join(CELL)
}

function unknownTable(origin: string, name: string, known: readonly string[]): string {
  const near = nearest(name, known)
  const advice = near === undefined ? `tables are ${known.join(', ')}` : `did you mean [${near}]?`
  return `${origin}: there is no table [${name}], ${advice}`
}
