import { isDeepStrictEqual } from 'node:util'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { readToml } from '../layers/toml-syntax.ts'
import { isTable, type TomlFile } from '../layers/toml.ts'
import { shownName } from '../entries/secret-entry.ts'

/** A variable to add to a mapping file. */
interface NewVariable {
  /** A valid name of a variable. */
  readonly name: string
  /** `{{ reference }}`, or a text with such tags. */
  readonly template: string
  /** The environment of the table `[NAME.secrets]`; undefined: `[secrets]`. */
  readonly environment: string | undefined
}

const SECRETS = 'secrets'
/** A key of TOML that needs no quotes. */
const BARE = /^[A-Za-z0-9_-]+$/
/** The line that opens a table. */
const HEADING = /^\s*\[/

/**
 * Returns the text of the mapping file with one more line, at the end of its table. Everything else stays as
 * it is, comments included. Throws `config` when the variable is there already, when the file is not TOML,
 * and when a line cannot be added without changing another value.
 */
export function addVariable({ path, text }: TomlFile, variable: NewVariable): string {
  const { name, environment } = variable
  const before = readToml(text)
  const [fault] = before.faults
  if (fault !== undefined)
    throw new LocketError('config', `${path} line ${fault.line}, column ${fault.column}: ${fault.says}`)
  const keys = environment === undefined ? [SECRETS] : [environment, SECRETS]
  if (valueAt(before.tables, [...keys, name]) !== undefined)
    throw new LocketError('config', `${path} has the variable ${shownName(name)} already`, {
      hint: 'change its line in the file',
    })
  for (const candidate of candidates(text, keys, variable)) {
    const { tables, faults } = readToml(candidate)
    if (faults.length === 0 && hasOnlyAdded(before.tables, tables, keys, variable)) return candidate
  }
  throw new LocketError(
    'config',
    `${path} cannot be changed by locket: its ${heading(keys)} is not a table of lines`,
    {
      hint: `add the line ${lineOf(variable)}`,
    },
  )
}

/** The texts to try: the line at the end of the table, after its heading, and in a new table. */
function* candidates(text: string, keys: readonly string[], variable: NewVariable): Generator<string> {
  const lines = text.split('\n')
  const line = lineOf(variable)
  for (const [at, written] of lines.entries()) {
    if (!opens(written, keys)) continue
    const next = lines.findIndex((other, index) => index > at && HEADING.test(other))
    let end = next === -1 ? lines.length : next
    while (end > at + 1 && /^\s*(#.*)?$/.test(lines[end - 1] ?? '')) end -= 1
    yield lines.toSpliced(end, 0, line).join('\n')
    yield lines.toSpliced(at + 1, 0, line).join('\n')
  }
  const gap = text === '' ? '' : text.endsWith('\n') ? '\n' : '\n\n'
  yield `${text}${gap}${heading(keys)}\n${line}\n`
}

/** True if the line is the heading of the table. Quotes and spaces do not matter. */
function opens(line: string, keys: readonly string[]): boolean {
  if (!HEADING.test(line)) return false
  const { tables, faults } = readToml(line)
  return faults.length === 0 && isTable(valueAt(tables, keys))
}

function heading(keys: readonly string[]): string {
  return `[${keys.map(keyText).join('.')}]`
}

function lineOf({ name, template }: NewVariable): string {
  return `${keyText(name)} = ${quoted(template)}`
}

function keyText(key: string): string {
  return BARE.test(key) ? key : quoted(key)
}

/** A basic string of TOML has the escapes of JSON, and must not hold the character DEL. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\u007f')
}

function valueAt(tables: unknown, keys: readonly string[]): unknown {
  let found = tables
  for (const key of keys) found = isTable(found) && Object.hasOwn(found, key) ? found[key] : undefined
  return found
}

/** True if the new document is the old one and the variable. */
function hasOnlyAdded(
  before: unknown,
  after: unknown,
  keys: readonly string[],
  { name, template }: NewVariable,
): boolean {
  if (valueAt(after, [...keys, name]) !== template) return false
  const added = (document: unknown) => withValue(document, [...keys, name], template)
  return isDeepStrictEqual(added(before), added(after))
}

/** Returns the tables with the value at the keys. */
function withValue(tables: unknown, [first, ...rest]: readonly string[], value: string): unknown {
  if (first === undefined) return value
  const table = isTable(tables) ? tables : {}
  return { ...table, [first]: withValue(table[first], rest, value) }
}
