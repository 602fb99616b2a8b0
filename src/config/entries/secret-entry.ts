import type { RequestedFile } from '../../core/plan/plan.ts'
import type { Problems } from '../layers/layers.ts'

const ENTRY = /^([^={}\s][^={}\n]*?)\s*=(.*)$/s
const TEMPLATE_FILE = /^@(\/[^\n]*)$/
const BARE_PATH = /^\/[^\n{}]*$/

/** `NAME=TEMPLATE` or `NAME=@/path` of a list. The text is not repeated in messages: it may hold a value. */
export function parseEntry(entry: string, origin: string, problems: Problems): RequestedFile | undefined {
  const parts = splitEntry(entry)
  if (parts !== undefined)
    return secretFile(parts.name, parts.text, `${origin} ${shownName(parts.name)}`, problems)
  const isPath = BARE_PATH.test(entry) || TEMPLATE_FILE.test(entry)
  problems.push(`${origin}: ${isPath ? 'write NAME=@/path/to/template' : 'write NAME=TEMPLATE'}`)
  return undefined
}

/** `NAME=TEXT`; undefined: it is none. */
export function splitEntry(entry: string): { readonly name: string; readonly text: string } | undefined {
  const [, name, text] = ENTRY.exec(entry) ?? []
  return name === undefined || text === undefined ? undefined : { name, text }
}

/** What a file of this name is made of. A path alone is most likely meant to be a template's: it would be written as it stands. */
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

/** A name as messages can bear it. */
export function shownName(name: string): string {
  const printable = name.replace(/\p{Cc}/gu, '?')
  if (printable.trim() === '') return JSON.stringify(printable)
  return printable.length > 80 ? `${printable.slice(0, 80)}…` : printable
}
