import { createHmac, hkdfSync } from 'node:crypto'
import { Secret } from '../vocabulary/secret.ts'

/**
 * Returns `bytes` bytes that depend on the host key and on the purpose: HKDF-SHA-256 (RFC 5869). The receiver
 * wipes them.
 */
export function derived(hostKey: Secret, purpose: string, bytes: number): Secret {
  return new Secret(new Uint8Array(hkdfSync('sha256', hostKey.reveal(), new Uint8Array(0), purpose, bytes)))
}

/** Returns the HMAC-SHA-256 of these parts, which are set apart by their lengths. */
export function macOf(key: Secret, ...parts: readonly (string | Uint8Array | Secret)[]): Uint8Array {
  const mac = createHmac('sha256', key.reveal())
  for (const part of parts) {
    const content = part instanceof Secret ? part.reveal() : part
    mac.update(`${Buffer.byteLength(content)} `).update(content)
  }
  return mac.digest()
}
