import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { errnoOf, type LocketError } from '../../core/vocabulary/errors.ts'
import type { StateStore } from '../../core/ports/state-store.ts'
import { parseVolumeName, type VolumeName } from '../../core/vocabulary/names.ts'
import { makeFolders } from '../files/make-folders.ts'

// The marker is a file beside the fallback of a managed plugin's state. It says that the state is in the
// config folder, and which volumes it names. It goes with the plugin, like the fallback.

const Marker = z.object({ volumes: z.array(z.string().transform(parseVolumeName)) })

/** Largest marker in bytes. */
const MAX_BYTES = 16 * 1024 * 1024

/**
 * Returns the volumes that the marker names, or undefined if there is no marker. `unreadable`: volumes may
 * exist, and nobody knows their names.
 */
export async function readMarker(path: string): Promise<readonly VolumeName[] | 'unreadable' | undefined> {
  try {
    const bytes = await readFile(path)
    if (bytes.length > MAX_BYTES) return 'unreadable'
    return Marker.parse(JSON.parse(bytes.toString())).volumes
  } catch (thrown) {
    return errnoOf(thrown) === 'ENOENT' ? undefined : 'unreadable'
  }
}

/** Returns the store with a marker that follows the names of its volumes. */
export function withMarker(store: StateStore, path: string): StateStore {
  let written: string | undefined
  async function follow(names: readonly VolumeName[]): Promise<void> {
    const text = JSON.stringify({ volumes: names })
    if (text === written) return
    await leaveMarker(path, text)
    written = text
  }
  return {
    async load() {
      const loaded = await store.load()
      await follow(loaded.records.map(({ name }) => name))
      return loaded
    },
    async save(records) {
      await store.save(records)
      await follow(records.map(({ name }) => name))
    },
    saveMounts: (records) => store.saveMounts(records),
  }
}

/**
 * Returns a store of volumes that are known by name alone, because their config folder is not there. Nothing
 * can be saved: the store rejects with `reason`.
 */
export function openNameStore(names: readonly VolumeName[], reason: LocketError): StateStore {
  const records = names.map((name) => ({ name, options: {}, createdAt: UNKNOWN_TIME, mounts: [] }))
  return {
    load: async () => ({ records, source: 'previous', warnings: [] }),
    save: () => Promise.reject(reason),
    saveMounts: () => Promise.reject(reason),
  }
}

/** The creation time of a volume that is known by name alone. */
const UNKNOWN_TIME = new Date(0).toISOString()

/** A marker that cannot be written is left out: the state itself is saved. */
async function leaveMarker(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`
  try {
    await makeFolders(dirname(path), 0o700)
    await rm(temporary, { force: true })
    await writeFile(temporary, text, { mode: 0o600, flag: 'wx' })
    await rename(temporary, path)
  } catch (thrown) {
    if (errnoOf(thrown) === undefined) throw thrown
  }
}
