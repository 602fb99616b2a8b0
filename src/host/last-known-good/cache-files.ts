import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { open, readdir, rm, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { CacheFiles } from '../../core/ports/cache-files.ts'
import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import { parseVolumeName, type VolumeName } from '../../core/vocabulary/names.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import { makeFolders } from '../files/make-folders.ts'
import { replaceFile } from '../files/replace-file.ts'
import { writeError } from '../files/write-error.ts'

/** The ending of a cache file, after the volume's name. */
const ENDING = '.cache'
/** The ending of a file that is being written. A crash may leave one. */
const UNFINISHED = '.tmp'

/** Opens the cache files in `dir`, which is made (0700) by the first write. Each file has mode 0600. */
export function openCacheFiles(dir: string): CacheFiles {
  const pathOf = (volume: VolumeName) => join(dir, `${volume}${ENDING}`)

  async function names(): Promise<readonly string[]> {
    try {
      return await readdir(dir)
    } catch (thrown) {
      if (errnoOf(thrown) === 'ENOENT') return []
      throw readError(dir, thrown)
    }
  }

  return {
    async read(volume, maxBytes) {
      const path = pathOf(volume)
      try {
        const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
        await using file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        const facts = await file.stat()
        if (!facts.isFile()) throw new LocketError('io', `${path} is not a regular file`)
        if (facts.size > maxBytes)
          throw new LocketError('io', `${path} is larger than locket writes it: it is not read`)
        return await file.readFile()
      } catch (thrown) {
        if (errnoOf(thrown) === 'ENOENT') return undefined
        throw readError(path, thrown)
      }
    },

    async write(volume, content) {
      const path = pathOf(volume)
      try {
        await makeFolders(dir, 0o700)
        const temporary = `${path}.${randomBytes(6).toString('hex')}${UNFINISHED}`
        await replaceFile(path, temporary, content, (file) => file.chmod(0o600))
      } catch (thrown) {
        throw writeError(path, thrown)
      }
    },

    async remove(volume) {
      try {
        // rm() of Node looks at the file before, which is one more trip to the thread pool.
        await unlink(pathOf(volume))
      } catch (thrown) {
        if (errnoOf(thrown) === 'ENOENT') return
        throw writeError(pathOf(volume), thrown)
      }
    },

    async list() {
      const all = await names()
      for (const name of all.filter((each) => each.endsWith(UNFINISHED)))
        await rm(join(dir, name), { force: true })
      return all
        .filter((name) => name.endsWith(ENDING))
        .flatMap((name) => volumeOf(name.slice(0, -ENDING.length)))
    },
  }
}

function volumeOf(text: string): VolumeName[] {
  try {
    return [parseVolumeName(text)]
  } catch {
    // No file of ours.
    return []
  }
}

function readError(path: string, thrown: unknown): unknown {
  const errno = errnoOf(thrown)
  if (errno === undefined) return thrown
  return new LocketError('io', `cannot read ${path}: ${systemReason(errno, 'read')}`, { cause: thrown })
}
