import type { EnvEntry } from '../../config/entries/env-entry.ts'
import { parseDotenv } from '../../core/text/dotenv.ts'
import { addFacts, errnoOf, LocketError, throwErrors, toLocketError } from '../../core/vocabulary/errors.ts'
import type { RequestedFile } from '../../core/plan/plan.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import { variableNameProblem } from '../../core/vocabulary/names.ts'
import { readTemplate, type TemplateRules } from './prepare.ts'
import type { PreparedTemplate } from '../render/render.ts'

/** A variable, its value still a template. Its origin: `flag --env DB_PASSWORD`, `app.env line 3 DB_PASSWORD`. */
export interface PreparedVariable extends PreparedTemplate {
  readonly name: string
}

export interface ReadEnvironment {
  /** Each name once, in the order of their last entries. */
  readonly variables: readonly PreparedVariable[]
  readonly errors: readonly LocketError[]
}

/** Reads .env files and templates and parses them. Throws one error that names all that is wrong. No network. */
export async function prepareEnvironment(
  entries: readonly EnvEntry[],
  rules: TemplateRules,
  sources: SourceFiles,
): Promise<readonly PreparedVariable[]> {
  const { variables, errors } = await readEnvironment(entries, rules, sources)
  throwErrors(errors)
  return variables
}

/** The same, with what is wrong beside what could be read. A template that a later entry replaces is not looked at. */
export async function readEnvironment(
  entries: readonly EnvEntry[],
  rules: TemplateRules,
  sources: SourceFiles,
): Promise<ReadEnvironment> {
  const errors: LocketError[] = []
  const variables: PreparedVariable[] = []
  for (const wanted of await lastOfEachName(entries, rules.maxFileBytes, sources, errors)) {
    const { name, origin } = wanted
    try {
      variables.push({ name, origin, template: await readTemplate(wanted, rules, sources) })
    } catch (thrown) {
      errors.push(toLocketError(thrown))
    }
  }
  return { variables, errors }
}

/** Returns the entry with another path of its file; an entry without a file stays as it is. */
export function mapPath(entry: EnvEntry, change: (path: string) => string): EnvEntry {
  if (entry.kind === 'file') return { ...entry, path: change(entry.path) }
  const { source } = entry
  return source.kind === 'file' ? { ...entry, source: { ...source, path: change(source.path) } } : entry
}

/** The files that an environment comes from: a change of one may change it. */
export function environmentFiles(entries: readonly EnvEntry[]): string[] {
  const paths = entries.flatMap((entry) => {
    if (entry.kind === 'file') return [entry.path]
    return entry.source.kind === 'file' ? [entry.source.path] : []
  })
  return [...new Set(paths)]
}

/**
 * Rendered values as an environment holds them: strings, which cannot be wiped. To be called at the last moment. Throws `unfit_value`, naming
 * each variable whose value holds a NUL byte or is no UTF-8.
 */
export function environmentOf(contents: Iterable<readonly [PreparedVariable, Secret]>): Map<string, string> {
  const values = new Map<string, string>()
  const errors: LocketError[] = []
  for (const [{ name, origin }, value] of contents) {
    const text = textOf(value)
    if (typeof text === 'string') values.set(name, text)
    else errors.push(new LocketError('unfit_value', text.problem, { facts: { origin } }))
  }
  throwErrors(errors)
  return values
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
      wanted.delete(file.name)
      wanted.set(file.name, file)
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

/** The error of a .env file that cannot be read. `origin` says who named the file. */
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
  const text = utf8(bytes)
  bytes.fill(0)
  if (text === undefined)
    throw new LocketError('config', `${path} is not UTF-8 text`, { facts: { path }, names: ['path'] })
  return text
}

function textOf(value: Secret): string | { readonly problem: string } {
  const bytes = value.reveal()
  if (bytes.includes(0)) return { problem: 'the value holds a NUL byte, which no environment can' }
  return utf8(bytes) ?? { problem: 'the value is not UTF-8 text, as an environment has to be' }
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    // Not UTF-8.
    return undefined
  }
}
