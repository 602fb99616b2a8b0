import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../core/ports/clock.ts'
import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import { makeFolders } from '../files/make-folders.ts'
import { loadLibc, type Errno, type Libc } from '../libc.ts'

/** How to wait for a folder. */
export interface HoldOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  /**
   * Called once, before the wait for another process. `pid` is undefined when that process is in another PID
   * namespace.
   */
  readonly onWait: (holder: { readonly folder: string; readonly pid: number | undefined }) => void
  /** For tests: simulates a file system that cannot lock folders. */
  readonly libc?: () => Promise<Pick<Libc, 'tryFlock'>>
}

/**
 * Milliseconds of the longest wait. A stopping daemon finishes its requests first; an engine gives a plugin
 * ten seconds to listen.
 */
const LONGEST_WAIT_MS = 5000
const PAUSE_MS = 50
const { O_RDONLY, O_RDWR, O_DIRECTORY, O_CREAT, O_NOFOLLOW } = constants
/**
 * Answers of file systems that do not lock folders: NFS, which locks only files that are open for writing,
 * and file systems without locks.
 */
const NOT_A_FOLDER: readonly Errno[] = ['EBADF', 'ENOLCK', 'EOPNOTSUPP', 'EINVAL']

/** Descriptors that are open until this process ends, by the device and inode of their folder. */
const held = new Map<string, number>()

/**
 * Makes the folder (0700) if it is missing, and locks it with flock(2) until this process ends, for whatever
 * reason. Rejects with `io` when another process holds the lock for more than 5 s, or when the folder cannot
 * be made. Locking the folder itself needs no space on its disk and no permission to write.
 */
export async function holdFolder(folder: string, options: HoldOptions): Promise<void> {
  const fd = await openFolder(folder)
  const { dev, ino } = fstatSync(fd)
  // A second descriptor of this process would wait for the first one.
  if (held.has(`${dev}:${ino}`)) return closeSync(fd)
  const libc = await (options.libc ?? loadLibc)()
  let locked = fd
  try {
    const errno = libc.tryFlock(fd)
    if (NOT_A_FOLDER.includes(errno))
      locked = openSync(join(folder, 'lock'), O_RDWR | O_CREAT | O_NOFOLLOW, 0o600)
    await take(locked, folder, libc, options)
  } catch (thrown) {
    for (const open of new Set([fd, locked])) closeSync(open)
    if (errnoOf(thrown) === undefined) throw thrown
    throw new LocketError('io', `cannot lock ${folder}: ${systemReason(errnoOf(thrown))}`, { cause: thrown })
  }
  held.set(`${dev}:${ino}`, locked)
}

/** Returns true when the folder exists or could be made. */
export async function canBeMade(folder: string): Promise<boolean> {
  return await makeFolders(folder, 0o700).then(
    () => true,
    () => false,
  )
}

async function openFolder(folder: string): Promise<number> {
  try {
    await makeFolders(folder, 0o700)
    return openSync(folder, O_RDONLY | O_DIRECTORY)
  } catch (thrown) {
    const reason = systemReason(errnoOf(thrown))
    throw new LocketError('io', `cannot use the folder ${folder}: ${reason}`, { cause: thrown })
  }
}

async function take(
  fd: number,
  folder: string,
  libc: Pick<Libc, 'tryFlock'>,
  { clock, signal, onWait }: HoldOptions,
): Promise<void> {
  const giveUpAt = clock.elapsed() + LONGEST_WAIT_MS
  for (let isFirst = true; ; isFirst = false) {
    const errno = libc.tryFlock(fd)
    if (errno === undefined) return
    if (errno !== 'EAGAIN') throw new LocketError('io', `cannot lock ${folder}: ${systemReason(errno)}`)
    if (isFirst) onWait({ folder, pid: holderOf(fd) })
    if (clock.elapsed() >= giveUpAt) throw inUse(folder, holderOf(fd))
    await clock.sleep(PAUSE_MS, signal)
  }
}

function inUse(folder: string, pid: number | undefined): LocketError {
  const who = pid === undefined ? 'another locket' : `another locket (process ${pid})`
  return new LocketError('io', `${who} uses ${folder}: two daemons on one folder would lose volumes`, {
    hint: 'stop that one, or give this one its own folders: --state-dir and --runtime-dir, config.source of a plugin',
  })
}

/**
 * Returns the process that holds the lock. Undefined: /proc/locks does not show it, because it is in another
 * PID namespace. A line reads `1: FLOCK ADVISORY WRITE 2961 fe:00:1180 0 EOF`.
 */
function holderOf(fd: number): number | undefined {
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true })
    const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn)
    const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn)
    const hex = (part: bigint) => part.toString(16).padStart(2, '0')
    const place = `${hex(major)}:${hex(minor)}:${ino}`
    const lines = readFileSync('/proc/locks', 'utf8').split('\n')
    const fields = lines
      .map((line) => line.split(/\s+/))
      .find((line) => line[1] === 'FLOCK' && line[5] === place)
    const pid = Number(fields?.[4])
    return pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}
