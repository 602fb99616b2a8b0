import { constants, fstatSync } from 'node:fs'
import { link, open, rename, stat, unlink, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { closeLater } from '../../core/waiting/close-later.ts'
import { LocketError, errnoOf } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import type { StateStore } from '../../core/ports/state-store.ts'
import type { VolumeRecord } from '../../core/volume/record.ts'
import { makeFolders } from '../files/make-folders.ts'
import { loadGeneration, PREVIOUS } from './load-generation.ts'
import { mergeSaves } from './merge-saves.ts'
import { MOUNT_LOG, openMountLog } from './mount-log.ts'
import { CURRENT, setAside } from './set-aside.ts'
import { formatState, type State } from './state-format.ts'

// state.json       the newest generation, replaced by rename
// state.json.prev  the one before it
// state.json.tmp   being written; never read
// state.json.bad-N damaged ones, kept for a person to look at
// mounts.log       the references of all volumes: see mount-log.ts

/** How the state file is opened. */
export interface StateOptions {
  /** True: start empty when the state cannot be read. The damaged files are kept. */
  readonly reset?: boolean
  readonly now?: () => number
  /** link(2). A test replaces it to simulate a file system without hard links. */
  readonly link?: typeof link
}

const TEMPORARY = 'state.json.tmp'
/** A copy of the current file, which becomes the previous one. */
const COPY = `${PREVIOUS}.copy`
/** A second name of the current file, which becomes the previous one. */
const SECOND = `${PREVIOUS}.tmp`
const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants

/**
 * Opens the state file in `dir`. The first save makes the folder (0700). Only one process at a time may use
 * it.
 */
export function openStateFile(dir: string, options: StateOptions = {}): StateStore {
  const { reset = false, now = Date.now } = options
  const log = openMountLog(dir)
  // Until the current file is known to be good, it must not replace the previous one.
  let isCurrentGood = false
  /** True: the current file says that the references are in the log, and they are. */
  let isApart = false
  let newest: readonly VolumeRecord[] = []
  /** The current file, until the previous one names the same volumes. */
  let unlike: State | undefined
  const write = mergeSaves(async (records: readonly VolumeRecord[]) => {
    const savedAt = new Date(now()).toISOString()
    const keepCurrent = isCurrentGood ? (options.link ?? link) : undefined
    const state = { savedAt, records, mountsApart: true }
    await writeGeneration(dir, state, keepCurrent)
    isCurrentGood = true
    unlike = state
  })

  /** Writes the references of an earlier version into the log before the file says that they are there. */
  async function writeApart(records: readonly VolumeRecord[]): Promise<void> {
    if (!isApart) await log.rewrite()
    await write(records)
    isApart = true
  }

  return {
    async load() {
      const { records, source, warnings, isApart: wasApart } = await loadGeneration(dir, reset)
      isCurrentGood = source === 'current' || source === 'incomplete'
      isApart = wasApart && source === 'current'
      newest = records
      log.adopt(records)
      return { records, source, warnings }
    },
    async save(records) {
      newest = records
      await log.save(records)
      await writeApart(records)
      log.retain(new Set(newest.map(({ name }) => name)))
    },
    async saveMounts(records) {
      const saving = log.save(records)
      if (!isApart) await saving.then(() => writeApart(newest))
      const state = unlike
      unlike = undefined
      await bothDone(saving, state === undefined ? undefined : copyToPrevious(dir, state))
    },
  }
}

/**
 * Writes a generation. At every moment the state that was saved last can be read. `linkCurrent`: keeps the
 * current file, which is good, as the previous one.
 */
async function writeGeneration(
  dir: string,
  state: State,
  linkCurrent: typeof link | undefined,
): Promise<void> {
  const temporary = join(dir, TEMPORARY)
  try {
    const text = formatState(state)
    try {
      await replaceCurrent(dir, text, linkCurrent)
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') await makeStateFolder(dir)
      else if (['EEXIST', 'EISDIR', 'ENOTEMPTY'].includes(errnoOf(error) ?? '')) await makeWay(dir)
      else throw error
      await replaceCurrent(dir, text, linkCurrent)
    }
  } catch (error) {
    // On a full disk others may need the space of the temporary file.
    await unlink(temporary).catch(() => {})
    throw new LocketError(
      'io',
      `cannot save the state in ${join(dir, CURRENT)}: ${systemReason(errnoOf(error), 'write')}`,
      {
        cause: error,
        hint: errnoOf(error) === 'ENOSPC' ? 'free some space on its disk' : undefined,
      },
    )
  }
}

async function makeStateFolder(dir: string): Promise<void> {
  const made = await makeFolders(dir, 0o700)
  if (made !== undefined) await syncFolder(dirname(made))
}

/**
 * Writes the temporary file, and makes it the current one. Each step is a trip to the thread pool. Steps that
 * do not need each other are made at the same time.
 */
async function replaceCurrent(
  dir: string,
  text: string,
  linkCurrent: typeof link | undefined,
): Promise<void> {
  const temporary = join(dir, TEMPORARY)
  const opening = open(dir)
  try {
    const file = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
    try {
      await writePrivately(file, text)
      await bothDone(file.sync(), linkCurrent === undefined ? undefined : keepPrevious(dir, linkCurrent))
    } finally {
      closeLater(file)
    }
    await rename(temporary, join(dir, CURRENT))
    await (await opening).sync()
  } finally {
    opening.then(closeLater, () => undefined)
  }
}

/** Rejects only when neither goes on. */
async function bothDone(first: Promise<void>, second: Promise<void> | undefined): Promise<void> {
  for (const result of await Promise.allSettled([first, second]))
    if (result.status === 'rejected') throw result.reason
}

/**
 * Removes the leftovers of an earlier write, and sets aside a folder in the place of a file: neither may
 * block every save.
 */
async function makeWay(dir: string): Promise<void> {
  for (const name of [TEMPORARY, SECOND])
    await unlinkIfAny(join(dir, name)).catch(async (error: unknown) => {
      if (errnoOf(error) !== 'EISDIR') throw error
      await setAside(dir, name)
    })
  const previous = await stat(join(dir, PREVIOUS)).catch(() => undefined)
  if (previous?.isDirectory() === true) await setAside(dir, PREVIOUS)
}

/** Writes a file of mode 0600, also under a umask or an ACL of the folder that says something else. */
async function writePrivately(file: FileHandle, text: string): Promise<void> {
  if ((fstatSync(file.fd).mode & 0o7777) !== 0o600) await file.chmod(0o600)
  await file.writeFile(text)
}

/**
 * Keeps the current file as the previous one. It uses a hard link and not a rename, so that the current file
 * is never missing.
 */
async function keepPrevious(dir: string, linkCurrent: typeof link): Promise<void> {
  const [current, previous] = [join(dir, CURRENT), join(dir, PREVIOUS)]
  const second = join(dir, SECOND)
  try {
    await linkCurrent(current, second)
    await rename(second, previous)
    // rename(2) does nothing when both are one file already.
    await unlinkIfAny(second)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return
    if (!['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'EMLINK'].includes(errnoOf(error) ?? '')) throw error
    // A file system without hard links: a crash before the next rename leaves the previous file alone, which
    // `load` takes.
    await rename(current, previous)
  }
}

/**
 * Makes the previous file a copy of the current one, so that a file that is damaged later costs no volume.
 * Without fsync, because the current file is durable. A failure leaves the file of before.
 */
async function copyToPrevious(dir: string, state: State): Promise<void> {
  const temporary = join(dir, COPY)
  const make = () => open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    const file = await make().catch(async () => {
      await unlinkIfAny(temporary)
      return await make()
    })
    try {
      await writePrivately(file, formatState(state))
      await rename(temporary, join(dir, PREVIOUS))
    } finally {
      closeLater(file)
    }
  } catch {
    await unlink(temporary).catch(() => undefined)
  }
}

async function syncFolder(dir: string): Promise<void> {
  await using folder = await open(dir)
  await folder.sync()
}

async function unlinkIfAny(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error
  })
}

/** Removes both generations, but not the damaged files. For state that was moved to another folder. */
export async function removeGenerations(dir: string): Promise<void> {
  for (const name of [PREVIOUS, CURRENT, TEMPORARY, MOUNT_LOG]) await unlinkIfAny(join(dir, name))
  await syncFolder(dir)
}
