import { readJson } from '../lib/http/json.ts'

/** What JSON can do in every Node that locket runs on, and TypeScript does not know yet. */
interface SourceJson {
  rawJSON(text: string): unknown
  isRawJSON(value: unknown): boolean
  parse(
    text: string,
    revive: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown
}
const json = JSON as unknown as SourceJson

/**
 * Returns an answer with its numbers as the server wrote them: a number that JavaScript would write in another way, as
 * `1.0` or one beyond 2^53, is kept as its digits. Wipes the bytes. Throws as `readJson` does.
 */
export function parseExact(body: Uint8Array, who: string): unknown {
  try {
    return readJson(body, { who, hint: HINT, parse, maxValues: MAX_VALUES })
  } finally {
    body.fill(0)
  }
}

const HINT = 'is bao-url the address of an OpenBao or Vault server?'
/** A reviver makes parsing ten times slower, and a secret has few fields. */
const MAX_VALUES = 10_000

function parse(text: string): unknown {
  return json.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && source !== String(value)
      ? json.rawJSON(source)
      : value,
  )
}

/** A JSON object that is no number kept as digits. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !json.isRawJSON(value)
}

/** A text as it is; anything else as compact JSON, numbers with their own digits. */
export function jsonText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
