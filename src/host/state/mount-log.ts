import { constants, fstatSync } from 'node:fs'
import { open, rename, stat, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { closeLater } from '../../core/waiting/close-later.ts'
import { LocketError, errnoOf } from '../../core/vocabulary/errors.ts'
import type { VolumeName } from '../../core/vocabulary/names.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import type { VolumeRecord } from '../../core/volume/record.ts'
import { makeFolders } from '../files/make-folders.ts'
import { contentOfMounts, formatHeader, formatLine } from './mount-log-format.ts'
import { setAside } from './set-aside.ts'

/** Name of the file that has the mount references of all volumes. See ADR 0021. */
export const MOUNT_LOG = 'mounts.log'
const TEMPORARY = 'mounts.log.tmp'
const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_APPEND, O_NONBLOCK } = constants
/** A log that is larger than this, and this many times larger than what it says, is written anew. */
const LARGE_BYTES = 64 * 1024
const MOST_TIMES = 4

/** The writer of the mount log. It never calls fsync: a reference is worth nothing after a power cut. */
interface MountLog {
  /** Knows these volumes and no others, without writing. */
  adopt(records: readonly VolumeRecord[]): void
  /** Forgets all volumes but these when the log is written anew. */
  retain(names: ReadonlySet<VolumeName>): void
  /**
   * Writes those of the references that are new. Resolves when they outlive this process. Rejects with `io`.
   */
  save(records: readonly VolumeRecord[]): Promise<void>
  /** Writes the log anew, with all volumes. */
  rewrite(): Promise<void>
}

/**
 * The log as this process wrote it last. It is not kept open: nobody could make its file system read-only
 * then.
 */
interface WrittenLog {
  readonly dev: number
  readonly ino: number
  size: number
  /** Bytes of a log that says the same and is written anew. */
  readonly leastSize: number
}

/** Makes a writer for the log in `dir`. The first write writes the log anew. */
export function openMountLog(dir: string): MountLog {
  const known = new Map<VolumeName, string>()
  let written: WrittenLog | undefined
  /** True: the log must be written anew before anything is added to it. */
  let isStale = true
  /** True: the log lacks something that is known. */
  let isBehind = false
  let added = ''
  let last: Promise<void> = Promise.resolve()
  let waiting: Promise<void> | undefined

  /** Keeps the references. Returns the line to write, or nothing when they are as before. */
  function note(record: VolumeRecord): string {
    const isEmpty = record.mounts.length === 0 && record.mark === undefined
    const content = isEmpty ? undefined : contentOfMounts(record)
    if (content === known.get(record.name)) return ''
    if (content === undefined) known.delete(record.name)
    else known.set(record.name, content)
    return formatLine(content ?? contentOfMounts(record))
  }

  /** One write at a time. Calls that come during a write are one write together. */
  function flush(): Promise<void> {
    if (waiting !== undefined) return waiting
    waiting = last.then(writeWaiting, writeWaiting)
    last = waiting
    return waiting
  }

  async function writeWaiting(): Promise<void> {
    waiting = undefined
    const text = added
    added = ''
    const log = isStale ? undefined : written
    // After a failure the end of the file is unknown.
    isStale = true
    isBehind = true
    try {
      if (log === undefined || !(await append(dir, log, text)))
        written = await writeAnew(dir, [formatHeader(), ...[...known.values()].map(formatLine)].join(''))
      isStale = false
      isBehind = false
    } catch (error) {
      throw saveError(dir, error)
    }
  }

  return {
    adopt(records) {
      known.clear()
      for (const record of records) note(record)
    },
    retain(names) {
      for (const name of known.keys()) if (!names.has(name)) known.delete(name)
    },
    async save(records) {
      const text = records.map(note).join('')
      added += text
      if (text !== '' || isBehind) await flush()
    },
    rewrite() {
      isStale = true
      return flush()
    },
  }
}

/**
 * Adds to the log. Returns false, and writes nothing, when it should be written anew: it is large, or
 * somebody has removed, replaced or changed it, such as by restoring a backup.
 */
async function append(dir: string, log: WrittenLog, text: string): Promise<boolean> {
  if (log.size > Math.max(LARGE_BYTES, MOST_TIMES * log.leastSize)) return false
  let file: FileHandle
  try {
    file = await open(join(dir, MOUNT_LOG), O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK)
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'EISDIR', 'ENXIO'].includes(errnoOf(error) ?? '')) return false
    throw error
  }
  try {
    const { dev, ino, size } = fstatSync(file.fd)
    if (dev !== log.dev || ino !== log.ino || size !== log.size) return false
    await file.writeFile(text)
    log.size += Buffer.byteLength(text)
    return true
  } finally {
    closeLater(file)
  }
}

async function writeAnew(dir: string, text: string): Promise<WrittenLog> {
  await makeFolders(dir, 0o700)
  try {
    return await replace(dir, text)
  } catch (error) {
    if (!['EEXIST', 'EISDIR', 'ENOTEMPTY'].includes(errnoOf(error) ?? '')) throw error
    await makeWay(dir)
    return await replace(dir, text)
  }
}

async function replace(dir: string, text: string): Promise<WrittenLog> {
  const temporary = join(dir, TEMPORARY)
  try {
    await using file = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
    await file.chmod(0o600)
    await file.writeFile(text)
    const { dev, ino, size } = await file.stat()
    await rename(temporary, join(dir, MOUNT_LOG))
    return { dev, ino, size, leastSize: size }
  } catch (error) {
    // On a full disk others may need the space of the temporary file.
    if (errnoOf(error) !== 'EEXIST') await unlink(temporary).catch(() => undefined)
    throw error
  }
}

/** Removes what an earlier write left, and sets aside a folder in the place of the log. */
async function makeWay(dir: string): Promise<void> {
  for (const name of [TEMPORARY, MOUNT_LOG]) {
    const found = await stat(join(dir, name)).catch(() => undefined)
    if (found?.isDirectory() === true) await setAside(dir, name, MOUNT_LOG)
  }
  await unlink(join(dir, TEMPORARY)).catch(() => undefined)
}

function saveError(dir: string, error: unknown): LocketError {
  const errno = errnoOf(error)
  return new LocketError(
    'io',
    `cannot save the mounts in ${join(dir, MOUNT_LOG)}: ${systemReason(errno, 'write')}`,
    { cause: error, hint: errno === 'ENOSPC' ? 'free some space on its disk' : undefined },
  )
}
