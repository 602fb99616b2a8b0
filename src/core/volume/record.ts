import type { MountId, VolumeName } from '../vocabulary/names.ts'

/** One live mount of a volume, as the state file keeps it. */
export interface MountReference {
  /** The engine's ID of the mount. A record holds each ID once. */
  readonly id: MountId
  /** Time of the mount, in ISO 8601. */
  readonly since: string
  /** The host's boot ID at that time. A reference of another boot is stale. */
  readonly bootId: string
  /** The engine has stopped or started since, so its container may have ended without an Unmount. */
  readonly unsure?: true
}

/**
 * Everything that the state file keeps of a volume. It holds no secret value. Configuration is derived from
 * the options.
 */
export interface VolumeRecord {
  readonly name: VolumeName
  /** Driver options exactly as the engine sent them. */
  readonly options: Readonly<Record<string, string>>
  /** Time of the creation, in ISO 8601. */
  readonly createdAt: string
  readonly mounts: readonly MountReference[]
  /**
   * The mark of the tmpfs that is mounted. A tmpfs with another mark is newer than this record: an older
   * state file was restored, see ADR 0014.
   */
  readonly mark?: string | undefined
}

/** The mark of the tmpfs that this reference is the first of. */
export function markOf({ id, since }: MountReference): string {
  return `${since} ${id.slice(0, 32)}`
}

/** True when the names and values of both are equal, in any order. */
export function sameOptions(a: VolumeRecord['options'], b: VolumeRecord['options']): boolean {
  const names = Object.keys(a)
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && a[name] === b[name])
  )
}
