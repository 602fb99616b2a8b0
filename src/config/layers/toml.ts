import { parse, TomlError } from 'smol-toml'
import { nearest } from '../../core/text/nearest.ts'
import { fieldKind, type Field } from '../../settings/field.ts'
import { flagNames } from './flags.ts'
import type { Given, Layer, Problems } from './layers.ts'
import { tomlLines } from './toml-lines.ts'
import { adviceOn } from './unknown-setting.ts'

/** Of commands: each finds its own in a file that all of them share. */
const COMMAND_TABLES = ['volume', 'inject', 'exec', 'compose', 'export'] as const
/** Of named providers, for every command. */
export const PROVIDERS_TABLE = 'providers'
const TABLES = [...COMMAND_TABLES, PROVIDERS_TABLE] as const

/** Between the two paths of an entry that was a table: no path holds it. */
export const PAIR = '\0'

export type Table = Readonly<Record<string, unknown>>

export interface TomlFile {
  readonly path: string
  readonly text: string
}

export interface TomlDocument {
  readonly tables: Table
  /** `FILE line 3`, where the last of these keys is set below the others. Slow: for messages. */
  readonly at: (...keys: readonly string[]) => string
}

/** What a key stands for, and where. */
export interface TomlEntry {
  readonly value: unknown
  readonly at: () => string
}

/** Nothing when the text is no TOML. What is wrong is collected. */
export function openToml(file: TomlFile, problems: Problems): TomlDocument {
  const tables = parseToml(file, problems)
  const lineOf = tomlLines(file.text)
  const at = (...keys: readonly string[]) => `${file.path} line ${lineOf(...keys)}`
  for (const [key, value] of Object.entries(tables)) {
    if (!isTable(value)) problems.push(`${at(key)}: ${key} must stand below a table, like [volume]`)
    else if (!TABLES.some((known) => known === key)) problems.push(unknownTable(at(key), key))
  }
  return { tables, at }
}

/** What one file's table for a command gives. */
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

/** The keys of the table below `keys`; none when there is no such table. */
export function entriesOf(
  { tables, at }: TomlDocument,
  ...keys: readonly string[]
): ReadonlyMap<string, TomlEntry> {
  let found: unknown = tables
  for (const key of keys) found = isTable(found) && Object.hasOwn(found, key) ? found[key] : undefined
  const own = isTable(found) ? found : {}
  return new Map(Object.entries(own).map(([key, value]) => [key, { value, at: () => at(...keys, key) }]))
}

/** Entries as settings. `unknown` says what is wrong with a key that is none. */
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
    const text = fieldKind(field) === 'list' ? listOf(value, field.entryKeys) : textOf(value)
    if (typeof text === 'object' && 'problem' in text) problems.push(`${at()}: ${key} ${text.problem}`)
    else
      layer.set(
        field.name,
        lazily(text, () => `${at()} ${key}`),
      )
  }
  return layer
}

export function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

function parseToml({ path, text }: TomlFile, problems: Problems): Table {
  try {
    return parse(text, { integersAsBigInt: false })
  } catch (thrown) {
    if (!(thrown instanceof TomlError)) throw thrown
    // Only its first line: the rest quotes the file, which may hold a token.
    const [reason = ''] = thrown.message.split('\n')
    problems.push(`${path} line ${thrown.line}: ${reason.replace(/^Invalid TOML document: /, '')}`)
    return {}
  }
}

/** Lines are looked up for messages only. */
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

/** TOML's own kinds as the text that a flag would have: `0o700` arrives as the number 448, which modes understand. */
function textOf(value: unknown): string | Wrong {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'bigint')
    return String(value)
  return { problem: 'must be a string, a number or true or false' }
}

/** A list of texts, one text, or a table of names and templates. `keys`: an entry may be a table of these two. */
function listOf(value: unknown, keys: Field['entryKeys']): readonly string[] | Wrong {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) {
    const items: unknown[] = value
    const texts = items.map((item) => (keys === undefined ? item : pairOf(item, keys)))
    if (texts.every((text) => typeof text === 'string')) return texts
    const tables = keys === undefined ? '' : `, or tables of ${keys.join(' and ')}`
    return { problem: `must hold nothing but strings${tables}` }
  }
  if (!isTable(value)) return { problem: 'must be a list of strings' }
  const entries = Object.entries(value)
  if (entries.some(([name]) => name.includes('='))) return { problem: 'must have no = in a name' }
  if (entries.some(([, text]) => typeof text !== 'string')) return { problem: 'must give each name a string' }
  return entries.map(([name, text]) => `${name}=${String(text)}`)
}

/** Joined so that no character of either path is taken for the place where they meet. */
function pairOf(item: unknown, keys: readonly [string, string]): unknown {
  if (!isTable(item)) return item
  const values = keys.map((key) => (Object.hasOwn(item, key) ? item[key] : undefined))
  if (Object.keys(item).length > keys.length || values.some((value) => typeof value !== 'string')) return item
  return values.join(PAIR)
}

function unknownTable(origin: string, name: string): string {
  const near = nearest(name, TABLES)
  const advice = near === undefined ? `tables are ${TABLES.join(', ')}` : `did you mean [${near}]?`
  return `${origin}: there is no table [${name}], ${advice}`
}
