import { providerError } from '../provider-error.ts'

/** Bytes of a JSON answer, unless a provider has a reason for more. */
export const USUAL_JSON_BYTES = 1024 * 1024
/** Levels of arrays and objects in a JSON answer. No provider's documented answers have more than a dozen. */
export const MAX_JSON_DEPTH = 64
/**
 * Values of a JSON answer, counted as its brackets and commas outside strings, unless a provider has a reason for more:
 * half a million tiny values take a parser and zod seconds.
 */
export const USUAL_JSON_VALUES = 50_000

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c]
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]

/** How to read a body as JSON. */
export interface JsonReading {
  /** In messages: `bao at http://b`. */
  readonly who: string
  readonly hint?: string
  /** `USUAL_JSON_VALUES` when left out. */
  readonly maxValues?: number | undefined
  /** `JSON.parse` when left out. */
  readonly parse?: (text: string) => unknown
}

/**
 * Returns what the body says in JSON. The body is left as it is. Throws `provider_protocol` for what is not JSON in
 * UTF-8 and what is nested too deeply, `too_large` for too many values. The parser's own error quotes the body, so it
 * is not kept as a cause.
 */
export function readJson(
  body: Uint8Array,
  { who, hint, maxValues, parse = JSON.parse }: JsonReading,
): unknown {
  checkShape(body, who, maxValues ?? USUAL_JSON_VALUES)
  try {
    return parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    throw providerError('provider_protocol', `${who} sent an answer that is not JSON`, {
      hint: hint ?? 'is it the right server and path?',
    })
  }
}

/** Counts before parsing: V8 needs seconds for some documents of a few megabytes, and nothing else runs meanwhile. */
function checkShape(body: Uint8Array, who: string, maxValues: number): void {
  let depth = 0
  let marks = 0
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at]
    if (byte === QUOTE) {
      at = endOfString(body, at)
      continue
    }
    if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth += 1
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth -= 1
    else if (byte !== COMMA) continue
    marks += 1
    if (depth > MAX_JSON_DEPTH)
      throw providerError(
        'provider_protocol',
        `${who} sent an answer nested deeper than ${MAX_JSON_DEPTH} levels`,
      )
    if (marks > maxValues)
      throw providerError('too_large', `${who} sent an answer of more than ${maxValues} values`)
  }
}

/** The index of the quote that ends the string, or the body's length. */
function endOfString(body: Uint8Array, start: number): number {
  let at = start + 1
  while (at < body.length && body[at] !== QUOTE) at += body[at] === BACKSLASH ? 2 : 1
  return at
}
