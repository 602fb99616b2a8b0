import { constants, type Stats } from 'node:fs'
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { chainedLine, FIRST, hashOf, type ChainFacts } from '../../core/audit/chain.ts'
import type { AuditLog } from '../../core/ports/audit-log.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import { lockFile } from '../files/file-lock.ts'
import { makeFolders } from '../files/make-folders.ts'
import { giveTo } from '../files/replace-file.ts'
import { writeError } from '../files/write-error.ts'
import { rotatedFiles, rotatedName } from './rotated-files.ts'
import { lastLine } from './tail.ts'

/** How the file of the audit log is kept. */
export interface AuditFileOptions {
  readonly clock: Clock
  /** Bytes after which the file is rotated. A file may be larger by one write. */
  readonly maxBytes: number
  /** Number of files, the current one among them. Older ones are removed. */
  readonly files: number
}

interface Waiting {
  readonly facts: readonly ChainFacts[]
  readonly done: PromiseWithResolvers<void>
}

/** The open file, and the state that the next line follows. */
interface OpenFile {
  readonly handle: FileHandle
  size: number
  /** Hash of the last line. */
  last: string
}

const { O_RDWR, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants
/** Milliseconds of the wait for another process that writes the same log: a daemon that is just ending. */
const LOCK_MS = 2000

/**
 * Opens an audit log. The file is opened, and made (0600) if there is none, by the first append. Lines that
 * come while others are being written are written together afterwards, with one fdatasync(2).
 */
export function openAuditFile(path: string, { clock, maxBytes, files }: AuditFileOptions): AuditLog {
  let waiting: Waiting[] = []
  let writing: Promise<void> | undefined
  let opened: OpenFile | undefined
  let lock: AsyncDisposable | undefined

  async function writeWaiting(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      try {
        await write(batch.flatMap(({ facts }) => facts))
        for (const { done } of batch) done.resolve()
      } catch (thrown) {
        const error = writeError(path, thrown)
        for (const { done } of batch) done.reject(error)
      }
    }
    writing = undefined
  }

  async function write(facts: readonly ChainFacts[]): Promise<void> {
    const before = opened?.last
    if (opened !== undefined && !(await isInPlace(opened.handle))) await closeFile()
    opened ??= await openFile()
    // A log that was moved away or removed goes on in a new file, with the same chain.
    if (opened.size === 0 && before !== undefined) opened.last = before
    const chained = chain(facts, opened.last)
    if (opened.size > 0 && opened.size + chained.bytes.length > maxBytes) {
      // The last hash is in the old file: a crash here loses nothing.
      const { last } = opened
      await closeFile()
      await rotate()
      opened = { ...(await openFile()), last }
    }
    await append(opened, chained)
  }

  /** Appends whole lines or nothing. */
  async function append(file: OpenFile, { bytes, last }: Chained): Promise<void> {
    try {
      await file.handle.appendFile(bytes)
      await file.handle.datasync()
    } catch (thrown) {
      await file.handle.truncate(file.size).catch(() => undefined)
      await closeFile()
      throw thrown
    }
    file.size += bytes.length
    file.last = last
  }

  /** Opens the file and continues its chain. The end of a line that a crash cut off is removed. */
  async function openFile(): Promise<OpenFile> {
    const made = await makeFolders(dirname(path), 0o700)
    if (made !== undefined) await syncFolder(dirname(made))
    lock ??= await lockLog(path, clock)
    const handle = await openOrMake()
    try {
      const { size } = await regular(handle)
      const tail = await lastLine(handle, size, path)
      const last = tail.line === undefined ? await lastOfRotated() : hashOf(tail.line)
      const file: OpenFile = { handle, size: tail.end, last }
      if (tail.end < size) {
        await handle.truncate(tail.end)
        await append(file, chain([repaired(size - tail.end)], last))
      }
      return file
    } catch (thrown) {
      await handle.close()
      throw thrown
    }
  }

  function repaired(bytes: number): ChainFacts {
    const time = new Date(clock.now()).toISOString()
    const note = `after a crash, ${bytes} bytes of a line that was not complete were removed`
    return { time, action: 'repaired', outcome: 'ok', command: 'volume', note }
  }

  async function openOrMake(): Promise<FileHandle> {
    const flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK
    try {
      return await open(path, flags)
    } catch (thrown) {
      if (errnoOf(thrown) !== 'ENOENT') throw thrown
    }
    const before = await newestRotated()
    const made = await open(path, flags | O_CREAT | O_EXCL, 0o600)
    // The operator may have let a group read the log.
    if (before !== undefined) {
      await giveTo(made, before)
      await made.chmod(before.mode & 0o777)
    }
    await syncFolder(dirname(path))
    return made
  }

  async function newestRotated(): Promise<Stats | undefined> {
    const newest = (await rotatedFiles(path)).at(-1)
    return newest === undefined ? undefined : await stat(newest)
  }

  async function lastOfRotated(): Promise<string> {
    const newest = (await rotatedFiles(path)).at(-1)
    if (newest === undefined) return FIRST
    await using handle = await open(newest, constants.O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    const { line } = await lastLine(handle, (await regular(handle)).size, newest)
    return line === undefined ? FIRST : hashOf(line)
  }

  async function rotate(): Promise<void> {
    const before = await rotatedFiles(path)
    await rename(path, rotatedName(path, clock.now(), before.at(-1)))
    await syncFolder(dirname(path))
    const rotated = await rotatedFiles(path)
    const old = rotated.slice(0, Math.max(0, rotated.length - (files - 1)))
    for (const file of old) await rm(file, { force: true })
  }

  /** True while the path leads to the open file. */
  async function isInPlace(handle: FileHandle): Promise<boolean> {
    const own = await handle.stat()
    const there = await stat(path).catch(() => undefined)
    return there !== undefined && there.ino === own.ino && there.dev === own.dev
  }

  async function regular(handle: FileHandle): Promise<Stats> {
    const facts = await handle.stat()
    if (!facts.isFile()) throw new LocketError('io', `${path} is not a regular file`)
    return facts
  }

  async function closeFile(): Promise<void> {
    const handle = opened?.handle
    opened = undefined
    await handle?.close().catch(() => undefined)
  }

  return {
    append(facts) {
      const done = Promise.withResolvers<void>()
      waiting.push({ facts, done })
      writing ??= writeWaiting()
      return done.promise
    },

    async close() {
      await writing
      await closeFile()
      await lock?.[Symbol.asyncDispose]()
      lock = undefined
    },
  }
}

async function lockLog(path: string, clock: Clock): Promise<AsyncDisposable> {
  const tooLong = AbortSignal.timeout(LOCK_MS)
  try {
    return await lockFile(`${path}.lock`, clock, tooLong)
  } catch (thrown) {
    if (!tooLong.aborted) throw thrown
    throw new LocketError('io', `another process writes the audit log ${path}`, {
      cause: thrown,
      hint: 'give each daemon an audit-log of its own',
    })
  }
}

/** Lines as they are appended, and the hash of the last one. */
interface Chained {
  readonly bytes: Uint8Array
  readonly last: string
}

function chain(facts: readonly ChainFacts[], previous: string): Chained {
  let last = previous
  const texts = facts.map((each) => {
    const { text, hash } = chainedLine(each, last)
    last = hash
    return `${text}\n`
  })
  return { bytes: Buffer.from(texts.join('')), last }
}

async function syncFolder(dir: string): Promise<void> {
  await using folder = await open(dir)
  await folder.sync()
}
