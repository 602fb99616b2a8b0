import { LocketError } from '../../src/core/vocabulary/errors.ts'
import type { StateStore } from '../../src/core/ports/state-store.ts'
import type { VolumeRecord } from '../../src/core/volume/record.ts'
import { mergeSaves } from '../../src/host/state/merge-saves.ts'

export interface MemoryStore extends StateStore {
  /** From now on saves fail, as on a full disk; `false` ends it. Earlier saves stay. */
  fill(isFull: boolean): void
  /** How often something was written; merged saves count once. */
  writes(): number
}

/** Keeps records as a disk does: copies, never the objects themselves. */
export function createMemoryStore(initial?: readonly VolumeRecord[]): MemoryStore {
  let saved: readonly VolumeRecord[] | undefined = initial && structuredClone(initial)
  let isFull = false
  let writes = 0
  return {
    async load() {
      return {
        records: structuredClone(saved ?? []),
        source: saved === undefined ? 'none' : 'current',
        warnings: [],
      }
    },
    save: mergeSaves(async (records) => {
      const copy = structuredClone(records)
      await Promise.resolve()
      if (isFull) throw new LocketError('io', 'cannot save the state in memory: ENOSPC')
      saved = copy
      writes += 1
    }),
    async saveMounts(records) {
      const copy = structuredClone(records)
      await Promise.resolve()
      if (isFull) throw new LocketError('io', 'cannot save the mounts in memory: ENOSPC')
      const byName = new Map(copy.map((record) => [record.name, record]))
      saved = (saved ?? []).map((record) => byName.get(record.name) ?? record)
      writes += 1
    },
    fill: (full) => {
      isFull = full
    },
    writes: () => writes,
  }
}
