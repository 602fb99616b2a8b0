import { LocketError, type ErrorCode } from '../vocabulary/errors.ts'
import { fieldsAsJson, unpackFields } from '../vocabulary/fields.ts'
import type { SecretRef } from '../vocabulary/ref.ts'
import { type Secret, wipeAll } from '../vocabulary/secret.ts'
import type { AskedPlace } from './place.ts'

/** The answer to one reference of a batch. */
export type AnswerRow =
  | {
      readonly kind: 'value'
      readonly value: Secret
      /** The value holds fields, as `packFields` makes it. */
      readonly isPacked: boolean
      readonly version: string
      readonly expiresAt?: number
      readonly isFleeting?: true
    }
  | { readonly kind: 'unchanged'; readonly version: string }
  | { readonly kind: 'error'; readonly code: ErrorCode }

/**
 * Returns the JSON body of an answer: an object with an entry for each reference. The values in it are base64
 * and not encrypted: seal the body, or send it over TLS of locket's own. The caller must wipe it. `cursor`:
 * the `since` of the next watch.
 */
export function writeAnswers(
  answers: ReadonlyMap<string, AnswerRow>,
  cursor: string,
): Uint8Array<ArrayBuffer> {
  const rows = [...answers].map(([ref, row]) => `${JSON.stringify(ref)}:${writeRow(row)}`)
  const text = `{"cursor":${JSON.stringify(cursor)},"answers":{${rows.join(',')}}}`
  return new TextEncoder().encode(text)
}

function writeRow(row: AnswerRow): string {
  if (row.kind === 'error') return JSON.stringify({ error: row.code })
  if (row.kind === 'unchanged') return JSON.stringify({ unchanged: true, version: row.version })
  const { version, expiresAt, isFleeting } = row
  const facts = JSON.stringify({ version, expiresAt, fleeting: isFleeting })
  const content = row.isPacked ? `"fields":${writeFields(row.value)}` : `"value":"${base64(row.value)}"`
  return `{${content},${facts.slice(1)}`
}

function writeFields(packed: Secret): string {
  const fields = unpackFields(packed)
  try {
    // A list and not an object: `__proto__` is a name like any other.
    return `[${fields.map(([name, value]) => `[${JSON.stringify(name)},"${base64(value)}"]`).join(',')}]`
  } finally {
    wipeAll(fields.map(([, value]) => value))
  }
}

function base64(value: Secret): string {
  const bytes = value.reveal()
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/**
 * Returns a copy of the value, or of the part of it that is asked for. A secret with fields and without a
 * field in the question is a JSON object. Throws `not_found` for a field that is not there.
 */
export function partOf(value: Secret, { isAll }: SecretRef, { field, isAll: wantsAll }: AskedPlace): Secret {
  if (isAll !== true) {
    if (field === undefined && wantsAll !== true) return value.copy()
    throw new LocketError('not_found', 'the secret has one value and no fields')
  }
  if (wantsAll === true) return value.copy()
  if (field === undefined) return fieldsAsJson(value)
  const fields = unpackFields(value)
  const found = fields.find(([name]) => name === field)?.[1].copy()
  wipeAll(fields.map(([, part]) => part))
  if (found === undefined) throw new LocketError('not_found', 'the secret has no such field')
  return found
}
