import {
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'

// The agreement on X25519 by which a file's key is sealed for one recipient. Node's own functions do it in
// one turn. WebCrypto, which the age package uses, takes six trips to the thread pool.

/** The part of a header that holds the key of the file for one recipient. */
export interface Stanza {
  /** The type, and what follows it. */
  readonly args: readonly string[]
  readonly body: Uint8Array
}

const FILE_KEY_BYTES = 16
const TAG_BYTES = 16
/** Bytes of a scalar, and of a share. */
export const SHARE_BYTES = 32
/** DER in front of the 32 bytes of an X25519 key (RFC 8410). */
const PRIVATE_HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex')
const PUBLIC_HEAD = Buffer.from('302a300506032b656e032100', 'hex')

/** Returns the private key with this scalar. */
export function privateKey(scalar: Uint8Array): KeyObject {
  const der = Buffer.concat([PRIVATE_HEAD, scalar])
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } finally {
    der.fill(0)
  }
}

/** Returns the public share of a private key. */
export function shareOf(own: KeyObject): Buffer {
  return createPublicKey(own).export({ format: 'der', type: 'spki' }).subarray(PUBLIC_HEAD.length)
}

/** Returns the secret that both sides know. Throws for a share of small order. The caller must wipe it. */
export function agreeOn(own: KeyObject, share: Uint8Array): Buffer {
  const publicKey = createPublicKey({ key: Buffer.concat([PUBLIC_HEAD, share]), format: 'der', type: 'spki' })
  return diffieHellman({ privateKey: own, publicKey })
}

/** The origin of the key that seals a file's key. */
interface Wrapping {
  readonly shared: Uint8Array
  readonly salt: Uint8Array
  readonly label: string
}

/** Returns the key of the file. Throws when it was sealed by another secret. */
export function openFileKey(body: Uint8Array, { shared, salt, label }: Wrapping): Uint8Array {
  const wrapping = Buffer.from(hkdfSync('sha256', shared, salt, label, 32))
  try {
    const decipher = createDecipheriv('chacha20-poly1305', wrapping, Buffer.alloc(12), {
      authTagLength: TAG_BYTES,
    })
    decipher.setAuthTag(body.subarray(FILE_KEY_BYTES))
    const opened = decipher.update(body.subarray(0, FILE_KEY_BYTES))
    decipher.final()
    return new Uint8Array(opened)
  } finally {
    wrapping.fill(0)
  }
}

/** Returns true when a body has the length of a sealed file key. */
export function isSealedKey(body: Uint8Array): boolean {
  return body.length === FILE_KEY_BYTES + TAG_BYTES
}
