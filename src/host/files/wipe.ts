import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { lstatSync, readdirSync, renameSync, rmdirSync, unlinkSync, type PathLike } from 'node:fs'
import { errnoOf } from '../../core/vocabulary/errors.ts'
import { openDirIfAny, type DirHandle } from './dir-handle.ts'
import { openWipeBudget, overwriteFile, type WipeBudget } from './overwrite.ts'

// The calls are synchronous on purpose: a tmpfs does not wait for a disk, and a trip to the thread pool costs
// more than most of them. Long work is done in pieces, between which the daemon answers requests. Names are
// bytes: a container may choose names that are not UTF-8, which a string could not represent.

/**
 * How a file is removed: `overwrite` for secrets that no process may read any more, `unlink` when a reader
 * may still have the file open.
 */
export type Disposal = 'overwrite' | 'unlink'

interface EmptyOptions {
  /**
   * The folder that nested folders are moved to before they are emptied: there a container cannot change them
   * meanwhile.
   */
  readonly stage: DirHandle
  /** `name`: one character for each byte. */
  readonly disposal: (name: string) => Disposal
  /** An entry to leave alone. */
  readonly keep?: string
  /** Default: a new budget. */
  readonly budget?: WipeBudget
}

const MOST_ROUNDS = 8

/**
 * Removes everything in the folder. Continues after a failure, and returns the failures as `NAME: ERRNO` or
 * in words.
 */
export async function emptyFolder(
  folder: DirHandle,
  { stage, disposal, keep, budget = openWipeBudget() }: EmptyOptions,
): Promise<string[]> {
  const failures: string[] = []
  // Repeat while there are entries: a process of a container may still be adding some.
  for (let round = 0; round < MOST_ROUNDS && budget.mayGoOn(); round += 1) {
    const names = namesBut(folder, keep)
    if (names.length === 0) return unique(failures)
    for (const name of names) {
      const removal = { stage, disposal: disposal(name.toString('latin1')), failures, budget }
      if (budget.mayGoOn())
        await removeEntry(folder, name, removal, () => removeFolder(folder, name, removal))
    }
  }
  const left = namesBut(folder, keep)
  if (left.length === 0) return unique(failures)
  if (!budget.mayGoOn())
    return unique([...failures, ...left.map((name) => `${printable(name)}: time was up`)])
  return failures.length > 0
    ? unique(failures)
    : left.map((name) => `${printable(name)}: still being written`)
}

function unique(lines: readonly string[]): string[] {
  return [...new Set(lines)]
}

function namesBut(folder: DirHandle, keep: string | undefined): Buffer[] {
  return namesIn(folder).filter((name) => name.toString('latin1') !== keep)
}

/** Returns the names in a folder as bytes, as the kernel has them. */
export function namesIn(folder: DirHandle): Buffer[] {
  return readdirSync(folder.self, { encoding: 'buffer' })
}

interface Removal {
  readonly stage: DirHandle
  readonly disposal: Disposal
  readonly failures: string[]
  readonly budget: WipeBudget
}

/** Removes an entry that is not a folder, and leaves a folder to `onFolder`. */
async function removeEntry(
  folder: DirHandle,
  name: Buffer,
  { disposal, failures, budget }: Removal,
  onFolder: () => Promise<void> | void,
): Promise<void> {
  try {
    const path = folder.atBytes(name)
    const facts = lstatSync(path)
    if (facts.isDirectory()) return await onFolder()
    const hindrance = await removeKnown(path, facts.isFile() ? disposal : 'unlink', budget)
    if (hindrance !== undefined) failures.push(`${printable(name)}: ${hindrance}`)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') failures.push(`${printable(name)}: ${reasonOf(error)}`)
  }
}

/**
 * Returns the reason of a failure. On a tmpfs root gets EPERM only for a file or folder that `chattr`
 * protects.
 */
function reasonOf(error: unknown): string {
  const errno = errnoOf(error)
  return errno === 'EPERM' ? 'EPERM: it is immutable or append-only (chattr)' : (errno ?? 'unknown error')
}

/**
 * Removes a folder of any depth, one level at a time: folders inside are moved into the stage and emptied
 * there.
 */
async function removeFolder(parent: DirHandle, top: Buffer, removal: Removal): Promise<void> {
  const { stage, budget } = removal
  const waiting = [moveAside(parent, top, stage)]
  for (let aside = waiting.pop(); aside !== undefined; aside = waiting.pop()) {
    using folder = openDirIfAny(stage.at(aside))
    if (folder === undefined) continue
    for (const name of namesIn(folder)) {
      if (!budget.mayGoOn()) return
      await budget.pause()
      await removeEntry(folder, name, removal, () => void waiting.push(moveAside(folder, name, stage)))
    }
    rmdirSync(stage.at(aside))
  }
}

/**
 * Moves an entry into the stage under a new name, and returns that name. The prefix decides how its files may
 * be removed: see `file-tree.ts`.
 */
export function moveAside(
  parent: DirHandle,
  name: string | Buffer,
  stage: DirHandle,
  prefix = 'aside',
): string {
  const aside = `${prefix}-${randomUUID()}`
  renameSync(typeof name === 'string' ? parent.at(name) : parent.atBytes(name), stage.at(aside))
  return aside
}

/**
 * Unlinks a file, or a link without its target. Resolves with the reason, in words, when the file was not
 * overwritten.
 */
export async function removeFile(
  path: PathLike,
  disposal: Disposal,
  budget: WipeBudget = openWipeBudget(),
): Promise<string | undefined> {
  const isFile = lstatSync(path).isFile()
  return await removeKnown(path, isFile ? disposal : 'unlink', budget)
}

async function removeKnown(
  path: PathLike,
  disposal: Disposal,
  budget: WipeBudget,
): Promise<string | undefined> {
  try {
    return disposal === 'overwrite' ? await overwriteFile(path, budget) : undefined
  } finally {
    unlinkSync(path)
  }
}

/** Returns a name for messages. Bytes that are not UTF-8, and control characters, are written as `\xNN`. */
function printable(name: Buffer): string {
  const text = name.toString(isUtf8(name) ? 'utf8' : 'latin1')
  const escape = (character: string) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  return text.replace(isUtf8(name) ? /\p{Cc}/gu : /[^ -~]/g, escape)
}
