import { join } from 'node:path'
import { isLocketError, LocketError } from '../../core/vocabulary/errors.ts'
import type { LoadedState } from '../../core/ports/state-store.ts'
import type { VolumeRecord } from '../../core/volume/record.ts'
import { parseMounts, type ReadMounts } from './mount-log-format.ts'
import { MOUNT_LOG } from './mount-log.ts'
import { readStateFile } from './read-state-file.ts'
import { CURRENT, setAside, warningsOfMissing } from './set-aside.ts'
import { parseState, type ReadState, type State } from './state-format.ts'

/** One generation of the state. `savedAt`: ISO 8601, or undefined when none was read. */
export interface LoadedGeneration extends LoadedState {
  readonly savedAt: string | undefined
  /** The references come from the mount log. */
  readonly isApart: boolean
}

/** Name of the generation before the newest. */
export const PREVIOUS = 'state.json.prev'

/**
 * Reads the newest generation that is good. Rejects with `state_corrupt`, and then leaves the files
 * unchanged, so that the next start reports the same.
 */
export async function loadGeneration(dir: string, reset: boolean): Promise<LoadedGeneration> {
  const generation = await loadRecords(dir, reset)
  return generation.isApart ? await addMounts(dir, generation, reset) : generation
}

async function loadRecords(dir: string, reset: boolean): Promise<LoadedGeneration> {
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
  const { records = [], savedAt, mountsApart: isApart = false } = state ?? {}
  return { records, savedAt, source, warnings, isApart }
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
 * Adds the references from the mount log. Without a log that can be read, a mounted volume may have users
 * that no record names.
 */
async function addMounts(
  dir: string,
  generation: LoadedGeneration,
  reset: boolean,
): Promise<LoadedGeneration> {
  const path = join(dir, MOUNT_LOG)
  const read = await readMounts(path, reset)
  if (read?.kind === 'good') {
    const records = generation.records.map((record): VolumeRecord => {
      const { mounts = [], mark } = read.mounts.get(record.name) ?? {}
      return mark === undefined ? { ...record, mounts } : { ...record, mounts, mark }
    })
    return { ...generation, records }
  }
  if (read?.kind === 'newer' && !reset) throw newer(path)
  const why =
    read === undefined
      ? `${path} is missing`
      : `${path} cannot be used (${whyOf(read)}): ${await setAside(dir, MOUNT_LOG, MOUNT_LOG)}`
  const warning = `${why}; volumes that are mounted stay mounted until docker volume rm`
  const source = generation.source === 'current' ? 'incomplete' : generation.source
  return { ...generation, source, warnings: [...generation.warnings, warning] }
}

async function readMounts(path: string, reset: boolean): Promise<ReadMounts | undefined> {
  try {
    const text = await readStateFile(path)
    return text === undefined ? undefined : parseMounts(text)
  } catch (error) {
    if (reset && isLocketError(error)) return { kind: 'damaged', why: error.message }
    throw error
  }
}

function corrupt(dir: string, current: ReadState | undefined, previous: ReadState | undefined): LocketError {
  const path = join(dir, CURRENT)
  if (current?.kind === 'newer' || previous?.kind === 'newer') return newer(path)
  const prev =
    previous === undefined
      ? 'there is no previous one'
      : `${PREVIOUS} cannot be used either: ${whyOf(previous)}`
  const what = current === undefined ? `${path} is missing` : `${path} cannot be used: ${whyOf(current)}`
  return new LocketError('state_corrupt', `${what}; ${prev}`, {
    hint: 'put a good copy in its place, or start empty with --reset-state; the files are kept',
  })
}

function newer(path: string): LocketError {
  return new LocketError('state_corrupt', `${path} was written by a newer locket`, {
    hint: 'upgrade locket, or start empty with --reset-state; the file is kept',
  })
}

function whyOf(read: ReadState | ReadMounts): string {
  return read.kind === 'damaged' ? read.why : 'a newer locket wrote it'
}
