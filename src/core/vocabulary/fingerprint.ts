import { createHmac, randomBytes } from 'node:crypto'
import type { Secret } from './secret.ts'

/** Compares values over time without keeping them. */
interface Fingerprints {
  /**
   * Returns equal texts for equal names and values in the same order. Without the key of this object a
   * fingerprint says nothing about the values.
   */
  of(values: Iterable<readonly [string, Secret]>): string
}

/**
 * Returns an object that makes fingerprints. Without a key it has a random one, and fingerprints of two
 * processes cannot be compared.
 */
export function createFingerprints(given?: Uint8Array): Fingerprints {
  let key = given
  return {
    of(values) {
      key ??= randomBytes(32)
      const hash = createHmac('sha256', key)
      for (const [name, value] of values) {
        // Without the lengths, `a=bc` and `ab=c` would have the same fingerprint.
        hash.update(`${Buffer.byteLength(name)} ${value.byteLength} ${name}`).update(value.reveal())
      }
      return hash.digest('base64url')
    },
  }
}
