import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errnoOf } from '../../core/vocabulary/errors.ts'

/**
 * Makes a folder and those above it that are missing; returns the topmost one made. Not `mkdir(…, {
 * recursive: true })`: where the kernel answers ENOENT below a folder that exists, as /proc does, Node tries
 * again for ever.
 */
export async function makeFolders(path: string, mode = 0o777): Promise<string | undefined> {
  try {
    await mkdir(path, { mode })
    return path
  } catch (error) {
    if (errnoOf(error) === 'EEXIST' && (await stat(path)).isDirectory()) return undefined
    if (errnoOf(error) !== 'ENOENT' || dirname(path) === path) throw error
  }
  const top = await makeFolders(dirname(path), mode)
  await mkdir(path, { mode }).catch((error: unknown) => {
    // Another process was faster.
    if (errnoOf(error) !== 'EEXIST') throw error
  })
  return top ?? path
}
