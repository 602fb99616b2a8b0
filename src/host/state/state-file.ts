import { constants } from 'node:fs'
import { link, open, rename, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { LocketError, errnoOf, isLocketError } from '../../core/vocabulary/errors.ts'
import type { LoadedState, StateStore } from '../../core/ports/state-store.ts'
import { makeFolders } from '../files/make-folders.ts'
import { mergeSaves } from './merge-saves.ts'
import { readStateFile } from './read-state-file.ts'
import { formatState, parseState, type ReadState, type State } from './state-format.ts'

// state.json       the newest generation, replaced by rename
// state.json.prev  the one before it
// state.json.tmp   being written; never read
// state.json.bad-N damaged ones, kept for a person to look at

export interface StateOptions {
  /** Start empty where the state cannot be read; the damaged files are kept. */
  readonly reset?: boolean
  readonly now?: () => number
  /** link(2); a test plays a file system without hard links. */
  readonly link?: typeof link
}

/** `savedAt` of the generation that was read; undefined: none. */
export interface LoadedGeneration extends LoadedState {
  readonly savedAt: string | undefined
}

const CURRENT = 'state.json'
const PREVIOUS = 'state.json.prev'
const TEMPORARY = 'state.json.tmp'
/** A second name of the current file, which becomes the previous one. */
const SECOND = `${PREVIOUS}.tmp`
const MOST_BAD = 5
const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants

/** The folder is made (0700) by the first save. One process at a time. */
export function openStateFile(dir: string, options: StateOptions = {}): StateStore {
  const { reset = false, now = Date.now } = options
  // Until a good one was seen, the current file must not take the place of the previous one.
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
 * Rejects with `state_corrupt`, and then leaves the files as they are, so that the next start says the same.
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

/** A crash between two renames is no news; a file that an earlier start set aside is, until the next save. */
async function warningsOfMissing(dir: string): Promise<string[]> {
  const firstBad = join(dir, `${CURRENT}.bad-1`)
  return (await exists(firstBad))
    ? [`${join(dir, CURRENT)} was damaged and set aside (see ${firstBad}): the previous state is used`]
    : []
}

/**
 * Undefined: there is no such file. A file that the system does not let us read may be a good one: only
 * `reset` takes it for damaged.
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
 * At every point of it, what was saved last before can be read. `linkCurrent`: the current file is good, and
 * is to be kept.
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
    // The room that it takes may be what others need on a full disk.
    await unlink(temporary).catch(() => {})
    throw new LocketError(
      'io',
      `cannot save the state in ${join(dir, CURRENT)}: ${errnoOf(error) ?? 'unknown error'}`,
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
 * Removes what an earlier write left, and sets aside a folder that has the place of a file: neither may block
 * every save.
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

/** By a second name rather than by a rename: the current file never goes missing. */
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

/** Says what it did. Undefined: there was no such file. */
async function setAside(dir: string, name: string): Promise<string | undefined> {
  for (let n = 1; ; n += 1) {
    const bad = join(dir, `${CURRENT}.bad-${n}`)
    if (n < MOST_BAD && (await exists(bad))) continue
    try {
      await rename(join(dir, name), bad)
      return `kept as ${bad}`
    } catch (error) {
      return errnoOf(error) === 'ENOENT'
        ? undefined
        : `left where it is (${errnoOf(error) ?? 'unknown error'})`
    }
  }
}

function corrupt(dir: string, current: ReadState | undefined, previous: ReadState | undefined): LocketError {
  const path = join(dir, CURRENT)
  if (current?.kind === 'newer' || previous?.kind === 'newer') {
    return new LocketError('state_corrupt', `${path} was written by a newer locket`, {
      hint: 'upgrade locket, or start empty with --reset-state; the file is kept',
    })
  }
  const prev = previous === undefined ? 'there is no previous one' : `nor can ${PREVIOUS}: ${whyOf(previous)}`
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

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}

async function unlinkIfAny(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error
  })
}

/** Removes both generations, not the damaged ones. For state that lives elsewhere now. */
export async function removeGenerations(dir: string): Promise<void> {
  for (const name of [PREVIOUS, CURRENT, TEMPORARY]) await unlinkIfAny(join(dir, name))
  await syncFolder(dir)
}
