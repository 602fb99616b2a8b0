import {
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
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
