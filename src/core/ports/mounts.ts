/** How a tmpfs is mounted. */
export interface TmpfsOptions {
  readonly sizeBytes: number
  /** Largest number of inodes, including those of the folders that locket makes. */
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
  /** Differences between request and mount, one line each: `may be swapped: …`. */
  readonly warnings: readonly string[]
}

/** The kernel's mount table, limited to tmpfs that locket mounts. */
export interface MountTable {
  /** True when a tmpfs is mounted at `target`. Asks the kernel at each call. */
  isMounted(target: string): Promise<boolean>
  /** Returns the targets of all tmpfs directly below `dir`. */
  listUnder(dir: string): Promise<readonly string[]>
  /**
   * Mounts a tmpfs. Creates the folder `target` (0700) if it does not exist. Rejects with `mount_failed`;
   * then nothing is mounted.
   */
  mountTmpfs(target: string, options: TmpfsOptions): Promise<Mounted>
  /** Changes the size of a mounted tmpfs. Rejects with `mount_failed`. */
  resize(target: string, sizeBytes: number): Promise<void>
  /**
   * Unmounts the tmpfs, lazily when it is busy, and then removes the empty folder. Succeeds when nothing is
   * mounted at the target.
   */
  unmount(target: string): Promise<void>
}

/** Facts that distinguish one boot of the host from another. */
export interface HostFacts {
  /** The kernel's random identifier of this boot. */
  readonly bootId: string
  /** Returns milliseconds since the boot. */
  uptimeMs(): number
}
