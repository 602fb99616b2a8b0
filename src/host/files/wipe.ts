import { randomUUID } from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
} from 'node:fs'
import { renameSync, rmdirSync, type Stats, statfsSync, unlinkSync, writeSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { errnoOf } from '../../core/vocabulary/errors.ts'
import { openDirIfAny, type DirHandle } from './dir-handle.ts'

// Synchronous calls on purpose: a tmpfs waits for no disk, and a trip to the thread pool costs more than most of them.
// Long work is cut in pieces, between which the daemon answers others.

/** `overwrite` for secrets that nobody may read any more; `unlink` where a reader may still have the file open. */
export type Disposal = 'overwrite' | 'unlink'

interface EmptyOptions {
  /** Where nested folders are moved to before they are emptied: out of reach of a container that changes them meanwhile. */
  readonly stage: DirHandle
  readonly disposal: (name: string) => Disposal
  /** An entry to leave alone. */
  readonly keep?: string
}

const ZEROS = new Uint8Array(64 * 1024)
const PIECE_BYTES = 1024 * 1024
const PIECE_FILES = 256
const MOST_ROUNDS = 8
const BLOCK_BYTES = 512
const { O_RDONLY, O_RDWR, O_NOFOLLOW, O_NONBLOCK } = constants

/** Removes everything in the folder. Goes on after a failure and returns what failed, as `NAME: ERRNO`. */
export async function emptyFolder(
  folder: DirHandle,
  { stage, disposal, keep }: EmptyOptions,
): Promise<string[]> {
  const failures: string[] = []
  // Again while there is something left: a process of a container may still be adding.
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const names = namesBut(folder, keep)
    if (names.length === 0) return failures
    for (const name of names) await removeEntry(folder, name, { stage, disposal: disposal(name), failures })
  }
  const left = namesBut(folder, keep)
  return left.length === 0 || failures.length > 0
    ? [...new Set(failures)]
    : left.map((name) => `${name}: still being written`)
}

function namesBut(folder: DirHandle, keep: string | undefined): string[] {
  return readdirSync(folder.self).filter((name) => name !== keep)
}

interface Removal {
  readonly stage: DirHandle
  readonly disposal: Disposal
  readonly failures: string[]
}

async function removeEntry(folder: DirHandle, name: string, removal: Removal): Promise<void> {
  try {
    if (lstatSync(folder.at(name)).isDirectory()) await removeFolder(folder, name, removal)
    else await removeFile(folder.at(name), removal.disposal)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') removal.failures.push(`${name}: ${errnoOf(error) ?? 'unknown error'}`)
  }
}

/** One level at a time, however deep it goes: folders inside are moved up into the stage and emptied there. */
async function removeFolder(parent: DirHandle, top: string, removal: Removal): Promise<void> {
  const { stage } = removal
  const waiting = [moveAside(parent, top, stage)]
  for (let aside = waiting.pop(); aside !== undefined; aside = waiting.pop()) {
    using folder = openDirIfAny(stage.at(aside))
    if (folder === undefined) continue
    const names = readdirSync(folder.self)
    for (const [index, name] of names.entries()) {
      if (index % PIECE_FILES === PIECE_FILES - 1) await nextTurn()
      if (lstatSync(folder.at(name), { throwIfNoEntry: false })?.isDirectory())
        waiting.push(moveAside(folder, name, stage))
      else await removeEntry(folder, name, removal)
    }
    rmdirSync(stage.at(aside))
  }
}

/** Under a fresh name in the stage. The prefix tells what may be done to its files: see `file-tree.ts`. */
export function moveAside(parent: DirHandle, name: string, stage: DirHandle, prefix = 'aside'): string {
  const aside = `${prefix}-${randomUUID()}`
  renameSync(parent.at(name), stage.at(aside))
  return aside
}

/** Of a link, the link alone. */
export async function removeFile(path: string, disposal: Disposal): Promise<void> {
  try {
    if (disposal === 'overwrite' && lstatSync(path).isFile()) await overwrite(path)
  } finally {
    unlinkSync(path)
  }
}

/** In place, so that open descriptors and mappings lose the content too. */
async function overwrite(path: string): Promise<void> {
  const fd = openToOverwrite(path)
  try {
    const stats = fstatSync(fd)
    if (!stats.isFile()) return
    await writeZeros(fd, stats)
    ftruncateSync(fd, 0)
  } finally {
    closeSync(fd)
  }
}

/** Its mode may keep its own owner from writing. */
function openToOverwrite(path: string): number {
  const flags = O_NOFOLLOW | O_NONBLOCK
  try {
    return openSync(path, O_RDWR | flags)
  } catch (thrown) {
    if (errnoOf(thrown) !== 'EACCES') throw thrown
    const fd = openSync(path, O_RDONLY | flags)
    try {
      fchmodSync(fd, 0o600)
    } finally {
      closeSync(fd)
    }
    return openSync(path, O_RDWR | flags)
  }
}

async function writeZeros(fd: number, stats: Stats): Promise<void> {
  // Zeros in a hole would take memory that a full tmpfs does not have.
  const isSparse = stats.blocks * BLOCK_BYTES < stats.size
  const end = isSparse ? Math.min(stats.size, searchLimit(fd)) : stats.size
  const chunk = new Uint8Array(isSparse ? ZEROS.length : 0)
  for (let at = 0, sincePause = 0; at < end; at += ZEROS.length) {
    const length = Math.min(ZEROS.length, end - at)
    if (!isSparse || holdsData(fd, chunk, at)) writeAll(fd, length, at)
    sincePause += length
    if (sincePause < PIECE_BYTES) continue
    sincePause = 0
    await nextTurn()
  }
}

function holdsData(fd: number, chunk: Uint8Array, at: number): boolean {
  const read = readSync(fd, chunk, 0, chunk.length, at)
  return Buffer.compare(chunk.subarray(0, read), ZEROS.subarray(0, read)) !== 0
}

function writeAll(fd: number, length: number, at: number): void {
  for (let done = 0; done < length;) done += writeSync(fd, ZEROS, 0, length - done, at + done)
}

/** A container can make a file of terabytes that is all hole. What lies beyond is freed by truncation alone. */
function searchLimit(fd: number): number {
  const { blocks, bsize } = statfsSync(`/proc/self/fd/${fd}`)
  return Math.max(4 * blocks * bsize, 64 * PIECE_BYTES)
}
