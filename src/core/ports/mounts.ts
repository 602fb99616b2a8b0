/** How a tmpfs is mounted. */
export interface TmpfsOptions {
  readonly sizeBytes: number
  /** Largest number of inodes, the folders of locket included. */
  readonly inodes: number
  /** Mode of the tmpfs root. */
  readonly mode: number
  /**
   * Mount flags. nosuid, nodev and noexec are always set, unless `suid`, `dev` or `exec` is named; further
   * flags are `ro`, `noatime` and the like.
   */
  readonly flags: readonly string[]
  readonly selinuxContext?: string
  /** Mount even when pages may be written to swap. */
  readonly allowSwap: boolean
}

/** The result of a mount. */
export interface Mounted {
  /** Differences from the request, one line each: `may be swapped: …`. */
  readonly warnings: readonly string[]
}

/** The kernel's mounts, those of locket's own tmpfs only. */
export interface MountTable {
  /** True when a tmpfs is mounted there. Asks the kernel each time. */
  isMounted(target: string): Promise<boolean>
  /** Returns the targets of all tmpfs directly below `dir`. */
  listUnder(dir: string): Promise<readonly string[]>
  /**
   * Mounts a tmpfs; makes the folder `target` (0700) if need be. Rejects with `mount_failed`, and nothing is
   * mounted then.
   */
  mountTmpfs(target: string, options: TmpfsOptions): Promise<Mounted>
  /** Changes the size of a mounted tmpfs. Rejects with `mount_failed`. */
  resize(target: string, sizeBytes: number): Promise<void>
  /**
   * Unmounts, lazily when the tmpfs is busy, and then removes the empty folder. A target that is not mounted
   * is success.
   */
  unmount(target: string): Promise<void>
}

/** Facts that tell one boot of the host from another. */
export interface HostFacts {
  /** The kernel's random identifier of this boot. */
  readonly bootId: string
  /** Returns milliseconds since the boot. */
  uptimeMs(): number
}
