import type { RequestedFile } from '../../core/plan/plan.ts'
import { normalizePath } from '../../core/plan/paths.ts'
import type { Problems } from '../layers/layers.ts'

const ENTRY = /^([^={}\s][^={}\n]*?)\s*=(.*)$/s
/** Matches `@path`. A text with braces does not match: it may be a template that begins with `@`. */
const TEMPLATE_FILE = /^@(\/[^\n]*|[^\n{}]*)$/
const BARE_PATH = /^\/[^\n{}]*$/

/**
 * Parses `NAME=TEMPLATE` or `NAME=@path` of a list. Returns undefined and adds to `problems` when it is
 * wrong. Messages do not repeat the text, because it may hold a secret. `base` is that of `SecretPlace`.
 */
export function parseEntry(
  entry: string,
  origin: string,
  problems: Problems,
  base?: string,
): RequestedFile | undefined {
  const parts = splitEntry(entry)
  if (parts !== undefined)
    return secretFile(
      parts.name,
      parts.text,
      { origin: `${origin} ${shownName(parts.name)}`, base },
      problems,
    )
  const isPath = BARE_PATH.test(entry) || TEMPLATE_FILE.test(entry)
  problems.push(`${origin}: ${isPath ? 'write NAME=@/path/to/template' : 'write NAME=TEMPLATE'}`)
  return undefined
}

/** Splits `NAME=TEXT`. Returns undefined for another shape. */
export function splitEntry(entry: string): { readonly name: string; readonly text: string } | undefined {
  const [, name, text] = ENTRY.exec(entry) ?? []
  return name === undefined || text === undefined ? undefined : { name, text }
}

/** Returns the path behind the `@` of `@path`, as it was written; undefined when the text is a template. */
export function templateFile(text: string): string | undefined {
  return TEMPLATE_FILE.exec(text.trim())?.[1]
}

/** The problem with a relative path where only an absolute one is accepted. */
export const NOT_ABSOLUTE = 'the path after @ must be absolute'

/** The place where an entry was written. */
interface SecretPlace {
  readonly origin: string
  /**
   * The folder in which relative paths begin: a command's working directory. Undefined: paths must be
   * absolute.
   */
  readonly base?: string | undefined
}

/**
 * Returns the file of this name and its source. Returns undefined and adds to `problems` when it is wrong. A
 * path without `@` is refused, because locket would write it as the secret's text.
 */
export function secretFile(
  name: string,
  text: string,
  { origin, base }: SecretPlace,
  problems: Problems,
): RequestedFile | undefined {
  const only = text.trim()
  if (BARE_PATH.test(only)) {
    problems.push(`${origin}: to take the template from that file write @${only}`)
    return undefined
  }
  const path = templateFile(only)
  if (path === undefined) return { name, source: { kind: 'inline', template: text }, origin }
  if (path.startsWith('/')) return { name, source: { kind: 'file', path }, origin }
  if (path !== '' && base !== undefined)
    return { name, source: { kind: 'file', path: normalizePath(`${base}/${path}`) }, origin }
  problems.push(`${origin}: ${path === '' ? 'a path must follow the @' : NOT_ABSOLUTE}`)
  return undefined
}

/** Returns a name that a message can show: printable and at most 80 characters long. */
export function shownName(name: string): string {
  const printable = name.replace(/\p{Cc}/gu, '?')
  if (printable.trim() === '') return JSON.stringify(printable)
  return printable.length > 80 ? `${printable.slice(0, 80)}…` : printable
}
