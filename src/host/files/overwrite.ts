import { closeSync, constants, fchmodSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import type { PathLike, Stats } from 'node:fs'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { errnoOf } from '../../core/vocabulary/errors.ts'
import { loadLibc, type Libc } from '../libc.ts'

const ZEROS = new Uint8Array(64 * 1024)
const BLOCK_BYTES = 512
const PIECE_BYTES = 32 * 1024 * 1024
const MOST_PIECES = 64
/** Opens a name without opening the file. Node does not name this flag. */
const O_PATH = 0o10000000
const { O_RDONLY, O_RDWR, O_NOFOLLOW, O_NONBLOCK } = constants

const LEASE_PAUSE_MS = 100
/** The kernel ends a lease after /proc/sys/fs/lease-break-time, 45 s by default. */
const LONGEST_LEASE_MS = 120_000

/**
 * Writes zeros over a file's content in place and truncates it: open descriptors and mappings lose the
 * content too. Ignores anything but a regular file. Resolves with the reason, in words, when the file was not
 * overwritten: the time was up, or the file is under a lease, which the kernel ends within 45 s. A file under
 * a lease is overwritten in the background, even if it is renamed or unlinked. Rejects with the system's
 * error.
 */
export async function overwriteFile(path: PathLike, budget: WipeBudget): Promise<string | undefined> {
  const fd = openToOverwrite(path)
  if (fd === undefined) {
    void overwriteAfterLease(openSync(path, O_PATH | O_NOFOLLOW), budget)
    return 'under a lease: it is overwritten when the kernel ends the lease, after 45 s at most'
  }
  return await overwriteOpen(fd, budget)
}

/** Overwrites an open file, and closes the descriptor. */
async function overwriteOpen(fd: number, budget: WipeBudget): Promise<string | undefined> {
  try {
    const stats = fstatSync(fd)
    if (!stats.isFile()) return undefined
    await writeZeros(fd, stats, budget)
    await truncate(fd, stats, budget)
    return budget.mayOverwrite() ? undefined : 'truncated and not overwritten: time was up'
  } finally {
    closeSync(fd)
  }
}

/**
 * Opens a file for writing. The mode may exclude the file's own owner: then it is changed. Returns undefined
 * when a process has a lease on the file; this call has asked the kernel to end it.
 */
function openToOverwrite(path: PathLike): number | undefined {
  const flags = O_NOFOLLOW | O_NONBLOCK
  try {
    return openSync(path, O_RDWR | flags)
  } catch (thrown) {
    if (errnoOf(thrown) === 'EAGAIN') return undefined
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

/** Overwrites a file once its lease has ended. No caller waits for this, and it keeps no process alive. */
async function overwriteAfterLease(named: number, budget: WipeBudget): Promise<void> {
  try {
    for (let waited = 0; waited < LONGEST_LEASE_MS; waited += LEASE_PAUSE_MS) {
      await sleep(LEASE_PAUSE_MS, undefined, { ref: false })
      const fd = reopen(named)
      if (fd === undefined) continue
      await overwriteOpen(fd, budget.renewed())
      return
    }
  } catch {
    // The caller has already reported that the file was not overwritten.
  } finally {
    closeSync(named)
  }
}

/** Opens the file through /proc, because it has no name any more. Returns undefined while the lease lasts. */
function reopen(named: number): number | undefined {
  try {
    return openSync(`/proc/self/fd/${named}`, O_RDWR | O_NONBLOCK)
  } catch (thrown) {
    if (errnoOf(thrown) === 'EAGAIN') return undefined
    throw thrown
  }
}

/**
 * Overwrites the data of a file and skips its holes. Zeros in a hole would take memory that a full tmpfs does
 * not have, and time: a hole of terabytes costs nothing to make.
 */
async function writeZeros(fd: number, { blocks, size }: Stats, budget: WipeBudget): Promise<void> {
  if (blocks * BLOCK_BYTES >= size) return await writeRange(fd, 0, size, budget)
  const libc = await loadLibc()
  for (let at = 0; at < size && budget.mayOverwrite();) {
    const data = dataFrom(libc, fd, at)
    if (data === undefined) return
    await writeRange(fd, data.start, Math.min(data.end, size), budget)
    at = data.end
  }
}

function dataFrom(libc: Libc, fd: number, at: number) {
  const data = libc.nextData(fd, at)
  // Another process may have made a hole between the two questions.
  return data === undefined || data.end > data.start
    ? data
    : { start: data.start, end: data.start + BLOCK_BYTES }
}

/** Frees a large file in pieces: the pages of a gigabyte take 100 ms. */
async function truncate(fd: number, { blocks, size }: Stats, budget: WipeBudget): Promise<void> {
  const pieces = Math.min(MOST_PIECES, Math.floor((blocks * BLOCK_BYTES) / PIECE_BYTES))
  for (let left = pieces - 1; left > 0; left -= 1) {
    ftruncateSync(fd, Math.floor((size / pieces) * left))
    await budget.pause()
  }
  ftruncateSync(fd, 0)
}

async function writeRange(fd: number, start: number, end: number, budget: WipeBudget): Promise<void> {
  for (let at = start; at < end;) {
    at += writeSync(fd, ZEROS, 0, Math.min(ZEROS.length, end - at), at)
    await budget.pause()
    if (!budget.mayOverwrite()) return
  }
}

/** The time limits of one wipe. A container that still writes must not keep an Unmount from ending. */
export interface WipeBudget {
  /** False: files are truncated without being overwritten. */
  mayOverwrite(): boolean
  /** False: the remaining files stay, and are lost with their tmpfs. */
  mayGoOn(): boolean
  /** Lets the event loop continue when this work has held it for 5 ms. */
  pause(): Promise<void>
  /** Returns a budget with the same limits that starts now. */
  renewed(): WipeBudget
}

const OVERWRITE_MS = 5000
const WIPE_MS = 10_000
const TURN_MS = 5

/** Returns a budget that starts now: 5 s to overwrite files, 10 s for the whole wipe. */
export function openWipeBudget(): WipeBudget {
  const start = performance.now()
  let turn = start
  const isWithin = (ms: number) => performance.now() - start < ms
  return {
    mayOverwrite: () => isWithin(OVERWRITE_MS),
    mayGoOn: () => isWithin(WIPE_MS),
    async pause() {
      if (performance.now() - turn < TURN_MS) return
      await nextTurn()
      turn = performance.now()
    },
    renewed: openWipeBudget,
  }
}
