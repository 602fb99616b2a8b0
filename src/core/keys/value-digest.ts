import { createFingerprints } from '../vocabulary/fingerprint.ts'
import type { SecretRef } from '../vocabulary/ref.ts'
import type { Outcomes } from '../vocabulary/resolve.ts'
import type { Secret } from '../vocabulary/secret.ts'

/**
 * Returns the keyed digest of the values of these references. It is equal for equal values, and tells nothing
 * about them: the key never leaves this process. Undefined: a value is missing, or does not last. It yields
 * where other work may have its turn.
 */
export type DigestValues = (
  refs: readonly SecretRef[],
  outcomes: Outcomes,
) => Generator<undefined, string | undefined, undefined>

/** Bytes after which other work may have its turn: hashing them takes a millisecond. */
const STEP_BYTES = 256 * 1024

/** Makes digests with a key of their own. */
export function createDigest(): DigestValues {
  const fingerprints = createFingerprints()
  return function* (refs, outcomes) {
    const done: string[] = []
    let values: (readonly [string, Secret])[] = []
    let bytes = 0
    for (const { id } of refs) {
      const outcome = outcomes.get(id)
      if (outcome?.ok !== true) return undefined
      const { value, isFleeting, expiresAt, lease, staleSince } = outcome.secret
      const lasts = [isFleeting, expiresAt, lease, staleSince].every((fact) => fact === undefined)
      if (!lasts) return undefined
      values.push([id, value])
      bytes += value.byteLength
      if (bytes < STEP_BYTES) continue
      done.push(fingerprints.of(values))
      values = []
      bytes = 0
      yield
    }
    return [...done, fingerprints.of(values)].join(' ')
  }
}
