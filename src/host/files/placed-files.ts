import { createHash } from 'node:crypto'
import { lstatSync, realpathSync, renameSync, rmdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { errnoOf, isLocketError, LocketError } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import type { Place, Placed, PlacedFile, PlacedFiles, PlaceOptions } from '../../core/ports/files.ts'
import { openBelow, openDirIfAny, type DirHandle } from './dir-handle.ts'
import { openPlacedFolders } from './placed-folders.ts'
import { inodeIfSame, ownerOfProcess, stageFile } from './staged-file.ts'
import { refuseSpecial, refuseSpecialPlaces } from './special-file.ts'
import { removeFile } from './wipe.ts'
import { FULL, writeError } from './write-error.ts'

/** Returns the functions that write and remove files at paths that users name. */
export function openPlacedFiles(): PlacedFiles {
  return { write, remove }
}

interface StagedPlace {
  readonly file: PlacedFile
  readonly folder: DirHandle
  readonly name: string
  readonly temporary: string
  readonly isNew: boolean
}

async function write(files: readonly PlacedFile[], options: PlaceOptions): Promise<Placed> {
  using folders = openPlacedFolders()
  const staged: StagedPlace[] = []
  const made: Place[] = []
  const changed: Place[] = []
  try {
    refuseSpecialPlaces(files)
    for (const file of files) {
      try {
        const next = await stage(file, folders.folderOf(file), options)
        if (next !== undefined) staged.push(next)
      } catch (thrown) {
        throw placeError(file, thrown)
      }
    }
    // Synchronous from the first rename to the last.
    for (const one of staged) (one.isNew ? made : changed).push(commit(one))
    folders.finish(options)
    return { changed, made, folders: folders.made }
  } catch (thrown) {
    for (const { folder, temporary } of staged) await removeIfAny(folder.at(temporary))
    // Keep the first error: it is more useful than the one from the clean-up.
    await remove(made, folders.made).catch(() => undefined)
    throw thrown
  }
}

async function remove(files: readonly Place[], folders: readonly string[]): Promise<void> {
  const failures: string[] = []
  for (const { folder, path } of files) {
    try {
      using parent = openFolder(folder, dirname(path))
      if (parent !== undefined) await removeIfAny(parent.at(basename(path)))
    } catch (thrown) {
      failures.push(`${join(folder, path)}: ${systemReason(errnoOf(thrown), 'write')}`)
    }
  }
  for (const folder of folders.toReversed()) removeIfEmpty(folder)
  if (failures.length === 0) return
  const more = failures.length > 3 ? ', …' : ''
  throw new LocketError('io', `cannot remove ${failures.slice(0, 3).join(', ')}${more}`)
}

/** Stages one file. Returns undefined when the existing file is the same already. */
async function stage(
  file: PlacedFile,
  folder: DirHandle,
  options: PlaceOptions,
): Promise<StagedPlace | undefined> {
  const name = basename(file.path)
  const before = lstatSync(folder.at(name), { throwIfNoEntry: false })
  const shown = join(file.folder, file.path)
  if (before?.isDirectory() === true)
    throw new LocketError('plan_conflict', `${shown} is a folder`, {
      hint: `write ${shown}/ to put the file into it`,
    })
  if (before !== undefined) refuseSpecial(file, folder.at(name), before)
  if (before !== undefined && file.existing === 'refuse')
    throw new LocketError('plan_conflict', `${shown} is there already`, {
      hint: 'remove it, or give --overwrite',
    })
  const owner = file.access?.owner ?? options.owner ?? ownerOfProcess()
  const wanted = { content: file.content, mode: file.access?.mode ?? options.fileMode, owner }
  if ((await inodeIfSame(folder.at(name), wanted)) !== undefined) return undefined
  const temporary = `.locket-${createHash('sha256').update(name).digest('hex').slice(0, 16)}.tmp`
  // Only one process at a time writes a file, so this is the leftover of a killed process.
  await removeIfAny(folder.at(temporary))
  try {
    await stageFile(folder.at(temporary), wanted)
  } catch (thrown) {
    await removeIfAny(folder.at(temporary))
    throw thrown
  }
  return { file, folder, name, temporary, isNew: before === undefined }
}

function commit({ file, folder, name, temporary }: StagedPlace): Place {
  try {
    renameSync(folder.at(temporary), folder.at(name))
  } catch (thrown) {
    throw placeError(file, thrown)
  }
  return { folder: file.folder, path: file.path }
}

/**
 * Removes a file. It is not overwritten when it has a second name, because its content may be in use there.
 */
async function removeIfAny(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return
  try {
    await removeFile(path, found.nlink > 1 ? 'unlink' : 'overwrite')
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT') throw thrown
  }
}

function removeIfEmpty(path: string): void {
  try {
    rmdirSync(path)
  } catch (thrown) {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST', 'EBUSY', 'ENOTDIR'].includes(errnoOf(thrown) ?? '')) throw thrown
  }
}

/**
 * Opens a folder. Links are followed in `folder`, never in `path`. Returns undefined when a segment is not a
 * folder.
 */
function openFolder(folder: string, path: string): DirHandle | undefined {
  let real: string
  try {
    real = realpathSync(folder)
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return undefined
    throw thrown
  }
  using top = openDirIfAny(real)
  return top && openBelow(top, path)
}

function placeError({ folder, path }: PlacedFile, thrown: unknown): unknown {
  const target = join(folder, path)
  if (FULL.includes(errnoOf(thrown) ?? ''))
    return new LocketError('too_large', `no room for ${target}: ${systemReason(errnoOf(thrown), 'write')}`, {
      cause: thrown,
    })
  if (isLocketError(thrown)) return thrown
  return writeError(target, thrown)
}
