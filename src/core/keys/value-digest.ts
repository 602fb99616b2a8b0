import { randomBytes } from 'node:crypto'
import type { SecretRef } from '../vocabulary/ref.ts'
import type { Outcomes } from '../vocabulary/resolve.ts'
import { Secret } from '../vocabulary/secret.ts'
import { macOf } from './derive.ts'

/**
 * Returns the keyed digest of the values of these references. It is equal for equal values, and tells nothing
 * about them: the key never leaves this process. Undefined: a value is missing, or does not last.
 */
export type DigestValues = (refs: readonly SecretRef[], outcomes: Outcomes) => string | undefined

const KEY_BYTES = 32

/** Makes digests with a key of their own. */
export function createDigest(): DigestValues {
  const key = new Secret(new Uint8Array(randomBytes(KEY_BYTES)))
  return (refs, outcomes) => {
    const parts: (string | Secret)[] = []
    for (const { id } of refs) {
      const outcome = outcomes.get(id)
      if (outcome?.ok !== true) return undefined
      const { value, isFleeting, expiresAt, lease, staleSince } = outcome.secret
      const lasts = [isFleeting, expiresAt, lease, staleSince].every((fact) => fact === undefined)
      if (!lasts) return undefined
      parts.push(id, value)
    }
    return Buffer.from(macOf(key, ...parts)).toString('base64')
  }
}
