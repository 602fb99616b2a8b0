import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { giveTo } from './replace-file.ts'
import { loadLibc } from '../libc.ts'

const PAUSE_MS = 20
const LONGEST_WAIT_MS = 30_000

/**
 * Locks a file that is made for this purpose, with flock(2). Waits at most 30 s, then rejects with `timeout`.
 * The kernel holds the lock: it is released when the process dies, and processes in other PID namespaces (a
 * plugin, a container) see it too, unlike a file with a PID in it. The file stays: removing it would let two
 * processes lock two files of one name.
 */
export async function lockFile(path: string, clock: Clock, signal: AbortSignal): Promise<AsyncDisposable> {
  const handle = await openOrMake(path)
  try {
    await take(handle, path, clock, signal)
  } catch (thrown) {
    await handle.close()
    throw thrown
  }
  return { [Symbol.asyncDispose]: () => handle.close() }
}

async function openOrMake(path: string): Promise<FileHandle> {
  const flags = constants.O_RDWR | constants.O_NOFOLLOW
  try {
    const made = await open(path, flags | constants.O_CREAT | constants.O_EXCL, 0o600)
    await giveTo(made, await stat(dirname(path)))
    return made
  } catch (thrown) {
    if (errnoOf(thrown) !== 'EEXIST') throw thrown
    return await open(path, flags)
  }
}

async function take(handle: FileHandle, path: string, clock: Clock, signal: AbortSignal): Promise<void> {
  const libc = await loadLibc()
  const giveUpAt = clock.now() + LONGEST_WAIT_MS
  for (;;) {
    signal.throwIfAborted()
    const errno = libc.tryFlock(handle.fd)
    if (errno === undefined) return
    if (errno !== 'EAGAIN') throw new LocketError('io', `cannot lock ${path}: ${systemReason(errno)}`)
    if (clock.now() >= giveUpAt) {
      throw new LocketError('timeout', `another process has held ${path} for 30 s`, {
        hint: `\`fuser ${path}\` names it`,
      })
    }
    await clock.sleep(PAUSE_MS, signal)
  }
}
