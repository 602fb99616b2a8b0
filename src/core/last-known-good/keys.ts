import { derived, macOf } from '../keys/derive.ts'
import { wipeAll, type Secret } from '../vocabulary/secret.ts'

const KEY_BYTES = 32
/** Bytes of the name of a host key in a file. */
export const KEY_ID_BYTES = 8

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

/** Derives the keys of one volume's cache file from the host key. */
export function volumeKeys(hostKey: Secret, volume: string): VolumeKeys {
  const values = derived(hostKey, `locket cache 1: values of ${volume}`, KEY_BYTES)
  const places = derived(hostKey, `locket cache 1: places of ${volume}`, KEY_BYTES)
  const file = derived(hostKey, `locket cache 1: file of ${volume}`, KEY_BYTES)
  const name = derived(hostKey, 'locket cache 1: name of the key', KEY_BYTES)
  const keyId = macOf(name).subarray(0, KEY_ID_BYTES)
  name.wipe()
  return { keyId, values, places, file, wipe: () => wipeAll([values, places, file]) }
}
