import { variableNameProblem } from '../../core/vocabulary/names.ts'
import { nearest } from '../../core/text/nearest.ts'
import { PROVIDERS } from '../../providers/index.ts'
import type { ProviderDef } from '../../providers/define.ts'
import type { EnvEntry } from '../entries/env-entry.ts'
import { shownName } from '../entries/secret-entry.ts'
import type { Problems } from '../layers/layers.ts'
import { tomlLines } from '../layers/toml-lines.ts'
import { readToml } from '../layers/toml-syntax.ts'
import { entriesOf, isTable, PROVIDERS_TABLE, type TomlDocument, type TomlFile } from '../layers/toml.ts'
import { parseBlindEntry, type BlindEntry } from './blind-entry.ts'
import type { NamedKinds } from './mapped-reference.ts'
import { templateOf } from './template-of.ts'

/** A variable of a mapping file. */
interface MappedVariable {
  readonly entry: Extract<EnvEntry, { kind: 'variable' }>
  /** See `SecretMapping.blind`. */
  readonly blind: BlindEntry | 'visible' | undefined
}

/** The content of a mapping file and its local overlay. */
export interface SecretMapping {
  /** One entry for each variable, with its reference as a template. */
  readonly entries: readonly MappedVariable['entry'][]
  /**
   * For blind mode, by the name of the variable: its binding, or `visible` for a value that the command gets.
   */
  readonly blind: ReadonlyMap<string, BlindEntry | 'visible'>
  /** The files, for their `[providers.NAME]`. */
  readonly documents: readonly TomlDocument[]
  /** For the event `mapping.used`. */
  readonly facts: { readonly files: readonly string[]; readonly variables: number }
}

/** The choices of a user among the variables of a mapping file. */
interface Choice {
  /** The environment whose table `[NAME.secrets]` is laid over `[secrets]`. */
  readonly environment?: string | undefined
  /** The names of the wanted variables; undefined: all. */
  readonly only?: readonly string[] | undefined
}

const SECRETS = 'secrets'
/** Variables of one file. */
const MOST_VARIABLES = 2000

/**
 * Parses a mapping file and its local overlay. A later file replaces the variables of an earlier one, and the
 * table of the environment those of `[secrets]`. `tables` are the tables of all commands, which it skips: the
 * file may also be a configuration file. Adds to `problems` what is wrong, without any value of the file.
 */
export function readMapping(
  files: readonly TomlFile[],
  { environment, only }: Choice,
  tables: readonly string[],
  problems: Problems,
): SecretMapping {
  const documents = files.map((file) => openDocument(file, tables, problems))
  const named = namedKinds(documents)
  const found = new Map<string, MappedVariable>()
  const paths = environment === undefined ? [[SECRETS]] : [[SECRETS], [environment, SECRETS]]
  for (const document of documents)
    for (const path of paths)
      for (const [name, { value, at }] of entriesOf(document, ...path)) {
        const mapped = variable(name, value, at, named, problems)
        if (mapped !== undefined) found.set(name, mapped)
      }
  if (environment !== undefined) checkEnvironment(environment, documents, problems)
  if (found.size > MOST_VARIABLES)
    problems.push(`${files[0]?.path}: it has more than ${MOST_VARIABLES} variables`)
  for (const name of only ?? []) {
    if (found.has(name)) continue
    const near = nearest(name, found.keys())
    const advice = near === undefined ? '' : `, did you mean ${near}?`
    problems.push(`flag --only: the mapping file has no variable ${shownName(name)}${advice}`)
  }
  const wanted = only === undefined ? undefined : new Set(only)
  const chosen = [...found].filter(([name]) => wanted?.has(name) ?? true)
  const entries = chosen.map(([, { entry }]) => entry)
  const blind = new Map(chosen.flatMap(([name, it]) => (it.blind === undefined ? [] : [[name, it.blind]])))
  return {
    entries,
    blind,
    documents,
    facts: { files: files.map(({ path }) => path), variables: entries.length },
  }
}

function openDocument(file: TomlFile, tables: readonly string[], problems: Problems): TomlDocument {
  const read = readToml(file.text)
  problems.push(
    ...read.faults.map(({ line, column, says }) => `${file.path} line ${line}, column ${column}: ${says}`),
  )
  const lineOf = tomlLines(read.text)
  const at = (...keys: readonly string[]) => `${file.path} line ${lineOf(...keys)}`
  const known = [SECRETS, PROVIDERS_TABLE, ...tables]
  for (const [key, value] of Object.entries(read.tables)) {
    if (known.includes(key) || (isTable(value) && isTable(value[SECRETS]))) continue
    problems.push(
      key === 'resolvers'
        ? `${at(key)}: write [providers.NAME] with kind = "bao" and its settings in place of [resolvers.NAME]`
        : `${at(key)}: [${shownName(key)}] is not a table of a mapping file: it has [secrets], [ENVIRONMENT.secrets] and [providers.NAME]`,
    )
  }
  return { tables: read.tables, at }
}

/**
 * Returns the kinds of the tables `[providers.NAME]`. Their problems are reported when the instances are
 * made.
 */
function namedKinds(documents: readonly TomlDocument[]): NamedKinds {
  const found = new Map<string, ProviderDef>()
  for (const document of documents)
    for (const name of entriesOf(document, PROVIDERS_TABLE).keys()) {
      const kind = entriesOf(document, PROVIDERS_TABLE, name).get('kind')?.value
      const def = PROVIDERS.find((it) => it.kind === kind || it.aliases?.includes(String(kind)) === true)
      if (def !== undefined) found.set(name, def)
    }
  return found
}

function variable(
  name: string,
  value: unknown,
  at: () => string,
  named: NamedKinds,
  problems: Problems,
): MappedVariable | undefined {
  const shown = shownName(name)
  const wrongName = variableNameProblem(name)
  if (wrongName !== undefined) {
    problems.push(`${at()}: ${shown} ${wrongName}`)
    return undefined
  }
  const template = templateOf(value, named)
  const blind = blindOf(isTable(value) ? value['blind'] : undefined)
  const problem = [template, blind].find((it) => typeof it === 'object' && 'problem' in it)
  if (!('text' in template) || (typeof blind === 'object' && 'problem' in blind)) {
    problems.push(`${at()} ${shown}: ${problem?.problem}`)
    return undefined
  }
  const entry: MappedVariable['entry'] = {
    kind: 'variable',
    name,
    source: { kind: 'inline', template: template.text },
    needsReference: true,
    get origin() {
      return `${at()} ${shown}`
    },
  }
  return { entry, blind }
}

/** `blind = false` lets the command have the value, also in blind mode. */
function blindOf(value: unknown): MappedVariable['blind'] | { readonly problem: string } {
  if (value === undefined) return undefined
  return value === false ? 'visible' : parseBlindEntry(value)
}

function checkEnvironment(name: string, documents: readonly TomlDocument[], problems: Problems): void {
  const known = documents.flatMap(({ tables }) =>
    Object.entries(tables).flatMap(([key, value]) =>
      isTable(value) && isTable(value[SECRETS]) ? [key] : [],
    ),
  )
  if (known.includes(name) || documents.length === 0) return
  const listed =
    known.length === 0 ? 'there is no [NAME.secrets]' : `there is ${[...new Set(known)].join(', ')}`
  problems.push(`environment ${shownName(name)}: the mapping file does not have it, ${listed}`)
}
