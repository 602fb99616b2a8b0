import { randomBytes } from 'node:crypto'
import { lstat, realpath, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { OwnFiles } from '../../core/ports/files.ts'
import type { Owner } from '../../core/text/units.ts'
import { lockFile } from './file-lock.ts'
import { makeFolders } from './make-folders.ts'
import { giveTo, replaceFile } from './replace-file.ts'
import { writeError } from './write-error.ts'

export function openOwnFiles(clock: Clock): OwnFiles {
  return {
    async exclusively(path, signal, body) {
      const lock = await writing(path, (target) => lockFile(`${target}.lock`, clock, signal))
      try {
        return await body()
      } finally {
        await lock[Symbol.asyncDispose]()
      }
    },

    replace: (path, content, mode) => writing(path, (target) => replaceOwn(target, content, mode)),
  }
}

/**
 * Leaves the old content or all of the new one, in a file that only this user reads (0600), whatever mode it
 * had. A link stays a link. Rejects with `io`.
 */
export async function writePrivateFile(path: string, content: Uint8Array): Promise<void> {
  await writing(path, (target) => replacePrivate(target, content))
}

/** The caller holds the lock, so a temporary file of this name is the leftover of a dead process. */
async function replaceOwn(path: string, content: Uint8Array, mode: number): Promise<void> {
  const temporary = `${path}.tmp`
  const before = await statOrNothing(path)
  await rm(temporary, { force: true })
  const owner = before ?? (await stat(dirname(path)))
  await replaceFile(path, temporary, content, async (file) => {
    await giveTo(file, owner)
    await file.chmod(before === undefined ? mode : before.mode & 0o777)
  })
}

async function replacePrivate(path: string, content: Uint8Array): Promise<void> {
  const before = await lstat(path).catch(() => undefined)
  if (before !== undefined && !before.isFile() && !before.isDirectory())
    throw new LocketError('io', `${path} is there and is no regular file`, {
      hint: 'leave --output out, and redirect standard output',
    })
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  await replaceFile(path, temporary, content, (file) => file.chmod(0o600))
}

/**
 * Calls `act` with the path behind every link, so that a link stays a link and all names of a file share a
 * lock. Makes the folder.
 */
async function writing<T>(path: string, act: (target: string) => Promise<T>): Promise<T> {
  try {
    return await act(await targetOf(path))
  } catch (thrown) {
    throw writeError(path, thrown)
  }
}

async function targetOf(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT') throw thrown
    await makeFolders(dirname(path), 0o700)
    return join(await realpath(dirname(path)), basename(path))
  }
}

async function statOrNothing(path: string): Promise<(Owner & { readonly mode: number }) | undefined> {
  try {
    return await stat(path)
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT') throw thrown
    return undefined
  }
}
