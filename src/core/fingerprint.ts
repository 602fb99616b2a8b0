import { createHmac, randomBytes } from 'node:crypto'
import type { Secret } from './secret.ts'

/** Tells whether values changed, without keeping them. */
export interface Fingerprints {
  /** Equal for equal names and values in the same order. Says nothing about them to anybody who has not `key` and all of them. */
  of(values: Iterable<readonly [string, Secret]>): string
}

/** `key`: left out, it is made anew, so that no two processes can be compared. */
export function createFingerprints(key: Uint8Array = randomBytes(32)): Fingerprints {
  return {
    of(values) {
      const hash = createHmac('sha256', key)
      for (const [name, value] of values) {
        // The lengths, or `a=bc` and `ab=c` would be one.
        hash.update(`${Buffer.byteLength(name)} ${value.byteLength} ${name}`).update(value.reveal())
      }
      return hash.digest('base64url')
    },
  }
}
