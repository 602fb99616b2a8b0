import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { errnoOf } from '../../core/vocabulary/errors.ts'

/** The ending of a rotated file: the time of the rotation in UTC, `20261130T050000.123Z`. */
const STAMP = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d{3})Z$/

/** Returns the files that were rotated away from `path`, the oldest first. */
export async function rotatedFiles(path: string): Promise<readonly string[]> {
  const start = `${basename(path)}.`
  const isRotated = (name: string) => name.startsWith(start) && STAMP.test(name.slice(start.length))
  try {
    const names = (await readdir(dirname(path))).filter(isRotated)
    return names.toSorted().map((name) => join(dirname(path), name))
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return []
    throw thrown
  }
}

/**
 * Returns the name for the file that is rotated away now. It sorts after `newest`, also when the clock was
 * set back since.
 */
export function rotatedName(path: string, now: number, newest: string | undefined): string {
  const before = newest === undefined ? Number.NEGATIVE_INFINITY : stampOf(newest)
  const stamp = new Date(Math.max(now, before + 1)).toISOString().replaceAll(/[-:]/g, '')
  return `${path}.${stamp}`
}

function stampOf(file: string): number {
  const stamp = file.slice(-'20261130T050000.123Z'.length)
  return Date.parse(stamp.replace(STAMP, '$1-$2-$3T$4:$5:$6Z'))
}
