import { distance } from 'fastest-levenshtein'
import { CLOSE, isPair, LONGEST_REFERENCE, OPEN, peekText, skipBlanks } from './tag.ts'

/**
 * Schemes that are common in templates of other programs. None of them is treated as a misspelled scheme of a
 * provider.
 */
export const ORDINARY_SCHEMES =
  /^(?:https?|s?ftps?|file|wss?|git|ssh|tcp|udp|ip|unix|s3|gs|oci|docker|aws|gce|azure|pop3?|imaps?|smtps?|ldaps?|rediss?|postgres(?:ql)?|mysql|mongodb|amqps?|jdbc)$/i

/**
 * A reference in braces that are not a tag. Only the scheme is kept, because the rest may hold a password.
 */
export interface StrayReference {
  /** The scheme as it was written. */
  readonly scheme: string
  /** The known scheme that was probably meant, or undefined when the written one is known. */
  readonly meant: string | undefined
  /** True when the braces are closed. */
  readonly isClosed: boolean
}

const LINE_FEED = 0x0a
/** Characters. More than the longest scheme has. */
const LONGEST_WORD = 32

/**
 * Finds a known scheme followed by `:/`, or a misspelled one followed by `://`, in the braces that open
 * before `start`. Braces end at `}}`. Braces without `}}` before the next `{{` end with the line on which
 * their text begins. Returns undefined when the text is not meant for locket.
 */
export function findStray(
  bytes: Uint8Array,
  start: number,
  schemes: readonly string[],
): StrayReference | undefined {
  if (schemes.length === 0) return undefined
  const end = endOfBraces(bytes, start)
  const isClosed = isPair(bytes, end, CLOSE)
  const text = peekText(isClosed ? bytes.subarray(start, end) : firstLine(bytes, start, end))
  for (let at = text.indexOf(':/'); at !== -1; at = text.indexOf(':/', at + 2)) {
    const scheme = /[a-z][a-z0-9.-]*$/i.exec(text.slice(Math.max(0, at - LONGEST_WORD), at))?.[0]
    if (scheme === undefined) continue
    if (schemes.includes(scheme.toLowerCase())) return { scheme, meant: undefined, isClosed }
    const meant = text[at + 2] === '/' ? misspelled(scheme.toLowerCase(), schemes) : undefined
    if (meant !== undefined) return { scheme, meant, isClosed }
  }
  return undefined
}

/** Returns the offset of the next `}}` or `{{`, or of the end of the text. */
function endOfBraces(bytes: Uint8Array, start: number): number {
  for (let at = start; at < bytes.byteLength; at += 1) {
    if (isPair(bytes, at, CLOSE) || isPair(bytes, at, OPEN)) return at
  }
  return bytes.byteLength
}

function firstLine(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const from = skipBlanks(bytes, start)
  // A search for the line's end in the whole text would be slow for a text of many open braces.
  const near = bytes.subarray(from, Math.min(end, from + LONGEST_REFERENCE))
  const lineEnd = near.indexOf(LINE_FEED)
  return lineEnd === -1 ? near : near.subarray(0, lineEnd)
}

/**
 * Returns the scheme that differs from the word by one letter or by two swapped letters, or, for a word of
 * six letters and more, by any two letters.
 */
function misspelled(word: string, schemes: readonly string[]): string | undefined {
  if (ORDINARY_SCHEMES.test(word)) return undefined
  return schemes.find((scheme) => {
    const edits = distance(word, scheme)
    // Any word of two letters is one letter away from another.
    if (edits === 1) return word.length > 2
    if (edits !== 2) return false
    return word.length >= 6 || (word.length > 2 && sorted(word) === sorted(scheme))
  })
}

/** Bytes of a text without any reference that are searched for single braces. */
const MOST_SEARCHED = 256 * 1024

/**
 * Returns the offset and the scheme of the first known reference in single braces, as other programs write
 * them: `{op://…}` and `${op://…}`.
 */
export function findSingleBraces(
  bytes: Uint8Array,
  schemes: readonly string[],
): { readonly offset: number; readonly scheme: string } | undefined {
  if (schemes.length === 0) return undefined
  const text = peekText(bytes.subarray(0, MOST_SEARCHED))
  const found = new RegExp(`\\{\\s*(${schemes.join('|')})://`, 'i').exec(text)
  const scheme = found?.[1]
  if (found === null || scheme === undefined) return undefined
  return { offset: new TextEncoder().encode(text.slice(0, found.index)).byteLength, scheme }
}

function sorted(word: string): string {
  return word.split('').toSorted().join('')
}
