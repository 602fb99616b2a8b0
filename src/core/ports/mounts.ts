import type { RemappedIds } from '../volume/container-users.ts'

/** The result of a mount. */
export interface Mounted {
  /** Differences between the mount and its options, one line each: `may be swapped: …`. */
  readonly warnings: readonly string[]
}

/**
 * The kernel's mounts of type tmpfs that locket made. `Options` are the mount options: the caller passes the
 * settings of the section `tmpfs` with all their names, and the implementation declares those that it obeys.
 */
export interface MountTable<Options> {
  /** Asks the kernel each time. */
  isMounted(target: string): Promise<boolean>
  /** Returns the targets of all tmpfs directly below `dir`. */
  listUnder(dir: string): Promise<readonly string[]>
  /**
   * Mounts a tmpfs whose root has mode 0700. Makes the folder `target` if need be. Rejects with
   * `mount_failed` or `config`; then nothing is mounted. It is a property, so that the compiler refuses
   * options that lack a setting.
   */
  readonly mountTmpfs: (target: string, options: Options) => Promise<Mounted>
  /** Changes the size of a mounted tmpfs. Rejects with `mount_failed`. */
  resize(target: string, sizeBytes: number): Promise<void>
  /** Returns the bytes in use on a mounted tmpfs; undefined when nothing is mounted there. Never rejects. */
  usedBytes(target: string): Promise<number | undefined>
  /**
   * Unmounts `target`, lazily when it is busy, and removes the empty folder. A target that is not mounted is
   * success.
   */
  unmount(target: string): Promise<void>
}

/** Facts that differ between one boot of the host and the next. */
export interface HostFacts {
  /** The kernel's random identifier of this boot. */
  readonly bootId: string
  /** Ids of containers' users, where the engine remaps them and this process can tell. */
  readonly remapped?: RemappedIds | undefined
  /** Returns milliseconds since the boot. */
  uptimeMs(): number
}
