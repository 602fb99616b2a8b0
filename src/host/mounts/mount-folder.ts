import { lstatSync, mkdirSync, realpathSync, rmdirSync } from 'node:fs'
import { LocketError, errnoOf } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import { makeFolders } from '../files/make-folders.ts'

// The folders on which the tmpfs are mounted lie in the runtime folder. It is a tmpfs unless its setting says
// something else, so a call waits for no disk, and a trip to the thread pool would take longer.

/** Makes the folder (0700), and the missing ones above it. */
export async function makeMountFolder(path: string): Promise<void> {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch {
    await makeFolders(path, 0o700)
  }
}

/** Removes the folder. One that is not the empty folder that this process made stays. Throws `io`. */
export function removeMountFolder(path: string): void {
  try {
    rmdirSync(path)
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'ENOTDIR'].includes(errnoOf(error) ?? ''))
      throw lookError(`cannot remove ${path}`, error)
  }
}

/** True for a folder; false for a link to one. Throws the system's error when nothing is there. */
export function isFolder(path: string): boolean {
  return lstatSync(path).isDirectory()
}

/** Returns the path without links, or undefined when it does not exist. Throws `io`. */
export function realFolder(path: string): string | undefined {
  try {
    return realpathSync.native(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw lookError(`cannot look at ${path}`, error)
  }
}

function lookError(what: string, cause: unknown): LocketError {
  return new LocketError('io', `${what}: ${systemReason(errnoOf(cause))}`, { cause })
}
