export interface TmpfsOptions {
  readonly sizeBytes: number
  /** Upper limit of inodes, our own folders included. */
  readonly inodes: number
  /** Mode of the tmpfs root. */
  readonly mode: number
  /** Beyond nosuid, nodev, noexec, which are dropped only by their explicit opposites: `exec`, `suid`, `dev`; also `ro`, `noatime`. */
  readonly flags: readonly string[]
  readonly selinuxContext?: string
  /** Mount even where pages may reach swap. */
  readonly allowSwap: boolean
}

export interface Mounted {
  /** What differs from what was asked for, one line each: `may be swapped: …`. */
  readonly warnings: readonly string[]
}

/** The kernel's mounts, of our own tmpfs only. */
export interface MountTable {
  /** Asked of the kernel each time. */
  isMounted(target: string): Promise<boolean>
  /** Targets of all tmpfs directly below `dir`. */
  listUnder(dir: string): Promise<readonly string[]>
  /** Makes `target` (0700) if need be. Rejects with `mount_failed`, and then nothing is mounted. */
  mountTmpfs(target: string, options: TmpfsOptions): Promise<Mounted>
  /** Changes the size of a mounted one. */
  resize(target: string, sizeBytes: number): Promise<void>
  /** Lazily if busy; then removes the empty folder. Not mounted is success. */
  unmount(target: string): Promise<void>
}

/** What tells one boot of the host from another. */
export interface HostFacts {
  readonly bootId: string
  uptimeMs(): number
}
