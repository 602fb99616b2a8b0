import type { EnvEntry } from '../../config/entries/env-entry.ts'
import { parseDotenv } from '../../core/text/dotenv.ts'
import { decodeUtf8 } from '../../core/text/utf8.ts'
import { addFacts, errnoOf, LocketError, throwErrors, toLocketError } from '../../core/vocabulary/errors.ts'
import { FIELD_PLACE, type VariableStyle } from '../../core/plan/field-names.ts'
import type { RequestedFile } from '../../core/plan/plan.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import { variableNameProblem } from '../../core/vocabulary/names.ts'
import { spreadVariables } from './field-variables.ts'
import { hasStar, starErrors } from './fields.ts'
import { readTemplates, type TemplateRules } from './read-templates.ts'
import { recipeOf, type PreparedTemplate, type Recipe } from './recipe.ts'

/**
 * A variable whose value is a template. Its origin reads `flag --env DB_PASSWORD` or `app.env line 3
 * DB_PASSWORD`.
 */
export interface PreparedVariable extends PreparedTemplate {
  readonly name: string
}

/** Bytes of the largest template and the largest value of a variable: more than any environment takes. */
export const MOST_VARIABLE_BYTES = 10 * 1024 * 1024

/** The rules for reading variables. */
export interface VariableRules extends TemplateRules {
  /** How a field of a `*` reference names its variable. Default: `upper`. */
  readonly fieldNames?: VariableStyle | undefined
}

/** The variables that could be read, and the errors of the others. */
interface ReadEnvironment {
  /** Each name once. A name is placed where its last entry is. */
  readonly variables: readonly PreparedVariable[]
  readonly errors: readonly LocketError[]
}

/**
 * Reads and parses .env files and templates. No provider is asked. Rejects with one error that names every
 * fault.
 */
export async function prepareEnvironment(
  entries: readonly EnvEntry[],
  rules: VariableRules,
  sources: SourceFiles,
): Promise<Recipe<PreparedVariable>> {
  const { variables, errors } = await readEnvironment(entries, rules, sources)
  throwErrors(errors)
  const recipe = recipeOf(variables)
  return hasStar(variables)
    ? { ...recipe, spread: (fieldsOf) => spreadVariables(variables, fieldsOf, rules.fieldNames) }
    : recipe
}

/**
 * Reads and parses .env files and templates. Returns faults instead of throwing them. A template that a later
 * entry replaces is not read.
 */
export async function readEnvironment(
  entries: readonly EnvEntry[],
  rules: TemplateRules,
  sources: SourceFiles,
): Promise<ReadEnvironment> {
  const errors: LocketError[] = []
  const wanted = await lastOfEachName(entries, rules.maxFileBytes, sources, errors)
  const read = await readTemplates(wanted, rules, sources)
  return { variables: read.templates, errors: [...errors, ...read.errors, ...starErrors(read.templates)] }
}

/** Returns the entry with another path of its file; an entry without a file stays as it is. */
export function mapPath(entry: EnvEntry, change: (path: string) => string): EnvEntry {
  if (entry.kind === 'file') return { ...entry, path: change(entry.path) }
  const { source } = entry
  return source.kind === 'file' ? { ...entry, source: { ...source, path: change(source.path) } } : entry
}

/** Paths of the files that an environment comes from. */
export function environmentFiles(entries: readonly EnvEntry[]): string[] {
  const paths = entries.flatMap((entry) => {
    if (entry.kind === 'file') return [entry.path]
    return entry.source.kind === 'file' ? [entry.source.path] : []
  })
  return [...new Set(paths)]
}

async function lastOfEachName(
  entries: readonly EnvEntry[],
  maxBytes: number,
  sources: SourceFiles,
  errors: LocketError[],
): Promise<readonly RequestedFile[]> {
  const wanted = new Map<string, RequestedFile>()
  for (const entry of entries) {
    const found = entry.kind === 'variable' ? [entry] : await readDotenv(entry, maxBytes, sources, errors)
    for (const file of found) {
      // Two entries of one name with a `*` may give different variables.
      const key = file.name.includes(FIELD_PLACE) ? `${file.name}=${wanted.size}` : file.name
      wanted.delete(key)
      wanted.set(key, file)
    }
  }
  return [...wanted.values()]
}

async function readDotenv(
  { path, origin }: Extract<EnvEntry, { kind: 'file' }>,
  maxBytes: number,
  sources: SourceFiles,
  errors: LocketError[],
): Promise<readonly RequestedFile[]> {
  try {
    const text = decode(await sources.read(path, { maxBytes }), path)
    return parseDotenv(text, path).flatMap(({ name, value, line }) => {
      const problem = variableNameProblem(name)
      if (problem === undefined)
        return [{ name, source: { kind: 'inline', template: value }, origin: `${path} line ${line} ${name}` }]
      errors.push(
        new LocketError('config', `${name} ${problem}`, {
          facts: { origin: `${path} line ${line}`, path, line },
          names: ['path', 'line'],
        }),
      )
      return []
    })
  } catch (thrown) {
    errors.push(unreadable(path, origin, toLocketError(thrown)))
    return []
  }
}

/** The error of a .env file that cannot be read. `origin` says which setting named the file. */
function unreadable(path: string, origin: string, error: LocketError): LocketError {
  if (errnoOf(error.cause) !== 'ENOENT') return addFacts(error, { origin })
  return new LocketError(error.code, `there is no file ${path}`, {
    facts: { origin, path },
    names: ['path'],
    cause: error,
    hint: 'a variable is written NAME=TEMPLATE; a .env file is looked for from the working directory',
  })
}

function decode(bytes: Uint8Array, path: string): string {
  const text = decodeUtf8(bytes)
  bytes.fill(0)
  if (text === undefined)
    throw new LocketError('config', `${path} is not UTF-8 text`, {
      facts: { path },
      names: ['path'],
      hint: 'save it as UTF-8',
    })
  return text
}
