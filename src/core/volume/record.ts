import type { MountId, VolumeName } from '../vocabulary/names.ts'

/** One live mount of a volume, as the engine named it. */
export interface MountReference {
  readonly id: MountId
  /** ISO 8601, when it was mounted. */
  readonly since: string
  /** The host's boot ID at that time: a reference of another boot is stale. */
  readonly bootId: string
  /** The engine has stopped or started since, so its container may have ended without an Unmount. */
  readonly unsure?: true
}

/**
 * All that is kept of a volume. Never a value: options hold references, and configuration is always derived
 * from them anew.
 */
export interface VolumeRecord {
  readonly name: VolumeName
  /** Exactly what the engine sent. */
  readonly options: Readonly<Record<string, string>>
  readonly createdAt: string
  readonly mounts: readonly MountReference[]
  /**
   * The mark of the tmpfs that was mounted last. A mounted tmpfs with another mark is unknown to this record,
   * which is older than the mount when a backup was restored.
   */
  readonly mark?: string
}

/** The mark of the tmpfs that this reference is the first of. */
export function markOf({ id, since }: MountReference): string {
  return `${since} ${id.slice(0, 32)}`
}

/**
 * The record of a volume whose tmpfs was just mounted for `mount`. References of an earlier tmpfs have no
 * part in this one.
 */
export function firstMount(record: VolumeRecord, mount: MountReference): VolumeRecord {
  return { ...record, mounts: [mount], mark: markOf(mount) }
}

export function hasMount(record: VolumeRecord, id: MountId): boolean {
  return record.mounts.some((mount) => mount.id === id)
}

/** The same ID twice is the same mount: the engine repeats requests. */
export function addMount(record: VolumeRecord, mount: MountReference): VolumeRecord {
  if (hasMount(record, mount.id)) return record
  return { ...record, mounts: [...record.mounts, mount] }
}

/** The same container again: its ID is vouched for anew. */
export function renewMount(record: VolumeRecord, mount: MountReference): VolumeRecord {
  return { ...record, mounts: record.mounts.map((old) => (old.id === mount.id ? mount : old)) }
}

export function doubtMounts(record: VolumeRecord): VolumeRecord {
  if (record.mounts.every((mount) => mount.unsure)) return record
  return { ...record, mounts: record.mounts.map((mount) => ({ ...mount, unsure: true })) }
}

/** An ID that is not there is no error: the engine must never be stuck on one. */
export function removeMount(record: VolumeRecord, id: MountId): VolumeRecord {
  if (!hasMount(record, id)) return record
  return { ...record, mounts: record.mounts.filter((mount) => mount.id !== id) }
}

export function dropMounts(record: VolumeRecord): VolumeRecord {
  return record.mounts.length === 0 ? record : { ...record, mounts: [] }
}

/** What a new boot leaves of the references: none of an earlier boot can still have a container behind it. */
export function dropEarlierBoots(record: VolumeRecord, bootId: string): VolumeRecord {
  const mounts = record.mounts.filter((mount) => mount.bootId === bootId)
  return mounts.length === record.mounts.length ? record : { ...record, mounts }
}

export function sameOptions(a: VolumeRecord['options'], b: VolumeRecord['options']): boolean {
  const names = Object.keys(a)
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && a[name] === b[name])
  )
}
