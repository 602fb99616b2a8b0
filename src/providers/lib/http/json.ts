import { providerError } from '../provider-error.ts'

/** The largest JSON answer in bytes, unless a provider needs more. */
export const USUAL_JSON_BYTES = 1024 * 1024
/**
 * The deepest nesting of arrays and objects in a JSON answer. The documented answers of all providers have at
 * most a dozen levels.
 */
export const MAX_JSON_DEPTH = 64
/**
 * The largest number of values in a JSON answer, unless a provider needs more. The brackets and commas
 * outside strings are counted. A parser and zod need seconds for half a million tiny values.
 */
export const USUAL_JSON_VALUES = 50_000

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c]
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]

/** The options of `readJson`. */
interface JsonReading {
  /** The server, for messages: `bao at http://b`. */
  readonly who: string
  readonly hint?: string
  /** The largest number of values; left out: `USUAL_JSON_VALUES`. */
  readonly maxValues?: number | undefined
  /** The parser; left out: `JSON.parse`. */
  readonly parse?: (text: string) => unknown
}

/**
 * Returns the JSON value of a body, and does not change the body. Throws `provider_protocol` for a body that
 * is not JSON in UTF-8 or is nested too deeply, and `too_large` for too many values. The parser's error is
 * not kept as a cause, because it quotes the body.
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

/**
 * Checks depth and number of values before parsing: V8 needs seconds for some documents of a few megabytes
 * and blocks the process meanwhile.
 */
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
