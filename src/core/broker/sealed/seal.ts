import { createCipheriv, createDecipheriv, hkdfSync, randomFillSync, type KeyObject } from 'node:crypto'
import { PUBLIC_KEY_BYTES, rawPublicKey, sharedSecret } from '../keys.ts'

/** The media type of a sealed answer. */
export const SEALED_TYPE = 'application/vnd.locket.sealed'

const VERSION = 1
const IV_BYTES = 12
const TAG_BYTES = 16
const HEAD_BYTES = 1 + PUBLIC_KEY_BYTES + IV_BYTES
const LABEL = 'locket v2 sealed answer'

/** How a server seals: its key pair of the moment, and the secret that this shares with one machine. */
interface SealingPair {
  /** The server's public key, 32 bytes. It is sent with each sealed answer. */
  readonly server: Uint8Array
  /** The machine's public key, 32 bytes. */
  readonly machine: Uint8Array
  /** `sharedSecret` of the two. Computing it takes ten times as long as sealing, so servers keep it. */
  readonly shared: Uint8Array
}

/**
 * Returns the answer encrypted for one machine, as the answer to one request: version, the server's public
 * key, IV, AES-256-GCM, tag. The key is made by HKDF-SHA-256 from the shared secret, with the request's
 * signature as salt, so each answer has a key of its own.
 */
export function sealAnswer(plain: Uint8Array, pair: SealingPair, requestSignature: Uint8Array): Uint8Array {
  const iv = nextIv()
  const head = Buffer.concat([Uint8Array.of(VERSION), pair.server, iv])
  const key = keyOf(pair, requestSignature)
  try {
    const cipher = createCipheriv('aes-256-gcm', key, iv)
    cipher.setAAD(head)
    return new Uint8Array(Buffer.concat([head, cipher.update(plain), cipher.final(), cipher.getAuthTag()]))
  } finally {
    key.fill(0)
  }
}

/**
 * Returns the decrypted answer, which the caller must wipe. Undefined: it is malformed, changed, for another
 * machine, or the answer to another request.
 */
export function openSealed(
  sealed: Uint8Array,
  key: KeyObject,
  requestSignature: Uint8Array,
): Uint8Array | undefined {
  if (sealed.byteLength < HEAD_BYTES + TAG_BYTES || sealed[0] !== VERSION) return undefined
  const head = sealed.subarray(0, HEAD_BYTES)
  const server = head.subarray(1, 1 + PUBLIC_KEY_BYTES)
  let opened: Buffer | undefined
  try {
    const pair = { server, machine: rawPublicKey(key), shared: sharedSecret(key, server) }
    const aes = keyOf(pair, requestSignature)
    const decipher = createDecipheriv('aes-256-gcm', aes, head.subarray(-IV_BYTES))
    aes.fill(0)
    decipher.setAAD(head)
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
    opened = decipher.update(sealed.subarray(HEAD_BYTES, -TAG_BYTES))
    decipher.final()
    return new Uint8Array(opened.buffer, opened.byteOffset, opened.byteLength)
  } catch {
    opened?.fill(0)
    return undefined
  }
}

/** Random bytes for 512 answers, and the first one that was not used. */
const random = new Uint8Array(512 * IV_BYTES)
let unused = random.byteLength

/** Returns 12 random bytes, which are never used twice. They are public. */
function nextIv(): Uint8Array {
  if (unused === random.byteLength) {
    randomFillSync(random)
    unused = 0
  }
  unused += IV_BYTES
  return random.slice(unused - IV_BYTES, unused)
}

function keyOf({ server, machine, shared }: SealingPair, requestSignature: Uint8Array): Buffer {
  const info = Buffer.concat([Buffer.from(LABEL), server, machine])
  return Buffer.from(hkdfSync('sha256', shared, requestSignature, info, 32))
}
