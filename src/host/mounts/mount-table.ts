import { statfs } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { LocketError, errnoOf } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import { bitsOfMounted, parseMountFlags, parseSelinuxContext } from '../../core/volume/mount-flags.ts'
import type { Mounted, MountTable } from '../../core/ports/mounts.ts'
import type { Errno, Libc } from '../libc.ts'
import { isFolder, makeMountFolder, realFolder, removeMountFolder } from './mount-folder.ts'
import { openKernel, usedBytes, type MountKernel } from './mount-kernel.ts'
import { parseMountinfo, type MountEntry } from './mountinfo.ts'

const MS_REMOUNT = 32
const MNT_DETACH = 2
const UMOUNT_NOFOLLOW = 8
/** Error codes that mean "not this option" rather than "no tmpfs at all". */
const OPTION_REFUSED: readonly Errno[] = ['EINVAL', 'EPERM', 'EOPNOTSUPP']
const MOST_STACKED = 64

const HINTS: Readonly<Record<string, string>> = {
  EPERM: 'locket needs the capability CAP_SYS_ADMIN',
  EACCES: 'locket needs the capability CAP_SYS_ADMIN',
  EINVAL: 'the kernel does not know one of the options; selinux-context needs a host with SELinux',
  ENOMEM: 'the host is out of memory',
  ENOSPC: 'the host has too many mounts: see fs.mount-max',
}

/**
 * The mount options that this file applies, and the limit of inodes. Their names are those of the section
 * `tmpfs` in config/sections/volume.ts: a new option is a row there, and a key and its effect here.
 */
export interface TmpfsOptions {
  readonly sizeBytes: number
  /** The upper limit of inodes, locket's own folders included. */
  readonly inodes: number
  /** Words of mount(8). `nosuid`, `nodev` and `noexec` apply unless `suid`, `dev` or `exec` is among them. */
  readonly flags: readonly string[]
  readonly selinuxContext?: string | undefined
  /** True: mount although the kernel may write pages to swap. */
  readonly allowSwap: boolean
}

/**
 * Returns the functions that mount, resize and unmount tmpfs. Targets are absolute paths. A link at the
 * target itself is not followed; links above it are.
 */
export function openMountTable(kernel: MountKernel = openKernel()): MountTable<TmpfsOptions> {
  return {
    isMounted: async (target) => (await entryAt(kernel, target)) !== undefined,
    listUnder: (dir) => listUnder(kernel, dir),
    mountTmpfs: (target, options) => mountTmpfs(kernel, target, options),
    resize: (target, sizeBytes) => resize(kernel, target, sizeBytes),
    usedBytes,
    unmount: (target) => unmount(kernel, target),
  }
}

async function listUnder(kernel: MountKernel, dir: string): Promise<string[]> {
  const real = realFolder(dir)
  if (real === undefined) return []
  const below = (await tmpfsMounts(kernel)).filter((entry) => dirname(entry.mountPoint) === real)
  return [...new Set(below.map((entry) => join(dir, basename(entry.mountPoint))))]
}

async function mountTmpfs(kernel: MountKernel, target: string, options: TmpfsOptions): Promise<Mounted> {
  const { bits, readOnly } = parseMountFlags(options.flags)
  const base = baseData(target, options)
  const libc = await kernel.libc()
  await makeTarget(kernel, target)
  try {
    const warnings = await mountAsAble(kernel, libc, { target, bits, base, allowSwap: options.allowSwap })
    if (readOnly)
      warnings.push(
        'flag ro: the tmpfs stays writable for locket; mount the volume read-only where it is used',
      )
    return { warnings }
  } catch (error) {
    try {
      removeMountFolder(target)
    } catch {
      // The first error is the one to report.
    }
    throw error
  }
}

interface Attempt {
  readonly target: string
  readonly bits: number
  readonly base: readonly string[]
  readonly allowSwap: boolean
}

/**
 * Mounts with as many of `noswap` and `huge=never` as the kernel accepts. Trying them is the only way to find
 * out.
 */
async function mountAsAble(
  kernel: MountKernel,
  libc: Pick<Libc, 'mountTmpfs' | 'umount2'>,
  attempt: Attempt,
): Promise<string[]> {
  const { target, bits, base } = attempt
  const wishes = [['noswap', 'huge=never'], ['noswap'], ['huge=never'], []]
  let refusal: Errno
  for (const wish of wishes) {
    const errno = libc.mountTmpfs(target, bits, [...base, ...wish].join(','))
    if (errno === undefined) {
      if (wish.includes('noswap')) return []
      return await withoutNoswap(kernel, libc, attempt, refusal)
    }
    refusal ??= errno
    if (!OPTION_REFUSED.includes(errno) || wish.length === 0)
      throw mountError(`cannot mount a tmpfs at ${target}`, errno)
  }
  return []
}

async function withoutNoswap(
  kernel: MountKernel,
  libc: Pick<Libc, 'umount2'>,
  { target, allowSwap }: Attempt,
  refusal: Errno,
): Promise<string[]> {
  const isSwapOn = (await kernel.swaps()).trim().split('\n').length > 1
  const why = `this kernel refused noswap (${refusal})`
  if (!isSwapOn) return [`may be swapped: ${why}; no swap is on at the moment`]
  if (allowSwap) return [`may be swapped: ${why}, swap is on, and allow-swap is set`]
  libc.umount2(target, UMOUNT_NOFOLLOW)
  throw new LocketError(
    'mount_failed',
    `secrets at ${target} could be swapped to disk: ${why}, and swap is on`,
    {
      hint: 'turn swap off, or set allow-swap to accept it',
    },
  )
}

/**
 * Changes the size limit, but never to less than the used space: the kernel refuses that, and a container may
 * still have old files open.
 */
async function resize(kernel: MountKernel, target: string, sizeBytes: number): Promise<void> {
  const entry = await entryAt(kernel, target)
  if (entry === undefined)
    throw new LocketError('mount_failed', `cannot resize ${target}: nothing is mounted there`)
  const libc = await kernel.libc()
  const flags = MS_REMOUNT | bitsOfMounted(entry.options)
  let errno: Errno
  for (let attempts = 0; attempts < 3; attempts += 1) {
    const { blocks, bfree, bsize } = await statfs(target)
    const size = Math.max(positive(target, sizeBytes), (blocks - bfree) * bsize)
    errno = libc.mountTmpfs(target, flags, `size=${size}`)
    // EINVAL: a container wrote more after the size was read.
    if (errno !== 'EINVAL') break
  }
  if (errno !== undefined) throw mountError(`cannot resize the tmpfs at ${target}`, errno)
}

async function unmount(kernel: MountKernel, target: string): Promise<void> {
  for (let count = 0; (await entryAt(kernel, target)) !== undefined; count += 1) {
    const libc = await kernel.libc()
    let errno = libc.umount2(target, UMOUNT_NOFOLLOW)
    if (errno === 'EBUSY') errno = libc.umount2(target, UMOUNT_NOFOLLOW | MNT_DETACH)
    if (errno !== undefined || count === MOST_STACKED)
      throw mountError(`cannot unmount ${target}`, errno ?? 'EBUSY')
  }
  removeMountFolder(target)
}

async function makeTarget(kernel: MountKernel, target: string): Promise<void> {
  try {
    await makeMountFolder(target)
    if (isFolder(target)) {
      if ((await entryAt(kernel, target)) === undefined) return
      throw new LocketError('mount_failed', `cannot mount a tmpfs at ${target}: one is mounted there already`)
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    const reason = systemReason(errnoOf(error), 'write')
    throw new LocketError('mount_failed', `cannot make the folder ${target}: ${reason}`, { cause: error })
  }
  throw new LocketError('mount_failed', `cannot mount a tmpfs at ${target}: it is not a folder`)
}

function baseData(target: string, options: TmpfsOptions): string[] {
  const { sizeBytes, inodes, selinuxContext } = options
  return [
    `size=${positive(target, sizeBytes)}`,
    `nr_inodes=${positive(target, inodes)}`,
    'mode=700',
    // Quoted, because categories are joined by commas (s0:c1,c2).
    ...(selinuxContext === undefined ? [] : [`context="${parseSelinuxContext(selinuxContext)}"`]),
  ]
}

/** Returns the limit if it is positive: the kernel takes 0 as "no limit". */
function positive(target: string, limit: number): number {
  if (Number.isSafeInteger(limit) && limit > 0) return limit
  throw new LocketError(
    'mount_failed',
    `cannot mount a tmpfs at ${target}: the limit ${limit} is not a positive integer`,
  )
}

async function entryAt(kernel: MountKernel, target: string): Promise<MountEntry | undefined> {
  const parent = realFolder(dirname(target))
  if (parent === undefined) return undefined
  const real = join(parent, basename(target))
  return (await tmpfsMounts(kernel, basename(target))).findLast((entry) => entry.mountPoint === real)
}

/**
 * Returns the mounts of tmpfs. `name`: at least those whose mount point ends in this name. With hundreds of
 * volumes, parsing every line would be most of a mount's work.
 */
async function tmpfsMounts(kernel: MountKernel, name?: string): Promise<MountEntry[]> {
  const table = await kernel.mountinfo()
  // The kernel escapes all other names.
  const isPlain = name !== undefined && /^[\w.-]+$/.test(name)
  const lines = isPlain ? linesWith(table, `/${name} `) : table
  return parseMountinfo(lines).filter((entry) => entry.fsType === 'tmpfs')
}

function linesWith(text: string, part: string): string {
  const lines: string[] = []
  for (let at = text.indexOf(part); at !== -1;) {
    const end = text.indexOf('\n', at)
    lines.push(text.slice(text.lastIndexOf('\n', at) + 1, end === -1 ? undefined : end))
    at = end === -1 ? -1 : text.indexOf(part, end)
  }
  return lines.join('\n')
}

function mountError(what: string, errno: string): LocketError {
  return new LocketError('mount_failed', `${what}: ${errno}`, { hint: HINTS[errno] })
}
