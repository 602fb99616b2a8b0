import { constants, createPublicKey, privateDecrypt, publicEncrypt } from 'node:crypto'
import type { Secret } from '../../vocabulary/secret.ts'
import type { Key } from '../keys.ts'
import { pemBytes, pemText } from '../signing/pem.ts'

/** Bits of the broker's key. Clients expect them: a request has 344 characters of base64. */
export const SERVER_KEY_BITS = 2048
/** Bits that a client's key may have. A larger one would cost more than it gives. */
const CLIENT_KEY_BITS = { least: 1024, most: 8192 } as const
/** An exponent of many bits makes an encryption as slow as a decryption. */
const LARGEST_EXPONENT = 2n ** 32n
const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' } as const
/** Bytes that OAEP with SHA-256 takes from each block. */
const OAEP_BYTES = 66
/** The label says PKCS#1, and the bytes are a SubjectPublicKeyInfo: the protocol has it so. */
const LABEL = 'RSA PUBLIC KEY'

/** Returns the public half of the broker's key, as clients get it. */
export function rsaKeyText(key: Key): string {
  const half = key.type === 'private' ? createPublicKey(key) : key
  return pemText(half.export({ format: 'der', type: 'spki' }), LABEL)
}

/** Returns a client's RSA key. Undefined: it is not one, or its size is not allowed. */
export function readRsaKey(text: string): Key | undefined {
  const der = pemBytes(text, LABEL)
  if (der === undefined) return undefined
  try {
    const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
    const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
    const isUsual =
      key.asymmetricKeyType === 'rsa' &&
      modulusLength >= CLIENT_KEY_BITS.least &&
      modulusLength <= CLIENT_KEY_BITS.most &&
      publicExponent > 1n &&
      publicExponent < LARGEST_EXPONENT
    return isUsual ? key : undefined
  } catch {
    return undefined
  }
}

/** Returns how many bytes the key encrypts: 190 for 2048 bits. */
export function mostRsaBytes(key: Key): number {
  return Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8) - OAEP_BYTES
}

/** Encrypts a value for a key, RSA-OAEP with SHA-256. It has at most `mostRsaBytes`. */
export function sealRsa(key: Key, value: Secret): Uint8Array {
  return publicEncrypt({ key, ...OAEP }, value.reveal())
}

/** Decrypts what was encrypted for a private key. Undefined: it was not. */
export function openRsa(key: Key, sealed: Uint8Array): Uint8Array | undefined {
  try {
    return privateDecrypt({ key, ...OAEP }, sealed)
  } catch {
    return undefined
  }
}
