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
import { mappedReference, type NamedKinds } from './mapped-reference.ts'

/** A variable of a mapping file. */
type MappedVariable = Extract<EnvEntry, { kind: 'variable' }>

/** The content of a mapping file and its local overlay. */
export interface SecretMapping {
  /** One entry for each variable, with its reference as a template. */
  readonly entries: readonly MappedVariable[]
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

/** Characters of a template. */
const MOST_TEXT = 64 * 1024
/** The keys of a table that stands for a template, and most characters of each. */
const MOST_OF_KEY: ReadonlyMap<string, number> = new Map([
  ['provider', 80],
  ['resolver', 80],
  ['ref', 4096],
  ['field', 512],
])

/** A table in the place of a template. */
interface ValueTable {
  readonly provider?: string
  readonly resolver?: string
  readonly ref: string
  readonly field?: string
}

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
        const entry = variable(name, value, at, named, problems)
        if (entry !== undefined) found.set(name, entry)
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
  const entries = [...found.values()].filter(({ name }) => wanted?.has(name) ?? true)
  return {
    entries,
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
  if ('problem' in template) {
    problems.push(`${at()} ${shown}: ${template.problem}`)
    return undefined
  }
  return {
    kind: 'variable',
    name,
    source: { kind: 'inline', template: template.text },
    needsReference: true,
    get origin() {
      return `${at()} ${shown}`
    },
  }
}

function templateOf(
  value: unknown,
  named: NamedKinds,
): { readonly text: string } | { readonly problem: string } {
  const read = readValue(value)
  if (read === undefined)
    return {
      problem: 'write "{{ REFERENCE }}", or { provider = "…", ref = "…" } with or without field = "…"',
    }
  if (typeof read === 'string') {
    const text = read.trim()
    if (/^[a-z][a-z0-9+.-]*:\/\/[^{}]+$/i.test(text)) return { text: `{{ ${text} }}` }
    // A plain value in a file that is committed would be a secret in the history of a repository.
    return text.includes('{{')
      ? { text: read }
      : { problem: 'it has no reference: write "{{ REFERENCE }}", and plain values elsewhere' }
  }
  const { provider, resolver, ref, field } = read
  if (provider !== undefined && resolver !== undefined)
    return { problem: 'provider and resolver are the same: keep one of both' }
  const chosen = provider ?? resolver
  if (chosen === undefined) return { problem: 'it has no provider' }
  const mapped = mappedReference({ provider: chosen, ref, field }, named)
  return 'problem' in mapped ? mapped : { text: `{{ ${mapped.reference} }}` }
}

/**
 * Returns undefined for a value of another shape. It is checked by hand: no other part of `exec` needs zod,
 * which takes 20 ms to load.
 */
function readValue(value: unknown): string | ValueTable | undefined {
  if (typeof value === 'string') return value.length <= MOST_TEXT ? value : undefined
  if (!isTable(value)) return undefined
  const { allow_empty: mayBeEmpty = false, ...texts } = value
  if (typeof mayBeEmpty !== 'boolean' || !hasRightTexts(texts)) return undefined
  return texts.ref === undefined || texts.ref === '' || texts.field === ''
    ? undefined
    : { ...texts, ref: texts.ref }
}

function hasRightTexts(
  texts: Readonly<Record<string, unknown>>,
): texts is Partial<ValueTable> & typeof texts {
  return Object.entries(texts).every(
    ([key, text]) => typeof text === 'string' && text.length <= (MOST_OF_KEY.get(key) ?? -1),
  )
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
