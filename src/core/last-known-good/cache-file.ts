import { timingSafeEqual } from 'node:crypto'
import { macOf } from '../keys/derive.ts'
import { KEY_ID_BYTES, type VolumeKeys } from './keys.ts'
import { OVERHEAD_BYTES, PLACE_BYTES, type SealedValue } from './sealed-value.ts'

// locket cache 1\n | key id 8 | volume id 8 | number of values 4
//   | for each value: place 16, time 8, length 4, sealed value
//   | HMAC-SHA-256 of all before it
// Numbers are big-endian. Times are milliseconds since the epoch.

const MAGIC = Buffer.from('locket cache 1\n')
const HEAD_BYTES = MAGIC.length + 2 * KEY_ID_BYTES + 4
const ENTRY_BYTES = PLACE_BYTES + 8 + 4
const MAC_BYTES = 32
/** Largest cache file of a volume, in bytes. */
export const MOST_FILE_BYTES = 64 * 1024 * 1024
const MOST_VALUES = 20_000

/** The values of a cache file by their place, or why there are none. */
type ReadCache =
  | { readonly kind: 'good'; readonly values: ReadonlyMap<string, SealedValue> }
  /** `why`: the end of a sentence that begins with the file. */
  | { readonly kind: 'unusable'; readonly why: string }

/** Returns the bytes of a cache file; undefined when they are more than the limit. */
export function formatCache(keys: VolumeKeys, values: Iterable<SealedValue>): Uint8Array | undefined {
  const all = [...values]
  const size = all.reduce((sum, { sealed }) => sum + ENTRY_BYTES + sealed.length, HEAD_BYTES + MAC_BYTES)
  if (size > MOST_FILE_BYTES || all.length > MOST_VALUES) return undefined
  const bytes = Buffer.alloc(size)
  let at = MAGIC.copy(bytes)
  bytes.set(keys.keyId, at)
  bytes.set(volumeId(keys), at + KEY_ID_BYTES)
  at = bytes.writeUInt32BE(all.length, at + 2 * KEY_ID_BYTES)
  for (const { place, savedAt, sealed } of all) {
    at += bytes.write(place, at, 'hex')
    at = bytes.writeBigUInt64BE(BigInt(savedAt), at)
    at = bytes.writeUInt32BE(sealed.length, at)
    bytes.set(sealed, at)
    at += sealed.length
  }
  bytes.set(macOf(keys.file, bytes.subarray(0, at)), at)
  return bytes
}

/** Reads a cache file. It never throws: any bytes may be in the file. The values are views of `bytes`. */
export function parseCache(keys: VolumeKeys, bytes: Uint8Array): ReadCache {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (file.length < HEAD_BYTES + MAC_BYTES || !file.subarray(0, MAGIC.length).equals(MAGIC))
    return unusable('is damaged or cut off, or a newer locket wrote it')
  const ids = file.subarray(MAGIC.length, MAGIC.length + 2 * KEY_ID_BYTES)
  if (!ids.subarray(0, KEY_ID_BYTES).equals(keys.keyId)) return unusable('was written with another host key')
  if (!ids.subarray(KEY_ID_BYTES).equals(volumeId(keys))) return unusable('is of another volume')
  const end = file.length - MAC_BYTES
  if (!timingSafeEqual(macOf(keys.file, file.subarray(0, end)), file.subarray(end)))
    return unusable('is damaged or cut off')
  return parseValues(file, end)
}

/** The file is authentic. Its lengths are checked all the same. */
function parseValues(file: Buffer, end: number): ReadCache {
  const values = new Map<string, SealedValue>()
  let at = HEAD_BYTES
  for (let left = file.readUInt32BE(HEAD_BYTES - 4); left > 0; left -= 1) {
    if (at + ENTRY_BYTES > end) return unusable('is damaged')
    const place = file.toString('hex', at, at + PLACE_BYTES)
    const savedAt = Number(file.readBigUInt64BE(at + PLACE_BYTES))
    const length = file.readUInt32BE(at + PLACE_BYTES + 8)
    at += ENTRY_BYTES
    if (length < OVERHEAD_BYTES || at + length > end) return unusable('is damaged')
    values.set(place, { place, savedAt, sealed: file.subarray(at, at + length) })
    at += length
  }
  return at === end ? { kind: 'good', values } : unusable('is damaged')
}

/** A name of the volume that says nothing without the key. */
function volumeId(keys: Pick<VolumeKeys, 'file'>): Uint8Array {
  return macOf(keys.file, 'volume').subarray(0, KEY_ID_BYTES)
}

function unusable(why: string): ReadCache {
  return { kind: 'unusable', why }
}
