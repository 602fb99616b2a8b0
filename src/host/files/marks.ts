import { renameSync, rmSync, symlinkSync } from 'node:fs'
import { readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import { openDir, openDirIfAny } from './dir-handle.ts'

// Short texts beside data/, where no container sees them. Each is the target of a link: a tmpfs keeps up to
// 127 bytes of it without a page, so that it can be written when the tmpfs is full.

const MARK = 'mark'
const GENERATION = 'generation'
const NEXT_GENERATION = 'generation.next'
const RELOAD = 'reload'

/** See `FileTree.mark`. */
export async function writeMark(root: string, text: string): Promise<void> {
  write(root, text, MARK)
}

/** See `FileTree.markOf`. */
export async function readMark(root: string): Promise<string | undefined> {
  return await readlink(join(root, MARK)).catch(() => undefined)
}

/** See `FileTree.keepGeneration`. */
export async function writeGeneration(root: string, text: string): Promise<void> {
  write(root, text, NEXT_GENERATION, GENERATION)
}

/** See `FileTree.generationOf`. */
export async function readGeneration(root: string): Promise<string | undefined> {
  return await readlink(join(root, GENERATION)).catch(() => undefined)
}

/** See `FileTree.oweReload`. */
export async function writeReload(root: string): Promise<void> {
  write(root, 'owed', RELOAD)
}

/** See `FileTree.isReloadOwed`. */
export async function hasReload(root: string): Promise<boolean> {
  return (await readlink(join(root, RELOAD)).catch(() => undefined)) !== undefined
}

/** See `FileTree.reloadDone`. */
export async function removeReload(root: string): Promise<void> {
  using top = openDirIfAny(root)
  if (top !== undefined) rmSync(top.at(RELOAD), { force: true })
}

/** Makes the link `name`, and renames it to `inPlaceOf`, which is replaced. */
function write(root: string, text: string, name: string, inPlaceOf?: string): void {
  try {
    using top = openDir(root)
    if (inPlaceOf !== undefined) rmSync(top.at(name), { force: true })
    symlinkSync(text, top.at(name))
    if (inPlaceOf !== undefined) renameSync(top.at(name), top.at(inPlaceOf))
  } catch (thrown) {
    throw new LocketError('io', `cannot mark ${root}: ${systemReason(errnoOf(thrown), 'write')}`, {
      cause: thrown,
    })
  }
}
