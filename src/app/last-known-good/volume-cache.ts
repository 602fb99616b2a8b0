import { formatCache, MOST_FILE_BYTES, parseCache } from '../../core/last-known-good/cache-file.ts'
import type { VolumeKeys } from '../../core/last-known-good/keys.ts'
import { placeOf, unseal, type Binding, type SealedValue } from '../../core/last-known-good/sealed-value.ts'
import { whyUnusable } from '../../core/last-known-good/usable.ts'
import type { CacheFiles } from '../../core/ports/cache-files.ts'
import { formatError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { VolumeName } from '../../core/vocabulary/names.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'

/** The reference of a value: its id, and the instance and server that give it. */
export type Wanted = Pick<Binding, 'server' | 'reference'>

/** A value of the cache, which the receiver must wipe. */
export interface KeptValue {
  readonly value: Secret
  readonly savedAt: number
}

/** A reference that no template can hold: the mark that the mounted values are stale. */
export const STALE_MARK: Wanted = { server: '', reference: 'stale since' }

/** The cache file of one volume. Nothing rejects: a file that cannot be used is a warning. */
export interface VolumeCache {
  /** Returns the sealed values by their places. */
  load(keys: VolumeKeys): Promise<ReadonlyMap<string, SealedValue>>
  /** Writes the file anew. True: it is on disk. */
  store(keys: VolumeKeys, values: readonly SealedValue[]): Promise<boolean>
  /** Removes the file. True: there is none now. */
  remove(): Promise<boolean>
}

/** Opens the cache file of one volume. */
export function openVolumeCache(
  volume: VolumeName,
  files: CacheFiles,
  warn: (warning: string) => void,
): VolumeCache {
  async function attempt<T>(work: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await work()
    } catch (thrown) {
      warn(formatError(toLocketError(thrown)))
      return otherwise
    }
  }

  async function remove(): Promise<boolean> {
    await files.remove(volume)
    return true
  }

  return {
    load: (keys) =>
      attempt(async () => {
        const bytes = await files.read(volume, MOST_FILE_BYTES)
        if (bytes === undefined) return new Map()
        const read = parseCache(keys, bytes)
        if (read.kind === 'good') return read.values
        warn(`the file ${read.why}: no value of it is used`)
        return new Map()
      }, new Map()),

    store: (keys, values) =>
      attempt(async () => {
        const bytes = formatCache(keys, values)
        if (bytes === undefined) {
          warn('the values are too large or too many: nothing is kept')
          await files.remove(volume)
          return false
        }
        await files.write(volume, bytes)
        return true
      }, false),

    remove: () => attempt(remove, false),
  }
}

/** Which values may be used, at what time. */
interface UseRules {
  readonly volume: VolumeName
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly maxAgeMs: number
}

/**
 * Returns the values that may be used, by the id of the reference, and whether one was left out because its
 * time is in the future.
 */
export function usableValues(
  keys: VolumeKeys,
  sealed: ReadonlyMap<string, SealedValue>,
  wanted: readonly Wanted[],
  { volume, now, maxAgeMs }: UseRules,
): { readonly values: ReadonlyMap<string, KeptValue>; readonly isFuture: boolean } {
  const values = new Map<string, KeptValue>()
  let isFuture = false
  for (const one of wanted) {
    const found = sealed.get(placeOf(keys, one))
    if (found === undefined) continue
    const why = whyUnusable(found.savedAt, now, maxAgeMs)
    isFuture ||= why === 'from the future'
    const value = why === undefined ? unseal(keys, { volume, ...one }, found) : undefined
    if (value !== undefined) values.set(one.reference, { value, savedAt: found.savedAt })
  }
  return { values, isFuture }
}
