import { nearest } from '../../core/text/nearest.ts'
import { shownName } from '../entries/secret-entry.ts'
import { isTable } from '../layers/toml.ts'
import { mappedReference, type NamedKinds } from './mapped-reference.ts'

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

const WHOLE = /^[a-z][a-z0-9+.-]*:\/\/[^{}]+$/i
const TEMPLATE = /\{\{/

/**
 * Returns the template that a value of `[secrets]` means, or the problem with it: a text with tags, one whole
 * reference, or a table of `provider`, `ref` and `field`.
 */
export function templateOf(
  value: unknown,
  named: NamedKinds,
): { readonly text: string } | { readonly problem: string } {
  const read = readValue(value)
  if (read === undefined) return { problem: shapeProblem(value) }
  if (typeof read === 'string') {
    const text = read.trim()
    if (WHOLE.test(text)) return { text: `{{ ${text} }}` }
    // A plain value in a file that is committed would be a secret in the history of a repository.
    return TEMPLATE.test(text)
      ? { text: read }
      : { problem: 'it has no reference: write "{{ REFERENCE }}", and plain values elsewhere' }
  }
  const { provider, resolver, ref, field } = read
  if (provider !== undefined && resolver !== undefined)
    return { problem: 'provider and resolver are the same: keep one of both' }
  const chosen = provider ?? resolver
  if (chosen === undefined) {
    if (field === undefined && (TEMPLATE.test(ref) || WHOLE.test(ref))) return templateOf(ref, named)
    return { problem: 'it has no provider' }
  }
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
  const { allow_empty: mayBeEmpty = false, blind: _blind, ...texts } = value
  if (typeof mayBeEmpty !== 'boolean' || !hasRightTexts(texts)) return undefined
  return texts.ref === undefined || texts.ref === '' || texts.field === ''
    ? undefined
    : { ...texts, ref: texts.ref }
}

const SHAPE = 'write "{{ REFERENCE }}", or { provider = "…", ref = "…" } with or without field = "…"'

function shapeProblem(value: unknown): string {
  const known = [...MOST_OF_KEY.keys(), 'allow_empty', 'blind']
  const unknown = isTable(value) ? Object.keys(value).find((key) => !known.includes(key)) : undefined
  if (unknown === undefined) return SHAPE
  const near = nearest(unknown, known)
  return `there is no key ${shownName(unknown)}${near === undefined ? `: ${SHAPE}` : `, did you mean ${near}?`}`
}

function hasRightTexts(
  texts: Readonly<Record<string, unknown>>,
): texts is Partial<ValueTable> & typeof texts {
  return Object.entries(texts).every(
    ([key, text]) => typeof text === 'string' && text.length <= (MOST_OF_KEY.get(key) ?? -1),
  )
}
