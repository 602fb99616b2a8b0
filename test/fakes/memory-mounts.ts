import { lstat, mkdir, realpath, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { parseMountFlags } from '../../src/core/volume/mount-flags.ts'
import type { MountTable } from '../../src/core/ports/mounts.ts'
import type { TmpfsOptions } from '../../src/host/mounts/mount-table.ts'

export interface MemoryMounts extends MountTable<TmpfsOptions> {
  /** Options of what is mounted now, by target. */
  readonly mounted: ReadonlyMap<string, TmpfsOptions>
  /** From now on mounting fails, as without CAP_SYS_ADMIN; `undefined` ends it. */
  refuse(errno: string | undefined): void
  /** All mounts vanish with their files, as after a reboot or a forced disable. */
  loseAll(): Promise<void>
}

/**
 * Remembers mounts that the kernel knows nothing of. Targets are real folders, so that a real FileTree works
 * on them without root.
 */
export function createMemoryMounts(): MemoryMounts {
  const mounted = new Map<string, TmpfsOptions>()
  let refusal: string | undefined

  async function unmount(target: string): Promise<void> {
    const real = await realTarget(target)
    if (mounted.delete(real)) await rm(real, { recursive: true })
    else await rmdir(target).catch(() => {})
  }

  return {
    mounted,
    refuse: (errno) => {
      refusal = errno
    },
    isMounted: async (target) => mounted.has(await realTarget(target)),
    async listUnder(dir) {
      const real = await realpath(dir).catch(() => dir)
      return [...mounted.keys()]
        .filter((target) => dirname(target) === real)
        .map((target) => join(dir, basename(target)))
    },
    async mountTmpfs(target, options) {
      const { readOnly } = parseMountFlags(options.flags)
      if (options.sizeBytes <= 0 || options.inodes <= 0)
        throw new LocketError('mount_failed', `cannot mount at ${target}: no limit`)
      if (refusal !== undefined)
        throw new LocketError('mount_failed', `cannot mount a tmpfs at ${target}: ${refusal}`)
      await mkdir(target, { recursive: true, mode: 0o700 }).catch(() => {})
      if (!(await lstat(target)).isDirectory())
        throw new LocketError('mount_failed', `cannot mount at ${target}: it is not a folder`)
      const real = await realTarget(target)
      if (mounted.has(real))
        throw new LocketError('mount_failed', `cannot mount at ${target}: one is mounted there already`)
      mounted.set(real, options)
      return { warnings: readOnly ? ['flag ro: the tmpfs stays writable for locket'] : [] }
    },
    async resize(target, sizeBytes) {
      const real = await realTarget(target)
      const options = mounted.get(real)
      if (options === undefined)
        throw new LocketError('mount_failed', `cannot resize ${target}: nothing is mounted there`)
      mounted.set(real, { ...options, sizeBytes })
    },
    usedBytes: async (target) => (mounted.has(await realTarget(target)) ? 4096 : undefined),
    unmount,
    async loseAll() {
      await Promise.all(Array.from(mounted.keys(), unmount))
    },
  }
}

async function realTarget(target: string): Promise<string> {
  return join(await realpath(dirname(target)).catch(() => dirname(target)), basename(target))
}
