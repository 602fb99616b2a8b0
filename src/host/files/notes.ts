import { symlinkSync, unlinkSync } from 'node:fs'
import { lstat, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from '../../core/vocabulary/errors.ts'
import type { FileTree } from '../../core/ports/files.ts'
import { openDir, openDirIfAny } from './dir-handle.ts'
import { treeError } from './write-error.ts'

// Notes about a volume, beside its data/. Each is a link: a tmpfs keeps up to 127 bytes of its target without
// a page.

const MARK = 'mark'
const RELOAD = 'reload'

/** The notes that a file tree keeps. */
export const NOTES: Pick<FileTree, 'mark' | 'markOf' | 'oweReload' | 'isReloadOwed' | 'reloadDone'> = {
  async mark(root, text) {
    write(root, MARK, text)
  },

  async markOf(root) {
    try {
      return await readlink(join(root, MARK))
    } catch {
      return undefined
    }
  },

  async oweReload(root) {
    write(root, RELOAD, 'owed')
  },

  async isReloadOwed(root) {
    return lstat(join(root, RELOAD)).then(
      () => true,
      () => false,
    )
  },

  async reloadDone(root) {
    try {
      using top = openDirIfAny(root)
      if (top !== undefined) unlinkSync(top.at(RELOAD))
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw treeError(root, error)
    }
  },
}

function write(root: string, name: string, text: string): void {
  try {
    using top = openDir(root)
    symlinkSync(text, top.at(name))
  } catch (error) {
    throw treeError(root, error)
  }
}
