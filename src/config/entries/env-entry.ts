import type { RequestedFile } from '../../core/plan/plan.ts'
import { FIELD_PLACE } from '../../core/plan/field-names.ts'
import { variableNameProblem } from '../../core/vocabulary/names.ts'
import type { SettingsOf } from '../../settings/field.ts'
import { throwProblems, type Layer, type Problems } from '../layers/layers.ts'
import { NOT_ABSOLUTE, shownName, splitEntry, templateFile } from './secret-entry.ts'
import { environmentSection, variableSecretsSection } from '../sections/environment.ts'

/** One entry of an environment. A later entry wins. */
export type EnvEntry =
  | ({ readonly kind: 'variable' } & RequestedFile)
  /** A .env file. A relative path begins at the working directory, wherever the path was given. */
  | { readonly kind: 'file'; readonly path: string; readonly origin: string }

/** The settings that name the variables of an environment. */
export interface EnvSettings {
  readonly environment: SettingsOf<typeof environmentSection>
  readonly secrets?: SettingsOf<typeof variableSecretsSection>
}

/**
 * Returns the entries of `--env-file`, then those of `--secret`, then those of `--env`, each in the order
 * given. Reads no file. Throws one `config` error that lists all that is wrong.
 */
export function environmentEntries(settings: EnvSettings, layer: Layer): EnvEntry[] {
  const problems: Problems = []
  const entries = collectEntries(settings, layer, problems)
  throwProblems(problems)
  return entries
}

/** Returns the same entries as `environmentEntries`, and adds to `problems` what is wrong. */
export function collectEntries(
  { environment, secrets }: EnvSettings,
  layer: Layer,
  problems: Problems,
): EnvEntry[] {
  const place = (name: string): Place => ({
    origin: layer.get(name)?.origin ?? name,
    takesRelative: layer.get(name)?.isFromToml !== true,
  })
  const { env = [], envFiles = [] } = environment
  const { secrets: named = [] } = secrets ?? {}
  const { env: envField, envFiles: filesField } = environmentSection.fields
  const entries = [
    ...envFiles.map((path) => envFile(path, place(filesField.name), problems)),
    ...named.map((entry) => secretEntry(entry, place(variableSecretsSection.fields.secrets.name), problems)),
    ...env.map((entry) => envEntry(entry, place(envField.name), problems)),
  ]
  return entries.filter((entry) => entry !== undefined)
}

interface Place {
  readonly origin: string
  /** A path after `@` may be relative to the working directory. */
  readonly takesRelative: boolean
}

const STARTS_AS_PATH = /^\.{0,2}\//
const SECRET_PATH = /^(?:\/[^\n={}]*)?\/([^\n={}/]+)$/

/**
 * Parses `NAME=TEMPLATE`, `NAME=@path` or the path of a .env file. Messages do not repeat the text, because
 * it may hold a secret.
 */
function envEntry(entry: string, place: Place, problems: Problems): EnvEntry | undefined {
  const parts = STARTS_AS_PATH.test(entry) ? undefined : splitEntry(entry)
  if (parts !== undefined) return variable(parts.name, parts.text, place, problems)
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(entry)) {
    problems.push(`${place.origin}: a reference needs the name of a variable: write NAME={{ REFERENCE }}`)
    return undefined
  }
  const isPath = STARTS_AS_PATH.test(entry) || !/[={}@\s]/.test(entry)
  if (isPath) return envFile(entry, place, problems)
  problems.push(
    `${place.origin}: write NAME=TEMPLATE, NAME=@/path/to/template or the path of a .env file (with ./ before it)`,
  )
  return undefined
}

/** Parses `NAME=TEMPLATE`, `NAME=@path` or the path of a template, whose last part is the variable's name. */
function secretEntry(entry: string, place: Place, problems: Problems): EnvEntry | undefined {
  const [, name] = SECRET_PATH.exec(entry) ?? []
  if (name !== undefined) return variable(name, `@${entry}`, place, problems)
  const parts = splitEntry(entry)
  if (parts !== undefined) return variable(parts.name, parts.text, place, problems)
  problems.push(`${place.origin}: write NAME=TEMPLATE or NAME=@/path/to/template`)
  return undefined
}

/** Makes the entry of a variable. Unlike the text of a file, the text may be a path: `SHELL=/bin/sh`. */
function variable(name: string, text: string, place: Place, problems: Problems): EnvEntry | undefined {
  const { origin, takesRelative } = place
  const shown = shownName(name)
  // The name of a field takes the place of a `*`.
  const wrongName = variableNameProblem(name.replace(FIELD_PLACE, 'X'))
  if (wrongName !== undefined) {
    problems.push(`${origin}: ${shown} ${wrongName}`)
    return undefined
  }
  const named = `${origin} ${shown}`
  const only = text.trim()
  if (!only.startsWith('@'))
    return { kind: 'variable', name, source: { kind: 'inline', template: text }, origin: named }
  const path = templateFile(only) ?? ''
  if (path.startsWith('/') || (path !== '' && takesRelative))
    return { kind: 'variable', name, source: { kind: 'file', path }, origin: named }
  const problem = path === '' ? 'a path must follow the @' : NOT_ABSOLUTE
  problems.push(`${named}: ${problem} (a value that begins with @ can be given in a .env file)`)
  return undefined
}

function envFile(path: string, { origin }: Place, problems: Problems): EnvEntry | undefined {
  if (path !== '' && !path.includes('\0')) return { kind: 'file', path, origin }
  problems.push(`${origin}: the path of a .env file must not be empty`)
  return undefined
}
