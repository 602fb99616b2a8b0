import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { macOf } from '../keys/derive.ts'
import { Secret } from '../vocabulary/secret.ts'
import type { VolumeKeys } from './keys.ts'

const NONCE_BYTES = 12
const TAG_BYTES = 16
/** Bytes of the place of a reference. */
export const PLACE_BYTES = 16
/** Bytes of a sealed value without the value itself. */
export const OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES

/** Everything that a value is bound to. A value that was sealed for something else cannot be opened. */
export interface Binding {
  readonly volume: string
  /** The provider instance and its server. */
  readonly server: string
  /** The id of the reference. */
  readonly reference: string
  /** When the provider gave the value, in milliseconds since the epoch. */
  readonly savedAt: number
}

/** One encrypted value. */
export interface SealedValue {
  /** The place of the reference in hexadecimal digits: the reference itself is not in the file. */
  readonly place: string
  readonly savedAt: number
  /** Nonce, ciphertext and tag of AES-256-GCM. */
  readonly sealed: Uint8Array
}

/** Returns the place of a reference. Without the key it says nothing about the reference. */
export function placeOf(
  keys: Pick<VolumeKeys, 'places'>,
  { server, reference }: Pick<Binding, 'server' | 'reference'>,
): string {
  return Buffer.from(macOf(keys.places, server, reference).subarray(0, PLACE_BYTES)).toString('hex')
}

/** Encrypts a value. The nonce is random: a key may seal 2^32 values (NIST SP 800-38D, 8.3). */
export function seal(
  keys: Pick<VolumeKeys, 'values' | 'places'>,
  binding: Binding,
  value: Secret,
): SealedValue {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', keys.values.reveal(), nonce)
  cipher.setAAD(boundTo(binding))
  const sealed = Buffer.concat([nonce, cipher.update(value.reveal()), cipher.final(), cipher.getAuthTag()])
  return { place: placeOf(keys, binding), savedAt: binding.savedAt, sealed }
}

/**
 * Decrypts a value, which the receiver must wipe. Undefined: it was changed, or sealed with another key or
 * for another volume, server, reference or time.
 */
export function unseal(
  keys: Pick<VolumeKeys, 'values'>,
  binding: Omit<Binding, 'savedAt'>,
  { savedAt, sealed }: SealedValue,
): Secret | undefined {
  if (sealed.length < OVERHEAD_BYTES) return undefined
  const end = sealed.length - TAG_BYTES
  const decipher = createDecipheriv('aes-256-gcm', keys.values.reveal(), sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(boundTo({ ...binding, savedAt }))
  decipher.setAuthTag(sealed.subarray(end))
  // GCM is a stream cipher: `update` returns all bytes, and `final` only checks the tag.
  const value = new Secret(decipher.update(sealed.subarray(NONCE_BYTES, end)))
  try {
    decipher.final()
    return value
  } catch {
    value.wipe()
    return undefined
  }
}

function boundTo({ volume, server, reference, savedAt }: Binding): Uint8Array {
  return Buffer.from(JSON.stringify(['locket cache 1', volume, server, reference, savedAt]))
}
