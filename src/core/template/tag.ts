import type { FilterCall } from './template.ts'

/** Bytes. No reference is longer; a longer text is never given to a parser of references. */
export const LONGEST_REFERENCE = 4096

/**
 * Bytes from the first brace of a tag to its last one. Braces that are further apart are text. It bounds the
 * work on one tag.
 */
export const LONGEST_TAG = 64 * 1024

/** Filters of one tag. */
const MOST_FILTERS = 32

/** The text between `{{` and the first `|` or `}}`. Offsets are in bytes. */
export type Head =
  /** `{{ "{{" }}`, which writes two braces. */
  | { readonly kind: 'literal'; readonly from: number; readonly end: number }
  /**
   * `text` is trimmed and without quotes, or undefined when it cannot be a reference. `next`: offset of the
   * `|` or `}}`.
   */
  | { readonly kind: 'head'; readonly text: string | undefined; readonly next: number }
  /** There is no `}}` before the next `{{` or the end. */
  | { readonly kind: 'unclosed'; readonly next: number }

/** The filters of a tag up to its `}}`, or why they cannot be read. Offsets are in bytes. */
export type Filters =
  | { readonly kind: 'filters'; readonly calls: readonly FilterCall[]; readonly end: number }
  | { readonly kind: 'unclosed'; readonly next: number }
  | { readonly kind: 'malformed'; readonly problem: string; readonly next: number }

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const LENIENT = new TextDecoder('utf-8', { ignoreBOM: true })

/** The byte `{`. */
export const OPEN = 0x7b
/** The byte `}`. */
export const CLOSE = 0x7d
const PIPE = 0x7c
const BACKSLASH = 0x5c
const LINE_FEED = 0x0a

/** Reads the head of a tag. `start` is the offset after `{{`. */
export function readHead(bytes: Uint8Array, start: number): Head {
  const from = skipBlanks(bytes, start)
  return readQuotedHead(bytes, from) ?? readPlainHead(bytes, from)
}

/**
 * Reads the filters of a tag. `start` is the offset of the first `|`, or of the `}}` when there are no
 * filters.
 */
export function readFilters(bytes: Uint8Array, start: number): Filters {
  const calls: FilterCall[] = []
  let at = start
  while (bytes[at] === PIPE) {
    const name = readWord(bytes, skipBlanks(bytes, at + 1))
    const args: string[] = []
    at = skipBlanks(bytes, name.end)
    while (!endsCall(bytes, at)) {
      // A quote opens only after a blank. An escaped quote then never opens another text, and reading stays
      // linear.
      if (isQuote(bytes[at]) && !isBlank(bytes[at - 1]))
        return malformed('a space is missing before a quote', at)
      const arg = isQuote(bytes[at]) ? readQuoted(bytes, at) : readWord(bytes, at)
      if (arg === undefined) return malformed('a quote is not closed on its line', at)
      args.push(arg.text)
      at = skipBlanks(bytes, arg.end)
    }
    if (at >= bytes.byteLength || isPair(bytes, at, OPEN)) return { kind: 'unclosed', next: at }
    if (name.text === '') return malformed('there is no filter name after |', at)
    if (calls.length === MOST_FILTERS) return malformed(`the tag has more than ${MOST_FILTERS} filters`, at)
    calls.push({ name: name.text, args })
  }
  return { kind: 'filters', calls, end: at + 2 }
}

function malformed(problem: string, at: number): Filters {
  return { kind: 'malformed', problem, next: at + 1 }
}

/** Returns the bytes as UTF-8 text, or undefined when they are not valid UTF-8. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return STRICT.decode(bytes)
  } catch {
    return undefined
  }
}

/**
 * Returns the bytes as text for inspection only: bytes that are not UTF-8 become U+FFFD. Never write the
 * result.
 */
export function peekText(bytes: Uint8Array): string {
  return LENIENT.decode(bytes)
}

/** Returns the offset of the first byte from `start` on that is not a blank. */
export function skipBlanks(bytes: Uint8Array, start: number): number {
  let at = start
  while (isBlank(bytes[at])) at += 1
  return at
}

/** True for a space, tab, line feed, vertical tab, form feed and carriage return. */
export function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d)
}

/**
 * Returns the head when it is one quoted text, else undefined: then it is read as plain text with its quotes.
 */
function readQuotedHead(bytes: Uint8Array, from: number): Head | undefined {
  if (!isQuote(bytes[from])) return undefined
  const inside = bytes.subarray(from + 1, from + 1 + LONGEST_REFERENCE)
  const length = inside.indexOf(bytes[from])
  if (length === -1) return undefined
  const next = skipBlanks(bytes, from + length + 2)
  const isClosed = isPair(bytes, next, CLOSE)
  if (!isClosed && bytes[next] !== PIPE) return undefined
  const isBraces = isPair(inside, 0, OPEN) || isPair(inside, 0, CLOSE)
  if (isBraces && length === 2 && isClosed) return { kind: 'literal', from: from + 1, end: next + 2 }
  const text = asReference(inside.subarray(0, length))
  // A quote in one tag and a quote in the next one do not make a quoted text.
  return text === undefined || /\{\{|\}\}/.test(text) ? undefined : { kind: 'head', text, next }
}

function readPlainHead(bytes: Uint8Array, from: number): Head {
  for (let at = from; at < bytes.byteLength; at += 1) {
    if (isPair(bytes, at, OPEN)) return { kind: 'unclosed', next: at }
    if (bytes[at] !== PIPE && !isPair(bytes, at, CLOSE)) continue
    return { kind: 'head', text: asReference(bytes.subarray(from, at)), next: at }
  }
  return { kind: 'unclosed', next: bytes.byteLength }
}

function asReference(bytes: Uint8Array): string | undefined {
  if (bytes.byteLength > LONGEST_REFERENCE) return undefined
  const text = decodeText(bytes)?.trim()
  return text === undefined || text === '' || /\p{Cc}/u.test(text) ? undefined : text
}

interface Piece {
  readonly text: string
  readonly end: number
}

function readWord(bytes: Uint8Array, start: number): Piece {
  let end = start
  while (!endsCall(bytes, end) && !isBlank(bytes[end]) && !isQuote(bytes[end])) end += 1
  return { text: peekText(bytes.subarray(start, end)), end }
}

/** Reads a quoted argument. `\"`, `\'` and `\\` are escapes; any other backslash is an ordinary character. */
function readQuoted(bytes: Uint8Array, start: number): Piece | undefined {
  const quote = bytes[start]
  let end = start + 1
  while (end < bytes.byteLength && bytes[end] !== quote && bytes[end] !== LINE_FEED) {
    end += bytes[end] === BACKSLASH ? 2 : 1
  }
  if (bytes[end] !== quote) return undefined
  const text = peekText(bytes.subarray(start + 1, end))
  return { text: text.replace(/\\(["'\\])/g, '$1'), end: end + 1 }
}

function endsCall(bytes: Uint8Array, at: number): boolean {
  return at >= bytes.byteLength || bytes[at] === PIPE || isPair(bytes, at, CLOSE) || isPair(bytes, at, OPEN)
}

/** True when the byte `brace` is at the offset `at` and at the next one. */
export function isPair(bytes: Uint8Array, at: number, brace: number): boolean {
  return bytes[at] === brace && bytes[at + 1] === brace
}

function isQuote(byte: number | undefined): byte is number {
  return byte === 0x22 || byte === 0x27
}
