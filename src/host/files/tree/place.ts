import { isUtf8 } from 'node:buffer'
import { lstatSync, renameSync } from 'node:fs'
import { basename } from 'node:path'
import type { OutFile, TreeOptions } from '../../../core/ports/files.ts'
import type { Owner } from '../../../core/text/units.ts'
import type { createPace } from '../../../core/waiting/turns.ts'
import type { DirHandle } from '../dir-handle.ts'
import { moveAside, namesIn } from '../wipe.ts'

/**
 * Prefix in stage/ of a replaced file. Such a file may still have readers, so it is only unlinked; every
 * other file there is overwritten.
 */
export const REPLACED = 'old'

/** One call of `replaceAll`. */
export interface NewContent {
  readonly stage: DirHandle
  readonly data: DirHandle
  readonly files: readonly OutFile[]
  readonly options: TreeOptions
  /** The owner of folders, and of files without an owner of their own. */
  readonly owner: Owner
  readonly pace: ReturnType<typeof createPace>
}

/** A file or folder in stage/, and its place in data/. */
export interface Staged {
  readonly name: string
  readonly path: string
  readonly isFolder: boolean
}

/**
 * Moves one staged entry into place. A file or link replaces a file by one rename; any other entry in the way
 * is moved aside first. Returns true when there was an entry.
 */
export function place(stage: DirHandle, { name, path, isFolder }: Staged, parent: DirHandle): boolean {
  const target = basename(path)
  const inTheWay = lstatSync(parent.at(target), { throwIfNoEntry: false })
  if (inTheWay !== undefined && (inTheWay.isDirectory() || isFolder))
    moveAside(parent, target, stage, REPLACED)
  renameSync(stage.at(name), parent.at(target))
  return inTheWay !== undefined
}

/** Moves aside the entries that are not wanted. Returns their paths. */
export function removeOthers(
  folder: DirHandle,
  prefix: string,
  wanted: ReadonlySet<string>,
  stage: DirHandle,
): string[] {
  const others = namesIn(folder).filter((name) => !wanted.has(`${prefix}${name.toString()}`) || !isUtf8(name))
  for (const name of others) moveAside(folder, name, stage, REPLACED)
  return others.map((name) => `${prefix}${name.toString()}`)
}
