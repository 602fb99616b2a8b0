import { LocketError } from '../../core/vocabulary/errors.ts'
import type { VolumeName } from '../../core/vocabulary/names.ts'
import type { StateStore } from '../../core/ports/state-store.ts'
import type { MountReference, VolumeRecord } from '../../core/volume/record.ts'
import type { ContentFacts } from '../recipe/volume-files.ts'
import type { Seen } from '../render/seen.ts'
import { engineRestarted, referencesOf, tmpfsOf, type Transition, type VolumeState } from './state.ts'

/** The facts of a volume that never change. */
export type VolumeIdentity = Omit<VolumeRecord, 'mounts' | 'mark'>

/** The work of this process on a volume, for Status only. */
interface Activity {
  readonly content?: ContentFacts | undefined
  /** ISO 8601. */
  readonly lastRender?: string | undefined
  /** Undefined: nothing is mounted, or an earlier process mounted it and its note is gone. */
  readonly generation?: Generation | undefined
  /**
   * ISO 8601: the first refresh that failed since the last one that worked, or the time of the values that
   * came from the cache. The files may be old.
   */
  readonly staleSince?: string | undefined
  readonly lastError?: string | undefined
  /** The reason why the refresh waits: the limit of requests. */
  readonly postponed?: string | undefined
  /**
   * The volume holds a value with a lease, which is issued anew by each question. A refresh asks from this
   * time on, in milliseconds since the epoch.
   */
  readonly leasedUntil?: number | undefined
  /** The files in place, as the next refresh knows them. */
  readonly seen?: Seen | undefined
  /** Returns the line about the refresh. Undefined: the volume has no refresh. */
  readonly refresh?: (() => string) | undefined
  /** The values that are mounted come from the cache: why the provider did not answer. */
  readonly outage?: LocketError | undefined
  /** Returns the milliseconds until the next refresh. Undefined: no refresh by the clock. */
  readonly nextRefreshInMs?: (() => number) | undefined
}

/** The delivery of the files that are in place. A delivery that changes no file makes no new generation. */
export interface Generation {
  /** 1 for the delivery of the mount. */
  readonly number: number
  /** ISO 8601. */
  readonly since: string
}

/** A volume in memory. Only the table changes it. */
export interface Volume extends VolumeIdentity {
  readonly state: VolumeState
  readonly activity: Activity
}

/**
 * All volumes, in memory and on disk. Reading never waits. The caller of a function that changes a volume's
 * state holds the volume's lock, with one exception: `engineRestarted` is applied without it.
 */
export interface VolumeTable {
  find(name: VolumeName): Volume | undefined
  /** Throws `volume_not_found`. */
  get(name: VolumeName): Volume
  list(): readonly Volume[]
  /** Puts a volume of the state file into memory. */
  restore(identity: VolumeIdentity, state: VolumeState): Volume
  /** Adds a volume. Resolves when it is on disk. When it rejects, memory is as before. */
  add(identity: VolumeIdentity, state: VolumeState): Promise<Volume>
  /** Removes a volume. Resolves when the removal is on disk. When it rejects, memory is as before. */
  remove(volume: Volume): Promise<void>
  /**
   * Changes the state of a volume. Resolves when the change is on disk; writes only if the record changes.
   * When it rejects, memory is as before.
   */
  commit(volume: Volume, transition: Transition): Promise<void>
  /** Changes the state of a volume in memory only. */
  change(volume: Volume, transition: Transition): void
  /** Writes the references of these volumes as they are in memory. */
  saveMounts(volumes: readonly Volume[]): Promise<void>
  /** Adds facts for Status. The caller needs no lock. */
  note(volume: Volume, activity: Activity): void
}

type Entry = { -readonly [K in keyof Volume]: Volume[K] }

/** Makes an empty table that saves to `store`. */
export function createVolumeTable(store: StateStore): VolumeTable {
  const volumes = new Map<VolumeName, Entry>()
  const saveAll = () => store.save([...volumes.values()].map(recordOf))
  const saveMounts = (some: readonly Volume[]) => store.saveMounts(some.map(recordOf))

  /**
   * Saves. When it fails, `takeBack` restores memory. A save that began before that may write the change
   * nevertheless, so another one follows it. If that one fails too, the next change corrects the file.
   */
  async function saveOr(save: () => Promise<void>, takeBack: () => void): Promise<void> {
    try {
      await save()
    } catch (error) {
      takeBack()
      save().catch(() => undefined)
      throw error
    }
  }

  function restore(identity: VolumeIdentity, state: VolumeState): Entry {
    const entry: Entry = { ...identity, state, activity: {} }
    volumes.set(entry.name, entry)
    return entry
  }

  function entryOf(volume: Volume): Entry {
    const entry = volumes.get(volume.name)
    if (entry !== volume) throw new LocketError('internal', `volume ${volume.name} was removed`)
    return entry
  }

  function change(volume: Volume, transition: Transition): void {
    const entry = entryOf(volume)
    const { state } = entry
    entry.state = transition(state)
    const task = tmpfsOf(state)?.task
    if (task !== tmpfsOf(entry.state)?.task) void end(task)
  }

  return {
    find: (name) => volumes.get(name),

    get(name) {
      const volume = volumes.get(name)
      if (volume === undefined) throw new LocketError('volume_not_found', `no such volume: ${name}`)
      return volume
    },

    list: () => [...volumes.values()],

    restore,

    async add(identity, state) {
      const volume = restore(identity, state)
      await saveOr(saveAll, () => volumes.delete(volume.name))
      return volume
    },

    async remove(volume) {
      const entry = entryOf(volume)
      volumes.delete(volume.name)
      await saveOr(saveAll, () => volumes.set(volume.name, entry))
    },

    async commit(volume, transition) {
      const before = volume.state
      change(volume, transition)
      const next = volume.state
      if (isSame(referencesOf(before), referencesOf(next))) return
      await saveOr(
        () => saveMounts([volume]),
        () => {
          // The only change that comes between is the one that needs no lock.
          change(volume, (now) => (now === next ? before : engineRestarted(before)))
        },
      )
    },

    change,
    saveMounts,

    note(volume, activity) {
      const entry = volumes.get(volume.name)
      if (entry === volume) entry.activity = { ...entry.activity, ...activity }
    },
  }
}

async function end(task: AsyncDisposable | undefined): Promise<void> {
  await Promise.allSettled([task?.[Symbol.asyncDispose]()])
}

function recordOf({ name, options, createdAt, state }: Volume): VolumeRecord {
  const mark = tmpfsOf(state)?.mark
  const mounts = referencesOf(state)
  return mark === undefined
    ? { name, options, createdAt, mounts }
    : { name, options, createdAt, mounts, mark }
}

function isSame(some: readonly MountReference[], others: readonly MountReference[]): boolean {
  return JSON.stringify(some) === JSON.stringify(others)
}
