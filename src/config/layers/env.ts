import { fieldKind, type Field } from '../../settings/field.ts'
import type { Given, Layer, Problems } from './layers.ts'

/** The variables of a process. */
export type Env = Readonly<Record<string, string | undefined>>

/**
 * Returns the settings that variables give. An empty variable counts as not set, because the engine and
 * Compose pass empty variables. Adds to `problems` a credential whose variable and `_FILE` variable are both
 * set.
 */
export function envLayer(fields: readonly Field[], env: Env, problems: Problems): Layer {
  const layer = new Map<string, Given>()
  for (const field of fields) {
    const given = fromEnv(field, env, problems)
    if (given !== undefined) layer.set(field.name, given)
  }
  return layer
}

function fromEnv(field: Field, env: Env, problems: Problems): Given | undefined {
  if (field.env === undefined) return undefined
  const text = env[field.env] ?? ''
  const file = field.credential === true ? (env[`${field.env}_FILE`] ?? '') : ''
  if (text !== '' && file !== '')
    problems.push(`environment: ${field.env} and ${field.env}_FILE are both set: unset one of them`)
  if (file !== '' && !file.startsWith('/')) {
    problems.push(`environment ${field.env}_FILE: must be an absolute path, which begins with /`)
    return undefined
  }
  if (file !== '') return { value: `file:${file}`, origin: `environment ${field.env}_FILE` }
  if (text === '') return undefined
  return { value: fieldKind(field) === 'list' ? splitList(text) : text, origin: `environment ${field.env}` }
}

const NEXT_ENTRY = /^,\s*(?=[A-Za-z0-9_.][A-Za-z0-9_./-]*=|@|\/)/

/**
 * Splits the text of a variable that holds a list. A text with newlines has one entry on each line. Any other
 * text is split at commas outside of `{{ }}` that `NAME=`, `@` or `/` follows; other commas belong to a
 * template.
 */
export function splitList(text: string): string[] {
  const parts = text.includes('\n') ? text.split('\n') : splitAtCommas(text)
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

function splitAtCommas(text: string): string[] {
  const parts: string[] = []
  let start = 0
  for (let at = 0; at < text.length; at += 1) {
    if (text.startsWith('{{', at)) at = endOfTag(text, at)
    else if (text[at] === ',' && NEXT_ENTRY.test(text.slice(at, at + 300))) {
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  return [...parts, text.slice(start)]
}

/** Returns the index of the last character of the tag that opens at `at`. An unclosed `{{` is plain text. */
function endOfTag(text: string, at: number): number {
  const end = text.indexOf('}}', at)
  return end === -1 ? at + 1 : end + 1
}
