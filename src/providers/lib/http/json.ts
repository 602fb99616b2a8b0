import { jsonExcess } from '../../../core/text/json-shape.ts'
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

function checkShape(body: Uint8Array, who: string, maxValues: number): void {
  const excess = jsonExcess(body, { depth: MAX_JSON_DEPTH, values: maxValues })
  if (excess === 'depth')
    throw providerError(
      'provider_protocol',
      `${who} sent an answer nested deeper than ${MAX_JSON_DEPTH} levels`,
    )
  if (excess === 'values')
    throw providerError('too_large', `${who} sent an answer of more than ${maxValues} values`)
}
