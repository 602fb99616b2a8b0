import {
  decodeReference,
  formatOptions,
  malformedReference,
  splitReference,
} from '../lib/reference/options.ts'

/** The decoded parts of `keepassxc://Group/Entry[?field=]`. */
export interface KeepassxcEntry {
  /** The groups below the root and the title of the entry. */
  readonly path: readonly string[]
  /** The name of an attribute; left out: `Password`. */
  readonly field: string
  /** All attributes but the title. */
  readonly isAll?: true
}

const SHAPE = 'keepassxc://Group/Entry'
/** The attribute of a reference without a field. */
const USUAL_FIELD = 'Password'

/** Parses a reference. Returns undefined for a text of another scheme. Throws `ref_syntax`. */
export function parseKeepassxcEntry(text: string): KeepassxcEntry | undefined {
  const split = splitReference(text, { scheme: 'keepassxc', shape: SHAPE, names: ['field'] })
  if (split === undefined) return undefined
  const path = split.path.split('/').map((part) => decodeReference(part, text))
  if (path.some((part) => part === ''))
    throw malformedReference(text, 'has an empty part', `expected ${SHAPE}; a / inside a name is written %2F`)
  const field = split.options.get('field') ?? USUAL_FIELD
  return { path, field, ...(split.isStar('field') ? { isAll: true } : {}) }
}

/** Returns the canonical text of a reference. It parses back to the same reference. */
export function formatKeepassxcEntry({ path, field, isAll }: KeepassxcEntry): string {
  const encode = (part: string): string =>
    part.replaceAll(/[%/?#&=*]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`)
  const query = formatOptions([['field', isAll === true ? '*' : encode(field)]])
  return `keepassxc://${path.map(encode).join('/')}${query}`
}
