import { constants } from 'node:fs'
import { link, open, rename, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { LocketError, errnoOf, isLocketError } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import type { LoadedState, StateStore } from '../../core/ports/state-store.ts'
import { makeFolders } from '../files/make-folders.ts'
import { mergeSaves } from './merge-saves.ts'
import { readStateFile } from './read-state-file.ts'
import { CURRENT, setAside, warningsOfMissing } from './set-aside.ts'
import { formatState, parseState, type ReadState, type State } from './state-format.ts'

// state.json       the newest generation, replaced by rename
// state.json.prev  the one before it
// state.json.tmp   being written; never read
// state.json.bad-N damaged ones, kept for a person to look at

/** How the state file is opened. */
export interface StateOptions {
  /** True: start empty when the state cannot be read. The damaged files are kept. */
  readonly reset?: boolean
  readonly now?: () => number
  /** link(2). A test replaces it to simulate a file system without hard links. */
  readonly link?: typeof link
}

/** One generation of the state. `savedAt`: ISO 8601, or undefined when none was read. */
export interface LoadedGeneration extends LoadedState {
  readonly savedAt: string | undefined
}

const PREVIOUS = 'state.json.prev'
const TEMPORARY = 'state.json.tmp'
/** A second name of the current file, which becomes the previous one. */
const SECOND = `${PREVIOUS}.tmp`
const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants

/**
 * Opens the state file in `dir`. The first save makes the folder (0700). Only one process at a time may use
 * it.
 */
export function openStateFile(dir: string, options: StateOptions = {}): StateStore {
  const { reset = false, now = Date.now } = options
  // Until the current file is known to be good, it must not replace the previous one.
  let isCurrentGood = false
  return {
    async load() {
      const { records, source, warnings } = await loadGeneration(dir, reset)
      isCurrentGood = source === 'current'
      return { records, source, warnings }
    },
    save: mergeSaves(async (records) => {
      await writeGeneration(
        dir,
        { savedAt: new Date(now()).toISOString(), records },
        isCurrentGood ? (options.link ?? link) : undefined,
      )
      isCurrentGood = true
    }),
  }
}

/**
 * Reads the newest generation that is good. Rejects with `state_corrupt`, and then leaves the files
 * unchanged, so that the next start reports the same.
 */
export async function loadGeneration(dir: string, reset: boolean): Promise<LoadedGeneration> {
  const current = await readGeneration(dir, CURRENT, reset)
  if (current?.kind === 'good') return loaded(current.state, 'current', [])
  const previous = current?.kind === 'newer' ? undefined : await readGeneration(dir, PREVIOUS, reset)
  if (previous?.kind === 'good') {
    const { state } = previous
    if (current === undefined) return loaded(state, 'previous', await warningsOfMissing(dir))
    const kept = await setAside(dir, CURRENT)
    return loaded(state, 'previous', [
      `${join(dir, CURRENT)} is damaged (${whyOf(current)}): ${kept}; the state of ${state.savedAt} is used`,
    ])
  }
  if (current === undefined && previous === undefined) return loaded(undefined, 'none', [])
  if (!reset) throw corrupt(dir, current, previous)
  const kept = [await setAside(dir, CURRENT), await setAside(dir, PREVIOUS)].filter(
    (line) => line !== undefined,
  )
  return loaded(
    undefined,
    'none',
    kept.map((line) => `state was reset: ${line}`),
  )
}

function loaded(
  state: State | undefined,
  source: LoadedState['source'],
  warnings: readonly string[],
): LoadedGeneration {
  return { records: state?.records ?? [], savedAt: state?.savedAt, source, warnings }
}

/**
 * Reads one generation, or returns undefined when there is no such file. A file that the system does not let
 * this process read may be good: only with `reset` it counts as damaged.
 */
async function readGeneration(dir: string, name: string, reset: boolean): Promise<ReadState | undefined> {
  const path = join(dir, name)
  try {
    const text = await readStateFile(path)
    return text === undefined ? undefined : parseState(text)
  } catch (error) {
    if (reset && isLocketError(error)) return { kind: 'damaged', why: error.message }
    throw error
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
    const made = await makeFolders(dir, 0o700)
    if (made !== undefined) await syncFolder(dirname(made))
    const text = formatState(state)
    try {
      await replaceCurrent(dir, text, linkCurrent)
    } catch (error) {
      if (!['EEXIST', 'EISDIR', 'ENOTEMPTY'].includes(errnoOf(error) ?? '')) throw error
      await makeWay(dir)
      await replaceCurrent(dir, text, linkCurrent)
    }
    await syncFolder(dir)
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

async function replaceCurrent(
  dir: string,
  text: string,
  linkCurrent: typeof link | undefined,
): Promise<void> {
  const temporary = join(dir, TEMPORARY)
  await writeDurably(temporary, text)
  if (linkCurrent !== undefined) await keepPrevious(dir, linkCurrent)
  await rename(temporary, join(dir, CURRENT))
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

async function writeDurably(path: string, text: string): Promise<void> {
  await using file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  await file.chmod(0o600)
  await file.writeFile(text)
  await file.sync()
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

function corrupt(dir: string, current: ReadState | undefined, previous: ReadState | undefined): LocketError {
  const path = join(dir, CURRENT)
  if (current?.kind === 'newer' || previous?.kind === 'newer') {
    return new LocketError('state_corrupt', `${path} was written by a newer locket`, {
      hint: 'upgrade locket, or start empty with --reset-state; the file is kept',
    })
  }
  const prev =
    previous === undefined
      ? 'there is no previous one'
      : `${PREVIOUS} cannot be used either: ${whyOf(previous)}`
  const what = current === undefined ? `${path} is missing` : `${path} cannot be used: ${whyOf(current)}`
  return new LocketError('state_corrupt', `${what}; ${prev}`, {
    hint: 'put a good copy in its place, or start empty with --reset-state; the files are kept',
  })
}

function whyOf(read: ReadState): string {
  return read.kind === 'damaged' ? read.why : 'a newer locket wrote it'
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
  for (const name of [PREVIOUS, CURRENT, TEMPORARY]) await unlinkIfAny(join(dir, name))
  await syncFolder(dir)
}
