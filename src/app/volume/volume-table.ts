import { LocketError } from '../../core/vocabulary/errors.ts'
import type { MountId, VolumeName } from '../../core/vocabulary/names.ts'
import type { Store } from '../../core/ports/store.ts'
import type { VolumeRecord } from '../../core/volume/record.ts'
import type { ContentFacts } from '../recipe/prepare.ts'

/** A volume in memory: its record, and what only this process knows of it. */
export interface Volume {
  record: VolumeRecord
  /** As last seen; the kernel is asked again whenever something depends on it. */
  mounted: boolean
  /** Mounted by an earlier process whose references were lost: containers may be using it. */
  adopted: boolean
  /** A wipe that failed is being tried again in the background. */
  wipingLater: boolean
  content: ContentFacts | undefined
  mountWarnings: readonly string[]
  lastRender: string | undefined
  lastError: string | undefined
  /**
   * How often each ID has been mounted, as far as this process saw: for `docker cp` with a running container the engine mounts and
   * unmounts under the container's own ID. An ID that is not here was mounted before this process, or this engine, was started.
   */
  readonly uses: Map<MountId, number>
  following: AsyncDisposable | undefined
}

/** All volumes, in memory and on disk. Reading never waits. */
export interface VolumeTable {
  find(name: VolumeName): Volume | undefined
  get(name: VolumeName): Volume
  list(): readonly Volume[]
  /** Puts a volume into memory as the state file has it. */
  restore(record: VolumeRecord): Volume
  /** Durable when it resolves; on failure memory is as before. The caller holds the volume's lock. */
  add(record: VolumeRecord): Promise<Volume>
  update(volume: Volume, record: VolumeRecord): Promise<void>
  remove(volume: Volume): Promise<void>
}

export function createVolumeTable(store: Store): VolumeTable {
  const volumes = new Map<VolumeName, Volume>()
  const saveNow = () => store.save([...volumes.values()].map((volume) => volume.record))

  /** A save that began meanwhile may hold what is taken back: another one corrects it. Should that fail too, the next change does. */
  async function saveOr(takeBack: () => void): Promise<void> {
    try {
      await saveNow()
    } catch (error) {
      takeBack()
      saveNow().catch(() => undefined)
      throw error
    }
  }

  return {
    find: (name) => volumes.get(name),

    get(name) {
      const volume = volumes.get(name)
      if (volume === undefined) throw new LocketError('volume_not_found', `no such volume: ${name}`)
      return volume
    },

    list: () => [...volumes.values()],

    restore(record) {
      const volume = createVolume(record)
      volumes.set(record.name, volume)
      return volume
    },

    async add(record) {
      const volume = createVolume(record)
      volumes.set(record.name, volume)
      await saveOr(() => volumes.delete(record.name))
      return volume
    },

    async update(volume, record) {
      const before = volume.record
      if (record === before) return
      volume.record = record
      await saveOr(() => {
        if (volume.record === record) volume.record = before
      })
    },

    async remove(volume) {
      volumes.delete(volume.record.name)
      await saveOr(() => volumes.set(volume.record.name, volume))
    },
  }
}

function createVolume(record: VolumeRecord): Volume {
  return {
    record,
    mounted: false,
    adopted: false,
    wipingLater: false,
    content: undefined,
    mountWarnings: [],
    lastRender: undefined,
    lastError: undefined,
    uses: new Map(),
    following: undefined,
  }
}
