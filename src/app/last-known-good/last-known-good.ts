import { placeOf } from '../../core/last-known-good/sealed-value.ts'
import { volumeKeys, type VolumeKeys } from '../../core/last-known-good/keys.ts'
import type { CacheFiles, HostKey } from '../../core/ports/cache-files.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import { formatError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { VolumeName } from '../../core/vocabulary/names.ts'
import { createKeyedLock } from '../../core/waiting/keyed-lock.ts'
import { openSession, type CacheMemory, type CacheSession } from './session.ts'
import { openVolumeCache, STALE_MARK } from './volume-cache.ts'

/** How a volume uses the cache. */
interface CacheUse {
  readonly maxAgeMs: number
  /** False for a refresh: values of the cache are not used, and the answers of the provider are kept. */
  readonly mayAnswer: boolean
}

/**
 * The last known good values of the volumes, encrypted on the host's disk. Nothing here rejects but `forget`:
 * a cache that cannot be used is a warning, and the provider is asked as without one.
 */
export interface LastKnownGood {
  /** Opens the cache of a volume for one rendering. */
  open(volume: VolumeName, use: CacheUse): CacheSession
  /**
   * Returns when the provider gave the values that were mounted from the cache, in milliseconds since the
   * epoch. Undefined: the mounted values are those of the provider.
   */
  staleSince(volume: VolumeName): Promise<number | undefined>
  /** Removes the values of a volume, and voids the sessions that are open. Rejects with `io`. */
  forget(volume: VolumeName): Promise<void>
  /** Removes the files of all volumes but these. A failure is a warning. */
  keepOnly(volumes: ReadonlySet<VolumeName>): Promise<void>
  /** Resolves when everything that was noted is on disk. */
  close(): Promise<void>
}

/** The machine, as the cache sees it. */
interface CachePorts {
  readonly files: CacheFiles
  readonly hostKey: HostKey
  readonly clock: Clock
  readonly emit: Emit
}

const NEVER = new AbortController().signal

/** Opens the cache of all volumes. Nothing is read before the first use. */
export function createLastKnownGood({ files, hostKey, clock, emit }: CachePorts): LastKnownGood {
  const locks = createKeyedLock()
  const memories = new Map<VolumeName, CacheMemory>()
  const warned = new Map<VolumeName, string>()
  const saving = new Set<Promise<void>>()

  function memoryOf(volume: VolumeName): CacheMemory {
    const memory = memories.get(volume) ?? {}
    memories.set(volume, memory)
    return memory
  }

  /** Reports a warning once, until another one comes or the cache is written. */
  function warn(volume: VolumeName, warning: string): void {
    if (warned.get(volume) === warning) return
    warned.set(volume, warning)
    emit('volume.cache.warning', { volume, warning })
  }

  async function openKeys(volume: VolumeName): Promise<VolumeKeys | undefined> {
    try {
      return volumeKeys(await hostKey(), volume)
    } catch (thrown) {
      warn(volume, formatError(toLocketError(thrown)))
      return undefined
    }
  }

  return {
    open(volume, use) {
      const memory = memoryOf(volume)
      const cache = openVolumeCache(volume, files, (warning) => warn(volume, warning))
      const session = openSession({
        ...use,
        volume,
        cache,
        clock,
        memory,
        warn: (warning) => warn(volume, warning),
        openKeys: () => openKeys(volume),
      })
      // After `forget` the volume has another memory: what was asked for before it is not kept.
      const isWanted = () => memories.get(volume) === memory
      const { around, stale } = session
      return {
        around,
        stale,
        async save() {
          const saved = locks.run(volume, NEVER, () => session.close(isWanted))
          saving.add(saved)
          await saved.finally(() => saving.delete(saved))
        },
      }
    },

    async staleSince(volume) {
      const keys = await openKeys(volume)
      if (keys === undefined) return undefined
      try {
        const cache = openVolumeCache(volume, files, (warning) => warn(volume, warning))
        const found = (await cache.load(keys)).get(placeOf(keys, STALE_MARK))
        return found?.savedAt
      } finally {
        keys.wipe()
      }
    },

    async forget(volume) {
      memories.delete(volume)
      await locks.run(volume, NEVER, () => files.remove(volume))
      warned.delete(volume)
    },

    async keepOnly(volumes) {
      try {
        for (const volume of await files.list())
          if (!volumes.has(volume)) await locks.run(volume, NEVER, () => files.remove(volume))
      } catch (thrown) {
        emit('state.warning', { warning: formatError(toLocketError(thrown)) })
      }
    },

    async close() {
      await Promise.allSettled(saving)
    },
  }
}
