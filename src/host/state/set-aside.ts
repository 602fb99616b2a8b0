import { rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from '../../core/vocabulary/errors.ts'

/** Name of the newest state file. */
export const CURRENT = 'state.json'
const MOST_BAD = 5

/**
 * Returns a warning when an earlier start set the current file aside. It is repeated until the next save. A
 * crash between two renames gives no warning.
 */
export async function warningsOfMissing(dir: string): Promise<string[]> {
  const firstBad = join(dir, `${CURRENT}.bad-1`)
  return (await exists(firstBad))
    ? [`${join(dir, CURRENT)} was damaged and set aside (see ${firstBad}): the previous state is used`]
    : []
}

/**
 * Renames a file to a name for damaged ones, which begins with `as`. Returns the result in words, or
 * undefined when there was no such file.
 */
export async function setAside(dir: string, name: string, as = CURRENT): Promise<string | undefined> {
  for (let n = 1; ; n += 1) {
    const bad = join(dir, `${as}.bad-${n}`)
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

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}
