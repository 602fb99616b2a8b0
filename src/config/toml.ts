import { parse, TomlError } from 'smol-toml'
import { nearest } from '../core/nearest.ts'
import { fieldKind, type Field } from '../settings/field.ts'
import { flagNames } from './flags.ts'
import type { Given, Layer, Problems } from './layers.ts'
import { tomlLines } from './toml-lines.ts'
import { adviceOn } from './unknown-setting.ts'

/** Tables of other commands share the file. */
const TABLES = ['volume', 'inject', 'exec', 'compose'] as const

type Table = Readonly<Record<string, unknown>>

export interface TomlFile {
  readonly path: string
  readonly text: string
}

/** What one file's table for a command gives: nothing when the text is no TOML. What is wrong is collected. */
export function tomlLayer(
  file: TomlFile,
  table: string,
  fields: readonly Field[],
  problems: Problems,
): Layer {
  const document = parseToml(file, problems)
  const lineOf = tomlLines(file.text)
  const at = (...keys: readonly string[]) => `${file.path} line ${lineOf(...keys)}`
  const layer = new Map<string, Given>()
  for (const [key, value] of Object.entries(document)) {
    if (!isTable(value)) problems.push(`${at(key)}: ${key} must stand below a table, like [${table}]`)
    else if (!TABLES.some((known) => known === key)) problems.push(unknownTable(at(key), key))
  }
  const known = fields.filter((field) => field.toml !== false)
  const own = document[table]
  for (const [key, value] of Object.entries(isTable(own) ? own : {})) {
    const field = known.find((candidate) => flagNames(candidate).includes(key))
    if (field === undefined) {
      problems.push(unknownKey(at(table, key), key, known))
      continue
    }
    if (layer.has(field.name)) problems.push(`${at(table, key)}: ${field.name} is set twice, under two names`)
    const text = fieldKind(field) === 'list' ? listOf(value) : textOf(value)
    if (typeof text === 'object' && 'problem' in text)
      problems.push(`${at(table, key)}: ${key} ${text.problem}`)
    else
      layer.set(
        field.name,
        lazily(text, () => `${at(table, key)} ${key}`),
      )
  }
  return layer
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

/** A list of texts, one text, or a table of names and templates. */
function listOf(value: unknown): readonly string[] | Wrong {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) {
    const items: unknown[] = value
    return items.every((item) => typeof item === 'string')
      ? items
      : { problem: 'must hold nothing but strings' }
  }
  if (!isTable(value)) return { problem: 'must be a list of strings' }
  const entries = Object.entries(value)
  if (entries.some(([name]) => name.includes('='))) return { problem: 'must have no = in a name' }
  if (entries.some(([, text]) => typeof text !== 'string')) return { problem: 'must give each name a string' }
  return entries.map(([name, text]) => `${name}=${String(text)}`)
}

function unknownTable(origin: string, name: string): string {
  const near = nearest(name, TABLES)
  const advice = near === undefined ? `tables are ${TABLES.join(', ')}` : `did you mean [${near}]?`
  return `${origin}: there is no table [${name}], ${advice}`
}

function unknownKey(origin: string, key: string, known: readonly Field[]): string {
  const advice = adviceOn(key, known.flatMap(flagNames))
  return `${origin}: there is no setting ${key}${advice === '' ? '' : `, ${advice}`}`
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}
