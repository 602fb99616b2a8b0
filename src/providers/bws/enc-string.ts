import { createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { providerError } from '../lib/provider-error.ts'

/**
 * The parts of `2.IV|CIPHERTEXT|MAC`: AES-256-CBC with HMAC-SHA256. Secrets Manager uses only this type
 * (bitwarden/sdk-internal, crates/bitwarden-crypto/src/enc_string).
 */
interface EncString {
  readonly iv: Uint8Array
  readonly body: Uint8Array
  readonly mac: Uint8Array
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

/**
 * Parses an encrypted string. Throws `provider_protocol`, with a message that begins with `what`: `bws at
 * https://api.bitwarden.com sent a value`.
 */
export function parseEncString(text: string, what: string): EncString {
  const dot = text.indexOf('.')
  const type = dot === -1 ? '' : text.slice(0, dot)
  if (type !== '2') throw refused(what, problemOf(type))
  const parts = text.slice(dot + 1).split('|')
  const [iv, body, mac] = parts.map((part) => (BASE64.test(part) ? Buffer.from(part, 'base64') : undefined))
  if (iv?.length !== 16 || body === undefined || mac?.length !== 32 || parts.length !== 3)
    throw refused(what, MALFORMED)
  return { iv, body, mac }
}

/**
 * Tells whether the string was encrypted with this key of 64 bytes and not changed since. The comparison
 * takes the same time for every wrong MAC.
 */
export function isSealedWith({ iv, body, mac }: EncString, key: Uint8Array): boolean {
  return timingSafeEqual(createHmac('sha256', key.subarray(32)).update(iv).update(body).digest(), mac)
}

/**
 * Checks the MAC, then decrypts with a key of 64 bytes. The caller must wipe the result. Throws
 * `provider_protocol`.
 */
export function decryptEncString(encrypted: EncString, key: Uint8Array, what: string): Uint8Array {
  if (!isSealedWith(encrypted, key))
    throw refused(what, 'whose MAC does not match: it was encrypted with another key, or changed since')
  const decipher = createDecipheriv('aes-256-cbc', key.subarray(0, 32), encrypted.iv)
  const parts: Buffer[] = []
  try {
    parts.push(decipher.update(encrypted.body), decipher.final())
    return joined(parts)
  } catch {
    throw refused(what, MALFORMED)
  } finally {
    for (const part of parts) part.fill(0)
  }
}

const MALFORMED = 'that is not encrypted as Bitwarden does'

/**
 * Joins the parts. `Buffer.concat` is not used, because its small results lie in a pool that other data
 * shares.
 */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

function problemOf(type: string): string {
  if (type === '0') return 'that is encrypted without a MAC (type 0): anybody could have changed it'
  if (type === '7') return 'that is encrypted in a newer way than this locket knows (type 7)'
  if (/^[0-9]{1,2}$/.test(type)) return `that is encrypted in a way that locket does not know (type ${type})`
  return MALFORMED
}

function refused(what: string, problem: string): LocketError {
  return providerError('provider_protocol', `${what} ${problem}`)
}
