import { createHmac, randomBytes } from 'node:crypto'
import type { Secret } from './secret.ts'

/** Tells whether values changed, without keeping them. */
export interface Fingerprints {
  /** Equal for equal names and values in the same order. Says nothing about them to anybody who has not the key. */
  of(values: Iterable<readonly [string, Secret]>): string
}

/** Each has a key of its own: fingerprints of two processes say nothing about each other. */
export function createFingerprints(): Fingerprints {
  let key: Uint8Array | undefined
  return {
    of(values) {
      key ??= randomBytes(32)
      const hash = createHmac('sha256', key)
      for (const [name, value] of values) {
        // The lengths, or `a=bc` and `ab=c` would be one.
        hash.update(`${Buffer.byteLength(name)} ${value.byteLength} ${name}`).update(value.reveal())
      }
      return hash.digest('base64url')
    },
  }
}
