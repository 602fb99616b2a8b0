import { providerError } from '../lib/provider-error.ts'

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
 * An answer with its numbers as the server wrote them: one that JavaScript would write in another way, as `1.0` or a number beyond 2^53,
 * is kept as its digits. The bytes are wiped. The parser's own error quotes what it read, so it is not kept.
 */
export function parseExact(body: Uint8Array, who: string): unknown {
  try {
    return json.parse(new TextDecoder('utf-8', { fatal: true }).decode(body), (_key, value, { source }) =>
      typeof value === 'number' && source !== undefined && source !== String(value)
        ? json.rawJSON(source)
        : value,
    )
  } catch {
    throw providerError('provider_protocol', `${who} sent an answer that is not JSON`, {
      hint: 'is bao-url the address of an OpenBao or Vault server?',
    })
  } finally {
    body.fill(0)
  }
}

/** A JSON object that is no number kept as digits. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !json.isRawJSON(value)
}

/** A text as it is; anything else as compact JSON, numbers with their own digits. */
export function jsonText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
