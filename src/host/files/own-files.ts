import { realpath, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { errnoOf } from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { OwnFiles } from '../../core/ports/files.ts'
import type { Owner } from '../../core/text/units.ts'
import { lockFile } from './file-lock.ts'
import { giveTo } from './give-to.ts'
import { makeFolders } from './make-folders.ts'
import { replaceBy } from './replace-by.ts'
import { writeError } from './write-error.ts'

export function openOwnFiles(clock: Clock): OwnFiles {
  return {
    async exclusively(path, signal, body) {
      const lock = await writing(path, async () => lockFile(`${await targetOf(path)}.lock`, clock, signal))
      try {
        return await body()
      } finally {
        await lock[Symbol.asyncDispose]()
      }
    },

    replace: (path, content, mode) =>
      writing(path, async () => replaceFile(await targetOf(path), content, mode)),
  }
}

/** Behind every link, so that a link stays one and all its names share a lock. Makes the folder. */
export async function targetOf(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT') throw thrown
    await makeFolders(dirname(path), 0o700)
    return join(await realpath(dirname(path)), basename(path))
  }
}

/** The caller holds the lock, so a temporary file of this name is a dead process's. */
async function replaceFile(path: string, content: Uint8Array, mode: number): Promise<void> {
  const temporary = `${path}.tmp`
  const before = await statOrNothing(path)
  await rm(temporary, { force: true })
  const owner = before ?? (await stat(dirname(path)))
  await replaceBy(temporary, path, content, async (file) => {
    await giveTo(file, owner)
    await file.chmod(before === undefined ? mode : before.mode & 0o777)
  })
}

async function statOrNothing(path: string): Promise<(Owner & { readonly mode: number }) | undefined> {
  try {
    return await stat(path)
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT') throw thrown
    return undefined
  }
}

export async function writing<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (thrown) {
    throw writeError(path, thrown)
  }
}
