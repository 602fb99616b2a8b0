import type { Secret } from '../vocabulary/secret.ts'
import type { VolumeName } from '../vocabulary/names.ts'

/** The cache files of volumes on the host's disk. All rejections are `io` and name the file. */
export interface CacheFiles {
  /** Returns the content; undefined when there is no file. Rejects when it is larger than `maxBytes`. */
  read(volume: VolumeName, maxBytes: number): Promise<Uint8Array | undefined>
  /** Replaces the content: an interruption leaves the old content or all of the new content. */
  write(volume: VolumeName, content: Uint8Array): Promise<void>
  /** Removes the file. A missing file is success. */
  remove(volume: VolumeName): Promise<void>
  /** Returns the volumes that have a file. */
  list(): Promise<readonly VolumeName[]>
}

/**
 * The key of this host, from which other keys are derived. Its file is made at the first use. Rejects with
 * `io` when the file cannot be made or read, or when other users can read it; the next call tries again. The
 * caller does not wipe it.
 */
export type HostKey = () => Promise<Secret>
