import { lstatSync, mkdirSync, rmdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { LocketError, errnoOf } from '../../core/vocabulary/errors.ts'
import type { Changes, FileTree, OutFile, TouchOptions, TreeOptions } from '../../core/ports/files.ts'
import type { Owner } from '../../core/text/units.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import { createPace, type TurnClock } from '../../core/waiting/turns.ts'
import { parentFolders } from '../../core/plan/paths.ts'
import { openWithin, openDir, openDirIfAny, openOrMakeDir, type DirHandle } from './dir-handle.ts'
import {
  hasReload,
  readGeneration,
  readMark,
  removeReload,
  writeGeneration,
  writeMark,
  writeReload,
} from './tree/marks.ts'
import { commitGeneration } from './tree/generations.ts'
import { place, removeOthers, REPLACED, type NewContent, type Staged } from './tree/place.ts'
import { openWipeBudget } from './overwrite.ts'
import { inodeIfSame, ownerOfProcess, setOwnerAndMode, stageFile } from './staged-file.ts'
import { emptyFolder, type Disposal } from './wipe.ts'
import { treeError } from './write-error.ts'

// A container may write below data/, even as root. Any entry below it may have changed since it was last
// looked at: folders are opened without following links, entries are only renamed, and entries to remove are
// first renamed into stage/, which no container sees.

/**
 * Returns the functions that write and wipe the files of a volume. `clock` divides the writing of many files
 * into turns of the event loop.
 */
export function openFileTree(clock: TurnClock): FileTree {
  return {
    replaceAll: (root, files, options) => replaceAll(root, files, options, createPace(clock)),
    wipe,
    touch,
    mark: writeMark,
    markOf: readMark,
    keepGeneration: writeGeneration,
    generationOf: readGeneration,
    oweReload: writeReload,
    isReloadOwed: hasReload,
    reloadDone: removeReload,
  }
}

interface Prepared {
  readonly staged: readonly Staged[]
  /** Inodes of the files that need no change, by path. */
  readonly kept: ReadonlyMap<string, number>
}

async function replaceAll(
  root: string,
  files: readonly OutFile[],
  options: TreeOptions,
  pace: NewContent['pace'],
): Promise<Changes> {
  try {
    using top = openDir(root)
    using stage = openOrMakeDir(top.at('stage'))
    await emptyStage(stage)
    using data = openOrMakeDir(top.at('data'))
    try {
      const generation = { stage, data, files, options, owner: ownerOf(options), pace }
      return options.layout === 'generations'
        ? await commitGeneration(generation)
        : await commit(generation, await prepare(generation))
    } finally {
      await emptyStage(stage)
    }
  } catch (error) {
    throw treeError(root, error)
  }
}

async function wipe(root: string): Promise<void> {
  const failures: string[] = []
  try {
    using top = openDirIfAny(root)
    if (top === undefined) return
    {
      using stage = openOrMakeDir(top.at('stage'))
      const all = { stage, disposal: (): Disposal => 'overwrite', budget: openWipeBudget() }
      failures.push(...(await emptyFolder(top, { ...all, keep: 'stage' })))
      failures.push(...(await emptyFolder(stage, all)))
    }
    if (failures.length === 0) rmdirSync(top.at('stage'))
  } catch (error) {
    failures.push(errnoOf(error) ?? 'unknown error')
  }
  if (failures.length === 0) return
  throw new LocketError(
    'io',
    `cannot wipe ${root}: ${failures.slice(0, 3).join(', ')}${failures.length > 3 ? ', …' : ''}`,
  )
}

/** Renames a new file into place, so that no entry that a container made is opened. */
async function touch(root: string, name: string, options: TouchOptions): Promise<void> {
  try {
    using top = openDir(root)
    using stage = openOrMakeDir(top.at('stage'))
    await emptyStage(stage)
    using data = openDir(top.at('data'))
    const content = Secret.fromText('')
    await stageFile(stage.at('touched'), { content, mode: options.fileMode, owner: ownerOf(options) })
    place(stage, { name: 'touched', path: name, isFolder: false }, data)
    await emptyStage(stage)
  } catch (error) {
    throw treeError(root, error)
  }
}

function ownerOf(options: Pick<TreeOptions, 'uid' | 'gid'>): Owner {
  const { uid, gid } = ownerOfProcess()
  return { uid: options.uid ?? uid, gid: options.gid ?? gid }
}

/** Stages the files. Every step that can fail for lack of space happens here, where no container sees it. */
async function prepare({ stage, data, files, options, owner, pace }: NewContent): Promise<Prepared> {
  const staged: Staged[] = []
  const kept = new Map<string, number>()
  const nextName = () => `new-${staged.length}`
  for (const path of parentFolders(files.map((file) => file.path))) {
    await pace()
    using existing = openWithin(data, path)
    if (existing !== undefined) continue
    const name = nextName()
    mkdirSync(stage.at(name), { mode: 0o700 })
    using folder = openDir(stage.at(name))
    setOwnerAndMode(folder.fd, owner, options.dirMode)
    staged.push({ name, path, isFolder: true })
  }
  for (const file of files) {
    await pace()
    const wanted = { content: file.content, mode: file.mode, owner: file.owner ?? owner }
    using parent = openWithin(data, dirname(file.path))
    const inode = parent && (await inodeIfSame(parent.at(basename(file.path)), wanted))
    if (inode !== undefined) kept.set(file.path, inode)
    else {
      const name = nextName()
      await stageFile(stage.at(name), wanted)
      staged.push({ name, path: file.path, isFolder: false })
    }
  }
  return { staged, kept }
}

/**
 * Moves the staged files into place, one rename after the other. Only a volume of several hundred files lets
 * other work have its turn in between.
 */
async function commit(generation: NewContent, { staged, kept }: Prepared): Promise<Changes> {
  const { stage, data, files, options, owner, pace } = generation
  const changes = { changed: [] as string[], made: [] as string[], gone: [] as string[] }
  const folders = parentFolders(files.map((file) => file.path))
  const wanted = new Set([
    ...folders,
    ...files.map((file) => file.path),
    ...(options.touched === undefined ? [] : [options.touched]),
  ])
  for (const one of staged) {
    await pace()
    using parent = openParent(data, one.path)
    const wasThere = place(stage, one, parent)
    if (!one.isFolder) changes[wasThere ? 'changed' : 'made'].push(one.path)
  }
  for (const [path, inode] of kept) {
    await pace()
    using parent = openParent(data, path)
    if (lstatSync(parent.at(basename(path)), { throwIfNoEntry: false })?.ino !== inode) throw swapped(path)
  }
  for (const path of folders) {
    await pace()
    using folder = openWithin(data, path)
    if (folder === undefined) throw swapped(path)
    setOwnerAndMode(folder.fd, owner, options.dirMode)
    changes.gone.push(...removeOthers(folder, `${path}/`, wanted, stage))
  }
  changes.gone.push(...removeOthers(data, '', wanted, stage))
  setOwnerAndMode(data.fd, owner, options.rootMode)
  return changes
}

function openParent(data: DirHandle, path: string): DirHandle {
  const opened = openWithin(data, dirname(path))
  if (opened === undefined) throw swapped(dirname(path))
  return opened
}

function swapped(path: string): LocketError {
  return new LocketError('io', `${path} was replaced by something else meanwhile`)
}

async function emptyStage(stage: DirHandle): Promise<void> {
  const disposal = (name: string): Disposal => (name.startsWith(`${REPLACED}-`) ? 'unlink' : 'overwrite')
  const failures = await emptyFolder(stage, { stage, disposal })
  if (failures.length > 0)
    throw new LocketError('io', `cannot empty its stage: ${failures.slice(0, 3).join(', ')}`)
}
