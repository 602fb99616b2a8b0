import { LocketError } from '../../../core/vocabulary/errors.ts'

const ATTRIBUTES = ['otp', 'type', 'value', 'title', 'id', 'purpose', 'content', 'size', 'name'] as const
type OpAttribute = (typeof ATTRIBUTES)[number]

/**
 * The decoded parts of `op://vault/item/[section/]field[?attribute=…|?ssh-format=openssh]`. Each part is a
 * name or an id (https://developer.1password.com/docs/cli/secret-reference-syntax/).
 */
export interface OpReference {
  readonly vault: string
  readonly item: string
  readonly section?: string
  /** The label or id of a field, or the name or id of a file. With `isAll` it is `*`. */
  readonly field: string
  /** All fields of the item, or of the section. A field that is named `*` is written `%2A`. */
  readonly isAll?: true
  /**
   * The attribute to read; left out: the value of a field, or the content of a file. `totp` is parsed as
   * `otp`.
   */
  readonly attribute?: OpAttribute
  readonly sshFormat?: 'openssh'
}

const SHAPE = 'op://vault/item/[section/]field'

/**
 * Parses a reference. Returns undefined for a text that is not an `op` reference. Throws `ref_syntax` for a
 * malformed one; `op:/x` counts as malformed. Does not use `new URL`, which refuses spaces, folds `..` and
 * takes the vault for a host.
 */
export function parseOpReference(text: string): OpReference | undefined {
  if (!/^op:\//i.test(text)) return undefined
  if (!/^op:\/\//i.test(text)) throw malformedOpReference(text, 'is malformed', `expected ${SHAPE}`)
  const rest = text.slice('op://'.length)
  const mark = rest.indexOf('?')
  const path = mark === -1 ? rest : rest.slice(0, mark)
  const parts = path.split('/').map((part) => decodePart(part, text))
  const [vault, item, third, fourth, fifth] = parts
  if (vault === undefined || item === undefined || third === undefined || fifth !== undefined) {
    throw malformedOpReference(
      text,
      `has ${parts.length} part${parts.length === 1 ? '' : 's'}`,
      `expected ${SHAPE}; a / inside a name is written %2F, a | %7C`,
    )
  }
  const isAll = path.endsWith('/*')
  const options = mark === -1 ? {} : parseQuery(rest.slice(mark + 1), text)
  if (isAll && mark !== -1)
    throw malformedOpReference(text, 'asks all fields for an attribute', 'name one field')
  const all = isAll ? { isAll } : {}
  return fourth === undefined
    ? { vault, item, field: third, ...all, ...options }
    : { vault, item, section: third, field: fourth, ...all, ...options }
}

/** Returns the canonical text of a reference. It parses back to the same reference. */
export function formatOpReference(reference: OpReference): string {
  const { vault, item, section, field, isAll, attribute, sshFormat } = reference
  const last = isAll === true ? '*' : encodeField(field)
  const path = [vault, item, section].flatMap((part) => (part === undefined ? [] : encodePart(part)))
  path.push(last)
  const query = attribute === undefined ? '' : `?attribute=${attribute}`
  return `op://${path.join('/')}${sshFormat === undefined ? query : `?ssh-format=${sshFormat}`}`
}

/** Returns the `ref_syntax` error for a reference. Its reason is the reference, followed by `says`. */
export function malformedOpReference(text: string, says: string, hint?: string): LocketError {
  const shown = text.replace(/\p{Cc}/gu, '?').slice(0, 120)
  return new LocketError('ref_syntax', `${shown} ${says}`, { hint })
}

function decodePart(part: string, text: string): string {
  const decoded = part.includes('%') ? percentDecode(part, text) : part
  if (decoded.trim() === '') throw malformedOpReference(text, 'has an empty part', `expected ${SHAPE}`)
  if (/\p{Cc}/u.test(decoded)) throw malformedOpReference(text, 'holds a control character')
  return decoded
}

function percentDecode(part: string, text: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw malformedOpReference(
      text,
      'has a % that does not begin a %XX code',
      'a % inside a name is written %25',
    )
  }
}

function encodePart(part: string): string {
  return part.replace(/[%/?]/g, encodeURIComponent)
}

function encodeField(field: string): string {
  return field === '*' ? '%2A' : encodePart(field)
}

function parseQuery(query: string, text: string): Pick<OpReference, 'attribute' | 'sshFormat'> {
  const [name, value, ...rest] = query.split('=')
  if (rest.length > 0 || query.includes('&'))
    throw malformedOpReference(
      text,
      'has more than one option after the ?',
      'a ? inside a name is written %3F',
    )
  if (name === 'ssh-format') {
    if (value === 'openssh') return { sshFormat: 'openssh' }
    throw malformedOpReference(text, 'has an unknown ssh-format', 'the only one is ssh-format=openssh')
  }
  if (name === 'attribute') {
    const attribute = ATTRIBUTES.find((known) => known === (value === 'totp' ? 'otp' : value))
    if (attribute !== undefined) return { attribute }
    throw malformedOpReference(text, 'has an unknown attribute', `one of ${ATTRIBUTES.join(', ')}`)
  }
  throw malformedOpReference(
    text,
    'has an unknown option',
    'after the ? comes attribute=… or ssh-format=openssh; a ? inside a name is written %3F',
  )
}
