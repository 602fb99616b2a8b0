import { readJson } from '../http/json.ts'

/** The functions of `JSON` that every supported Node has and that TypeScript does not know yet. */
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
 * Returns the answer with its numbers as the server wrote them. A number that JavaScript would write
 * differently, such as `1.0` or one beyond 2^53, is kept as its digits. Wipes the bytes. Throws as `readJson`
 * does; `hint` is for a body that is not JSON.
 */
export function parseExact(body: Uint8Array, who: string, hint?: string): unknown {
  try {
    return readJson(body, { who, parse, maxValues: MAX_VALUES, ...(hint === undefined ? {} : { hint }) })
  } finally {
    body.fill(0)
  }
}

/**
 * A limit below the usual one, because a reviver makes parsing ten times slower and a secret has few fields.
 */
const MAX_VALUES = 10_000

function parse(text: string): unknown {
  return json.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && source !== String(value)
      ? json.rawJSON(source)
      : value,
  )
}

/** Whether the value is a JSON object. A number that is kept as its digits does not count as one. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !json.isRawJSON(value)
}

/** Returns a text unchanged, and any other value as compact JSON whose numbers keep their digits. */
export function jsonText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
