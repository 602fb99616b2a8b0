import { readFilePath } from '../lib/reference/file-path.ts'
import {
  encodeReference,
  formatOptions,
  malformedReference,
  splitReference,
} from '../lib/reference/options.ts'

/** The decoded parts of `pass://NAME[?field=|?part=all]`. */
export interface PassEntry {
  /** The name of the entry, with its folders. */
  readonly name: string
  /** The name in front of a colon; left out: the first line. */
  readonly field?: string
  /** All fields, the first line as `password`. */
  readonly isAll?: true
  /** The whole entry, unchanged. */
  readonly isWhole?: true
}

const SHAPE = 'pass://folder/name'

/** Parses a reference. Returns undefined for a text of another scheme. Throws `ref_syntax`. */
export function parsePassEntry(text: string): PassEntry | undefined {
  const split = splitReference(text, { scheme: 'pass', shape: SHAPE, names: ['field', 'part'] })
  if (split === undefined) return undefined
  const name = readFilePath(split.path, text, SHAPE)
  const field = split.options.get('field')
  const part = split.options.get('part')
  if (part !== undefined && part !== 'all')
    throw malformedReference(text, 'has a wrong part', 'there is part=all')
  if (part !== undefined && field !== undefined)
    throw malformedReference(text, 'names a part and a field', 'leave one of them out')
  return {
    name,
    ...(split.isStar('field') ? { isAll: true } : field === undefined ? {} : { field }),
    ...(part === undefined ? {} : { isWhole: true }),
  }
}

/** Returns the canonical text of a reference. It parses back to the same reference. */
export function formatPassEntry({ name, field, isAll, isWhole }: PassEntry): string {
  const query = formatOptions([
    ['field', isAll === true ? '*' : field === undefined ? field : encodeReference(field)],
    ['part', isWhole === true ? 'all' : undefined],
  ])
  return `pass://${encodeReference(name)}${query}`
}
