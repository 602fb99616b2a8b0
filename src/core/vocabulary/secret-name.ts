import { LocketError } from './errors.ts'
import type { Brand } from './ref.ts'

/** Name of a secret in the embedded store: segments joined by `/`, decoded and in Unicode's NFC form. */
export type SecretName = Brand<string, 'SecretName'>

/** The form of a reference to a local secret, for messages. */
export const SECRET_NAME_SHAPE = 'local://path/to/name'
const LONGEST = 512
const SEGMENT = /^[\p{L}\p{M}\p{N}_.@+=,~-]+(?: +[\p{L}\p{M}\p{N}_.@+=,~-]+)*$/u

/**
 * Returns the name in `db/password` or `local://db/password`, with percent-encoding decoded. Throws
 * `ref_syntax` when a segment is empty, `.` or `..`, or holds anything but letters, digits, inner spaces and
 * `_.-@+=,~`, or when the name is longer than 512 characters.
 */
export function parseSecretName(text: string): SecretName {
  const path = text.startsWith('local://') ? text.slice('local://'.length) : text
  const segments = path.split('/').map((segment) => decoded(segment, text))
  for (const segment of segments) {
    if (segment === '') throw malformed(text, 'a part of the path is empty')
    if (segment === '.' || segment === '..') throw malformed(text, `"${segment}" is not allowed in a name`)
    if (!SEGMENT.test(segment)) {
      throw malformed(text, 'names are made of letters, digits, inner spaces and _ . - @ + = , ~')
    }
  }
  const name = segments.join('/')
  if (name.length > LONGEST) throw malformed(text, `it is longer than ${LONGEST} characters`)
  return name as SecretName
}

/** True for the names that `parseSecretName` returns. */
export function isSecretName(text: string): text is SecretName {
  return text.length <= LONGEST && text.normalize('NFC') === text && text.split('/').every(isSegment)
}

function isSegment(text: string): boolean {
  return SEGMENT.test(text) && text !== '.' && text !== '..'
}

function decoded(segment: string, text: string): string {
  try {
    return decodeURIComponent(segment).normalize('NFC')
  } catch (cause) {
    throw malformed(text, 'a % must be followed by the two hex digits of a UTF-8 byte', cause)
  }
}

function malformed(text: string, reason: string, cause?: unknown): LocketError {
  const shown = JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)
  return new LocketError('ref_syntax', `${shown} is not the name of a local secret: ${reason}`, {
    hint: `expected ${SECRET_NAME_SHAPE}`,
    cause,
  })
}
