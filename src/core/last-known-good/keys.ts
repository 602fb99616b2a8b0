import { createHmac, hkdfSync } from 'node:crypto'
import { Secret, wipeAll } from '../vocabulary/secret.ts'

const KEY_BYTES = 32

/** The keys of one volume's cache file. The holder must call `wipe`. */
export interface VolumeKeys {
  /** Says which host key wrote a file. It says nothing about the key. */
  readonly keyId: Uint8Array
  /** Encrypts values. */
  readonly values: Secret
  /** Makes the place of a reference in the file. */
  readonly places: Secret
  /** Authenticates the whole file. */
  readonly file: Secret
  wipe(): void
}

/** Bytes of the name of a host key in a file. */
export const KEY_ID_BYTES = 8

/** Derives the keys of one volume's cache file from the host key: HKDF-SHA-256 (RFC 5869). */
export function volumeKeys(hostKey: Secret, volume: string): VolumeKeys {
  const values = derived(hostKey, `locket cache 1: values of ${volume}`, KEY_BYTES)
  const places = derived(hostKey, `locket cache 1: places of ${volume}`, KEY_BYTES)
  const file = derived(hostKey, `locket cache 1: file of ${volume}`, KEY_BYTES)
  const keyId = derived(hostKey, 'locket cache 1: name of the key', KEY_ID_BYTES).reveal()
  return { keyId, values, places, file, wipe: () => wipeAll([values, places, file]) }
}

/** Returns `bytes` bytes that depend on the host key and on the purpose. The receiver wipes them. */
function derived(hostKey: Secret, purpose: string, bytes: number): Secret {
  return new Secret(new Uint8Array(hkdfSync('sha256', hostKey.reveal(), new Uint8Array(0), purpose, bytes)))
}

/** Returns the HMAC-SHA-256 of these parts, which are set apart by their lengths. */
export function macOf(key: Secret, ...parts: readonly (string | Uint8Array)[]): Uint8Array {
  const mac = createHmac('sha256', key.reveal())
  for (const part of parts) mac.update(`${Buffer.byteLength(part)} `).update(part)
  return mac.digest()
}
