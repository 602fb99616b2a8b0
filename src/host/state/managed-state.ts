import { constants } from 'node:fs'
import { open, rm, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { LocketError, errnoOf } from '../../core/vocabulary/errors.ts'
import type { LoadedState, StateStore } from '../../core/ports/state-store.ts'
import type { VolumeRecord } from '../../core/volume/record.ts'
import { makeFolders } from '../files/make-folders.ts'
import { openNameStore, readMarker, withMarker } from './config-marker.ts'
import { loadGeneration, type LoadedGeneration } from './load-generation.ts'
import { openStateFile, removeGenerations, type StateOptions } from './state-file.ts'

interface ManagedState {
  readonly store: StateStore
  /** The folder that the state is kept in from now on. */
  readonly dir: string
  readonly warnings: readonly string[]
  /** The reason why only the names of the volumes are known. Undefined: the records were found. */
  readonly fault?: LocketError
}

/**
 * Opens the state of the managed plugin: in the config folder if it is writable, so that the state outlives
 * the plugin, otherwise in the fallback. State that an earlier start left in the fallback is moved: it is
 * saved durably before the fallback's files are removed. When the config folder that has the state is
 * missing, the volumes are known by name: `docker plugin upgrade` mounts the manifest's default source again
 * and forgets an earlier setting. Rejects with `state_corrupt` as `StateStore.load` does.
 */
export async function openManagedState(
  preferredDir: string,
  fallbackDir: string,
  options: StateOptions = {},
): Promise<ManagedState> {
  if (!(await makeStateDir(preferredDir))) return await openFallback(preferredDir, fallbackDir, options)
  const store = withMarker(openStateFile(preferredDir, options), markerOf(fallbackDir))
  const left = await loadGeneration(fallbackDir, options.reset ?? false)
  if (left.source === 'none') return { store, dir: preferredDir, warnings: left.warnings }
  const own = await loadGeneration(preferredDir, options.reset ?? false)
  await store.load()
  const records = unite(own, left)
  await store.saveMounts(records)
  await store.save(records)
  await removeGenerations(fallbackDir)
  await removeKept(fallbackDir)
  const warnings = [...own.warnings, ...left.warnings, `state moved from ${fallbackDir} to ${preferredDir}`]
  return { store: trustedLike(store, [own, left]), dir: preferredDir, warnings }
}

/** Removes what the cache of volumes has kept beside a state that was moved, and the key of it. */
async function removeKept(dir: string): Promise<void> {
  for (const name of ['cache', 'host.key']) await rm(join(dir, name), { recursive: true, force: true })
}

/**
 * Opens the state in the fallback. A config folder that became read-only may hold volumes of an earlier
 * start: they must not be forgotten.
 */
async function openFallback(
  preferredDir: string,
  fallbackDir: string,
  options: StateOptions,
): Promise<ManagedState> {
  const reset = options.reset ?? false
  const store = openStateFile(fallbackDir, options)
  const [own, stranded] = [
    await loadGeneration(fallbackDir, reset),
    await loadGeneration(preferredDir, reset),
  ]
  const isNowhere = own.source === 'none' && stranded.source === 'none'
  const names = isNowhere && !reset ? await readMarker(markerOf(fallbackDir)) : undefined
  if (names !== undefined) {
    const fault = forgotten(preferredDir)
    if (names === 'unreadable') throw fault
    return { store: openNameStore(names, fault), dir: fallbackDir, warnings: [], fault }
  }
  if (own.source === 'none' && stranded.source !== 'none') await store.save(stranded.records)
  const advice = `state is kept in ${fallbackDir} and goes with the plugin: set config.source to a folder of the host that can be written`
  return {
    store: trustedLike(store, [stranded]),
    dir: fallbackDir,
    warnings: [advice, ...own.warnings, ...stranded.warnings],
  }
}

/** Returns the path of the marker beside the fallback. See `config-marker.ts`. */
function markerOf(fallbackDir: string): string {
  return `${fallbackDir}-is-in-config`
}

/**
 * Returns the error for missing records. The names must be known all the same: the engine would create local
 * volumes in the place of those that Get does not know.
 */
function forgotten(preferredDir: string): LocketError {
  return new LocketError(
    'state_corrupt',
    `the volumes are recorded in a config folder, and ${dirname(preferredDir)} is not that folder now`,
    {
      hint: 'docker plugin upgrade forgets config.source: docker plugin set locket config.source=DIR, then enable again',
    },
  )
}

/** Returns true when the folder exists or could be made, and files can be written there. */
export async function makeStateDir(dir: string): Promise<boolean> {
  const probe = join(dir, '.probe')
  try {
    await makeFolders(dir, 0o700)
    const { O_WRONLY, O_CREAT, O_NOFOLLOW } = constants
    await using file = await open(probe, O_WRONLY | O_CREAT | O_NOFOLLOW, 0o600)
    await file.sync()
    await unlink(probe)
    return true
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return false
  }
}

/** Returns the volumes of both generations. A volume in both is taken from the one that was saved later. */
function unite(a: LoadedGeneration, b: LoadedGeneration): VolumeRecord[] {
  const [older, newer] = (a.savedAt ?? '') <= (b.savedAt ?? '') ? [a, b] : [b, a]
  const byName = new Map([...older.records, ...newer.records].map((record) => [record.name, record]))
  return [...byName.values()]
}

/**
 * Marks united state as untrusted if one part came from a previous generation: it must not decide what is
 * wiped.
 */
function trustedLike(store: StateStore, parts: readonly LoadedState[]): StateStore {
  const isTrusted = parts.every(({ source }) => source === 'current' || source === 'none')
  if (isTrusted) return store
  return {
    save: (records) => store.save(records),
    saveMounts: (records) => store.saveMounts(records),
    load: async () => ({ ...(await store.load()), source: 'previous' }),
  }
}
