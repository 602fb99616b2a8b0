import { parsePlace } from '../../core/broker/place.ts'
import {
  isRuleName,
  type PolicyExample,
  type PolicyFile,
  type PolicyRule,
} from '../../core/broker/policy/rules.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { readToml } from '../layers/toml-syntax.ts'
import { isTable } from '../layers/toml.ts'

const MOST_RULES = 200
const MOST_EXAMPLES = 500

type Table = Readonly<Record<string, unknown>>

/** A table of the file, with its problems. */
interface Row {
  readonly table: Table
  readonly line: (key?: string) => number
  /** Adds a problem of this table. */
  readonly bad: (says: string, key?: string) => void
}

/**
 * Parses a policy file: tables `[[policy]]` and `[[example]]`. Examples without a time have the time `now`.
 * Throws a `config` error that lists all that is wrong, with its line.
 */
export function readPolicyFile(path: string, text: string, now: number): PolicyFile {
  const problems: string[] = []
  const { tables, faults, text: readable } = readToml(text)
  for (const { line, column, says } of faults)
    problems.push(`${path} line ${line}, column ${column}: ${says}`)
  const lineOf = findLines(readable)
  for (const key of Object.keys(tables))
    if (key !== 'policy' && key !== 'example')
      problems.push(
        `${path} line ${lineOf(key)}: ${shown(key)} is not known: write [[policy]] and [[example]]`,
      )

  function rowsOf(key: 'policy' | 'example', most: number): readonly Row[] {
    const value = tables[key] ?? []
    const rows: readonly unknown[] = Array.isArray(value) ? value : []
    if (!Array.isArray(value)) problems.push(`${path} line ${lineOf(key)}: write [[${key}]] in two brackets`)
    if (rows.length > most) problems.push(`${path}: it has more than ${most} tables [[${key}]]`)
    return rows.slice(0, most).map((row, index) => {
      const line = (name?: string): number =>
        name === undefined ? lineOf(key, String(index)) : lineOf(key, String(index), name)
      const bad = (says: string, name?: string): void =>
        void problems.push(`${path} line ${line(name)}: ${says}`)
      if (!isTable(row)) bad(`write [[${key}]] in two brackets`)
      return { table: isTable(row) ? row : {}, line, bad }
    })
  }

  const rules = rowsOf('policy', MOST_RULES).map(ruleOf)
  const names = new Set(rules.map(({ name }) => name))
  for (const [index, { name, line }] of rules.entries())
    if (rules.findIndex((other) => other.name === name) < index)
      problems.push(`${path} line ${line}: there are two rules with the name ${shown(name)}`)
  const examples = rowsOf('example', MOST_EXAMPLES).map((row) => exampleOf(row, names, now))
  if (rules.length === 0 && problems.length === 0)
    problems.push(`${path} has no [[policy]]: without a rule nothing could be read`)
  if (problems.length > 0)
    throw new LocketError('config', problems.join('; '), problems.length > 1 ? { list: problems } : {})
  return { path, rules, examples }
}

function ruleOf(row: Row): PolicyRule {
  checkKeys(row, ['name', 'when', 'effect'])
  const name = textOf(row, 'name')
  if (name !== '' && !isRuleName(name)) row.bad(`${shown(name)} is not allowed as the name of a rule`, 'name')
  const when = textOf(row, 'when')
  return { name, when, effect: effectOf(row), line: row.line('when') }
}

const EXAMPLE_KEYS = [
  'machine',
  'secret',
  'reference',
  'ip',
  'now',
  'claims',
  'context',
  'effect',
  'rule',
] as const

function exampleOf(row: Row, names: ReadonlySet<string>, now: number): PolicyExample {
  checkKeys(row, EXAMPLE_KEYS)
  const { table, bad, line } = row
  const place = parsePlace(textOf(row, 'secret'))
  if (place === undefined && typeof table['secret'] === 'string')
    bad('write the secret as PROJECT/NAME', 'secret')
  const rule = table['rule'] === undefined ? undefined : textOf(row, 'rule')
  if (rule !== undefined && rule !== '' && !names.has(rule)) bad(`there is no rule ${shown(rule)}`, 'rule')
  const { project = '', name = '' } = place ?? {}
  const reference = table['reference'] === undefined ? '' : textOf(row, 'reference')
  return {
    facts: {
      machine: { id: 'm_example', name: textOf(row, 'machine') },
      secret: { project, name, reference, createdAt: 0 },
      address: table['ip'] === undefined ? '' : textOf(row, 'ip'),
      now: momentOf(row, now),
      // As in a token: a date is a text.
      claims: JSON.parse(JSON.stringify(tableOf(row, 'claims'))) as Table,
      context: contextOf(row),
    },
    effect: effectOf(row),
    ...(rule === undefined ? {} : { rule }),
    line: line(),
  }
}

function checkKeys({ table, bad }: Row, keys: readonly string[]): void {
  for (const key of Object.keys(table))
    if (!keys.includes(key)) bad(`${shown(key)} is not known: there is ${keys.join(', ')}`, key)
}

/** Returns a text that must be there; empty after a problem. */
function textOf({ table, bad }: Row, key: string): string {
  const value = table[key]
  if (typeof value === 'string' && value !== '') return value
  bad(value === undefined ? `${key} is missing` : `${key} must be a text in quotes`, key)
  return ''
}

function effectOf({ table, bad }: Row): 'allow' | 'deny' {
  const { effect } = table
  if (effect === 'allow' || effect === 'deny') return effect
  bad(
    effect === undefined ? 'effect is missing: allow or deny' : 'effect must be "allow" or "deny"',
    'effect',
  )
  return 'deny'
}

function momentOf({ table, bad }: Row, now: number): number {
  const value = table['now']
  if (value === undefined) return now
  const time =
    value instanceof Date ? value.getTime() : typeof value === 'string' ? Date.parse(value) : Number.NaN
  if (Number.isNaN(time)) bad('now must be a time like 2026-11-30T10:00:00Z', 'now')
  return Number.isNaN(time) ? now : time
}

function tableOf({ table, bad }: Row, key: 'claims' | 'context'): Table {
  const value = table[key]
  if (value === undefined) return {}
  if (isTable(value)) return value
  bad(`${key} must be a table, like { volume = "secrets" }`, key)
  return {}
}

function contextOf(row: Row): Readonly<Record<string, string>> {
  const entries = Object.entries(tableOf(row, 'context'))
  const texts = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  if (texts.length < entries.length) row.bad('the values of context are texts in quotes', 'context')
  return Object.fromEntries(texts)
}

/**
 * Returns a function that gives the line of a table of a list, of one of its keys, or of a key of the file,
 * counted from 1. `tomlLines` is exact for every way of writing TOML, and too slow for a file of this size.
 */
function findLines(text: string): (...keys: readonly string[]) => number {
  const found = new Map<string, number>()
  const counts = new Map<string, number>()
  let table: string | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const [, heading] = /^\s*\[\[?\s*([\w-]+)/.exec(line) ?? []
    const [, key] = /^\s*([\w-]+)\s*=/.exec(line) ?? []
    if (heading !== undefined) {
      const count = counts.get(heading) ?? 0
      counts.set(heading, count + 1)
      table = `${heading} ${count}`
    }
    const names = heading === undefined ? [table === undefined ? key : `${table} ${key}`] : [heading, table]
    for (const name of names) if (name !== undefined && !found.has(name)) found.set(name, index + 1)
  }
  return (...keys) => found.get(keys.join(' ')) ?? found.get(keys.slice(0, 2).join(' ')) ?? 1
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80))
}
