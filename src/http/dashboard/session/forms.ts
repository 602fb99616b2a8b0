import { jsonExcess } from '../../../core/text/json-shape.ts'
import { LocketError } from '../../../core/vocabulary/errors.ts'

/** Largest body in bytes: 1000 ticked secrets with the longest names have some 140 KiB. */
const MOST_BYTES = 256 * 1024
const MOST_FIELDS = 1100
const JSON_LIMITS = { depth: 8, values: 500 } as const

/** The content of a POST: the fields of a form, or the JSON of the script. */
interface Sent {
  readonly form: URLSearchParams
  readonly json: unknown
}

/** Reads the body of a POST. Throws `usage` and `too_large`. */
export function readSent(given: string | undefined, bytes: Uint8Array): Sent {
  const type = given?.split(';', 1)[0]?.trim().toLowerCase()
  if (bytes.byteLength > MOST_BYTES) throw new LocketError('too_large', 'the form is too large')
  const text = textOf(bytes)
  const form = new URLSearchParams()
  if (type === 'application/json') return { form, json: jsonOf(text, bytes) }
  if (type !== 'application/x-www-form-urlencoded')
    throw new LocketError('usage', 'the body is not the form of a page')
  if (text.split('&').length > MOST_FIELDS) throw new LocketError('too_large', 'the form has too many fields')
  return { form: new URLSearchParams(text), json: undefined }
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new LocketError('usage', 'the body is not text')
  }
}

function jsonOf(text: string, bytes: Uint8Array): unknown {
  if (jsonExcess(bytes, JSON_LIMITS) !== undefined)
    throw new LocketError('usage', 'the body has too many values')
  try {
    return JSON.parse(text)
  } catch {
    throw new LocketError('usage', 'the body is not JSON')
  }
}
