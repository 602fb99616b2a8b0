import { readFileSync } from 'node:fs'
import { readFile, statfs } from 'node:fs/promises'
import { loadLibc, type Libc } from '../libc.ts'

/**
 * The files and calls of the kernel. Tests replace them to simulate kernels that refuse an option or have
 * swap on.
 */
export interface MountKernel {
  readonly libc: () => Promise<Pick<Libc, 'mountTmpfs' | 'umount2'>>
  readonly mountinfo: () => Promise<string>
  readonly swaps: () => Promise<string>
}

/** Returns the real kernel. */
export function openKernel(): MountKernel {
  return {
    libc: loadLibc,
    // The kernel writes it from memory. A promise takes five trips to the thread pool for it.
    mountinfo: async () => readFileSync('/proc/self/mountinfo', 'utf8'),
    swaps: () => readFile('/proc/swaps', 'utf8').catch(() => ''),
  }
}

/** The type of a tmpfs in statfs(2). */
const TMPFS_MAGIC = 0x01021994

/** See `MountTable.usedBytes`. */
export async function usedBytes(target: string): Promise<number | undefined> {
  const found = await statfs(target).catch(() => undefined)
  return found?.type === TMPFS_MAGIC ? (found.blocks - found.bfree) * found.bsize : undefined
}
