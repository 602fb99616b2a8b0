import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { createRef, type RefId, type SecretRef } from '../../src/core/vocabulary/ref.ts'
import type { Outcome, Outcomes } from '../../src/core/vocabulary/resolve.ts'
import { Secret } from '../../src/core/vocabulary/secret.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/**
 * Two kinds of references as providers have them: `op://vault/item/field` (spaces, `?attribute=`) and bare
 * UUIDs.
 */
export function parseSampleRef(text: string): SecretRef | undefined {
  if (UUID.test(text)) return createRef('bws', text, text)
  if (!text.startsWith('op://')) return undefined
  const parts = text.slice('op://'.length).split('/')
  if (parts.length < 3 || parts.includes('')) {
    throw new LocketError('ref_syntax', `${JSON.stringify(text)} has a part missing`, {
      hint: 'expected op://vault/item/field',
    })
  }
  return createRef('op', parts.join('/'), text, { isAll: parts.at(-1) === '*' })
}

/** Outcomes by the text of the reference: bytes, text, or the error that its provider gave. */
export function outcomesOf(
  refs: readonly SecretRef[],
  values: Readonly<Record<string, string | Uint8Array | LocketError>>,
): Outcomes {
  return new Map<RefId, Outcome>(
    refs.flatMap((ref) => {
      const value = values[ref.text]
      return value === undefined ? [] : [[ref.id, outcomeOf(value)]]
    }),
  )
}

function outcomeOf(value: string | Uint8Array | LocketError): Outcome {
  if (value instanceof LocketError) return { ok: false, error: value }
  return {
    ok: true,
    secret: { value: typeof value === 'string' ? Secret.fromText(value) : new Secret(value) },
  }
}
