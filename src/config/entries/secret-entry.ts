import type { RequestedFile } from '../../core/plan/plan.ts'
import type { Problems } from '../layers/layers.ts'

const ENTRY = /^([^={}\s][^={}\n]*?)\s*=(.*)$/s
const TEMPLATE_FILE = /^@(\/[^\n]*)$/
const BARE_PATH = /^\/[^\n{}]*$/

/**
 * Parses `NAME=TEMPLATE` or `NAME=@/path` of a list. Messages do not repeat the text: it may hold a secret.
 */
export function parseEntry(entry: string, origin: string, problems: Problems): RequestedFile | undefined {
  const parts = splitEntry(entry)
  if (parts !== undefined)
    return secretFile(parts.name, parts.text, `${origin} ${shownName(parts.name)}`, problems)
  const isPath = BARE_PATH.test(entry) || TEMPLATE_FILE.test(entry)
  problems.push(`${origin}: ${isPath ? 'write NAME=@/path/to/template' : 'write NAME=TEMPLATE'}`)
  return undefined
}

/** Splits `NAME=TEXT`. Returns undefined for another shape. */
export function splitEntry(entry: string): { readonly name: string; readonly text: string } | undefined {
  const [, name, text] = ENTRY.exec(entry) ?? []
  return name === undefined || text === undefined ? undefined : { name, text }
}

/**
 * Returns the file of this name. A text that is only a path is refused: it would be the content, and is most
 * likely meant as `@/path`.
 */
export function secretFile(
  name: string,
  text: string,
  origin: string,
  problems: Problems,
): RequestedFile | undefined {
  const only = text.trim()
  if (BARE_PATH.test(only)) {
    problems.push(`${origin}: to take the template from that file write @${only}`)
    return undefined
  }
  const path = TEMPLATE_FILE.exec(only)?.[1]
  if (path === undefined) return { name, source: { kind: 'inline', template: text }, origin }
  return { name, source: { kind: 'file', path }, origin }
}

/** Returns a name that a message can show: printable and at most 80 characters long. */
export function shownName(name: string): string {
  const printable = name.replace(/\p{Cc}/gu, '?')
  if (printable.trim() === '') return JSON.stringify(printable)
  return printable.length > 80 ? `${printable.slice(0, 80)}…` : printable
}
