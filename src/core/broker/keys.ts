import {
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto'

/** Bytes of a public key of Ed25519 and of X25519 (RFC 8032, RFC 7748). */
export const PUBLIC_KEY_BYTES = 32

/** The bytes of DER before the 32 bytes of a key (RFC 8410, section 7). */
const PREFIXES = {
  ed25519: { public: '302a300506032b6570032100', private: '302e020100300506032b657004220420' },
  x25519: { public: '302a300506032b656e032100', private: '302e020100300506032b656e04220420' },
} as const

type Curve = keyof typeof PREFIXES

/**
 * Returns the public key of these bytes. Throws `RangeError` for another length than 32, and Node's error for
 * bytes that are not a key.
 */
export function publicKeyOf(curve: Curve, bytes: Uint8Array): KeyObject {
  if (bytes.byteLength !== PUBLIC_KEY_BYTES) throw new RangeError(`a key of ${bytes.byteLength} bytes`)
  const key = Buffer.concat([Buffer.from(PREFIXES[curve].public, 'hex'), bytes])
  return createPublicKey({ key, format: 'der', type: 'spki' })
}

/** Returns the 32 bytes of a public key, or of the public half of a private key. */
export function rawPublicKey(key: KeyObject): Uint8Array {
  const half = key.type === 'private' ? createPublicKey(key) : key
  return new Uint8Array(half.export({ format: 'der', type: 'spki' }).subarray(-PUBLIC_KEY_BYTES))
}

/** Makes a key pair for signatures and returns its private half. */
export function createSigningKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey
}

/** Makes a key pair for sealed answers and returns its private half. */
export function createSealingKey(): KeyObject {
  return generateKeyPairSync('x25519').privateKey
}

const SEALING_LABEL = 'locket v2 sealing key of a machine'

/**
 * Returns the X25519 key of a machine. It is derived from the machine's Ed25519 key, so that one file holds
 * the whole identity: `private.pem` stays a plain PKCS#8 key that other programs can read.
 */
export function sealingKeyOf(signingKey: KeyObject): KeyObject {
  const seed = signingKey.export({ format: 'der', type: 'pkcs8' }).subarray(-PUBLIC_KEY_BYTES)
  const derived = Buffer.from(hkdfSync('sha256', seed, new Uint8Array(0), SEALING_LABEL, PUBLIC_KEY_BYTES))
  const key = Buffer.concat([Buffer.from(PREFIXES.x25519.private, 'hex'), derived])
  try {
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  } finally {
    for (const bytes of [seed, derived, key]) bytes.fill(0)
  }
}

/**
 * Returns the secret that two X25519 keys share. Throws Node's error for a public key of small order, whose
 * secret everyone knows.
 */
export function sharedSecret(privateKey: KeyObject, publicKey: Uint8Array): Uint8Array {
  return diffieHellman({ privateKey, publicKey: publicKeyOf('x25519', publicKey) })
}

/** Returns the text by which people compare a public key on two screens: `SHA256:` and 43 characters. */
export function keyFingerprint(publicKey: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(publicKey).digest('base64').replace(/=+$/, '')}`
}

/** A key of a machine or of the broker. Its bytes are in it only as long as somebody exports them. */
export type Key = KeyObject

/** Returns a private key as PKCS#8 in PEM: the content of `private.pem`. */
export function privateKeyPem(key: KeyObject): Uint8Array {
  return Buffer.from(key.export({ format: 'pem', type: 'pkcs8' }))
}

/** Returns the key for fingerprints of values. It follows from the signing key, so that replicas agree. */
export function versionKeyOf(signingKey: KeyObject): Uint8Array {
  const seed = signingKey.export({ format: 'der', type: 'pkcs8' }).subarray(-PUBLIC_KEY_BYTES)
  try {
    return new Uint8Array(hkdfSync('sha256', seed, new Uint8Array(0), VERSION_LABEL, PUBLIC_KEY_BYTES))
  } finally {
    seed.fill(0)
  }
}

const VERSION_LABEL = 'locket v2 versions of values'

/** Returns the Ed25519 signature of some bytes. */
export function signBytes(key: KeyObject, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(sign(null, bytes, key))
}

/** True when the Ed25519 key with these 32 bytes signed the bytes. */
export function isSignatureOf(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  return verify(null, bytes, publicKeyOf('ed25519', publicKey), signature)
}

/** Returns bytes as base64. */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** Returns the 32 bytes of a public key in base64. Undefined: it is another length, or not base64. */
export function readPublicKey(text: string): Uint8Array | undefined {
  return /^[A-Za-z0-9+/]{43}=$/.test(text) ? new Uint8Array(Buffer.from(text, 'base64')) : undefined
}
