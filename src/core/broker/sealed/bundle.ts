import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const IV_BYTES = 12
const TAG_BYTES = 16
const LABEL = 'locket v2 bundle'

/**
 * Encrypts the files of a bundle by a key that is made from the token of their download. The token is not
 * stored, so who reads the database reads no key of a machine.
 */
export function sealBundle(plain: Uint8Array, token: string): Uint8Array {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', keyOf(token), iv)
  return new Uint8Array(Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]))
}

/** Returns the files of a bundle. Undefined: the token is another one, or the bytes were changed. */
export function openBundle(sealed: Uint8Array, token: string): Uint8Array | undefined {
  if (sealed.byteLength < IV_BYTES + TAG_BYTES) return undefined
  try {
    const decipher = createDecipheriv('aes-256-gcm', keyOf(token), sealed.subarray(0, IV_BYTES))
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
    const plain = decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES))
    decipher.final()
    return new Uint8Array(plain)
  } catch {
    return undefined
  }
}

function keyOf(token: string): Buffer {
  return Buffer.from(hkdfSync('sha256', token, new Uint8Array(0), LABEL, 32))
}
