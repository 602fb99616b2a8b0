import { closeSync, constants, fchmodSync, fchownSync, lstatSync, mkdirSync, openSync } from 'node:fs'
import { renameSync, rmdirSync, symlinkSync } from 'node:fs'
import { isUtf8 } from 'node:buffer'
import { readlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { LocketError, errnoOf } from '../../core/vocabulary/errors.ts'
import type { FileTree, OutFile, TreeOptions } from '../../core/ports/files.ts'
import { foldersOf } from '../../core/plan/folders.ts'
import { openDir, openDirIfAny, openOrMakeDir, type DirHandle } from './dir-handle.ts'
import { openWipeBudget } from './overwrite.ts'
import { emptyFolder, namesIn, moveAside, type Disposal } from './wipe.ts'
import { writeBytes } from './write-bytes.ts'

// Containers may write below data/, as root even. So nothing below it is trusted to be what it was a moment
// ago: folders are opened without following links, entries are only renamed, and whatever goes is renamed
// into stage/ first, which no container sees.

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
const FULL = ['ENOSPC', 'EDQUOT']
/**
 * Leftovers in stage/: a replaced file may still have readers, so it is only unlinked; all else was seen by
 * nobody.
 */
const REPLACED = 'old'
const MARK = 'mark'

export function openFileTree(): FileTree {
  return { replaceAll, wipe, mark, markOf }
}

/** A file or folder in stage/, and where it goes. */
interface Staged {
  readonly name: string
  readonly path: string
}

async function replaceAll(root: string, files: readonly OutFile[], options: TreeOptions): Promise<void> {
  try {
    using top = openDir(root)
    using stage = openOrMakeDir(top.at('stage'))
    await emptyStage(stage)
    using data = openOrMakeDir(top.at('data'))
    try {
      const staged = await stageAll(stage, data, files, options)
      commit(stage, data, staged, files, options)
    } finally {
      await emptyStage(stage)
    }
  } catch (error) {
    throw writeError(root, error)
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

/** The target of a link: a tmpfs keeps up to 127 bytes of it without a page. */
async function mark(root: string, text: string): Promise<void> {
  try {
    using top = openDir(root)
    symlinkSync(text, top.at(MARK))
  } catch (error) {
    throw writeError(root, error)
  }
}

async function markOf(root: string): Promise<string | undefined> {
  try {
    return await readlink(join(root, MARK))
  } catch {
    return undefined
  }
}

/** Everything that can fail for want of room happens here, where no container sees it. */
async function stageAll(
  stage: DirHandle,
  data: DirHandle,
  files: readonly OutFile[],
  options: TreeOptions,
): Promise<Staged[]> {
  const staged: Staged[] = []
  for (const path of foldersOf(files.map((file) => file.path))) {
    using existing = openBelow(data, path)
    if (existing !== undefined) continue
    const name = `new-${staged.length}`
    mkdirSync(stage.at(name), { mode: 0o700 })
    using folder = openDir(stage.at(name))
    setOwnerAndMode(folder.fd, options, options.dirMode)
    staged.push({ name, path })
  }
  for (const file of files) {
    const name = `new-${staged.length}`
    await writeFile(stage.at(name), file, options)
    staged.push({ name, path: file.path })
  }
  return staged
}

async function writeFile(path: string, file: OutFile, options: TreeOptions): Promise<void> {
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    await writeBytes(fd, file.content.reveal())
    setOwnerAndMode(fd, options, file.mode)
  } finally {
    closeSync(fd)
  }
}

/** Synchronous from the first rename to the last. */
function commit(
  stage: DirHandle,
  data: DirHandle,
  staged: readonly Staged[],
  files: readonly OutFile[],
  options: TreeOptions,
): void {
  const folders = new Set(foldersOf(files.map((file) => file.path)))
  const wanted = new Set([...folders, ...files.map((file) => file.path)])
  for (const { name, path } of staged) {
    using parent = openParent(data, path)
    place(stage, name, parent, basename(path), !folders.has(path))
  }
  for (const path of folders) {
    using folder = openBelow(data, path)
    if (folder === undefined)
      throw new LocketError('io', `folder ${path} was replaced by something else meanwhile`)
    setOwnerAndMode(folder.fd, options, options.dirMode)
    removeOthers(folder, `${path}/`, wanted, stage)
  }
  removeOthers(data, '', wanted, stage)
  setOwnerAndMode(data.fd, options, options.rootMode)
}

/** A file over a file is one rename; whatever else is in the way goes aside first. */
function place(stage: DirHandle, name: string, parent: DirHandle, target: string, isFile: boolean): void {
  const inTheWay = lstatSync(parent.at(target), { throwIfNoEntry: false })
  if (inTheWay !== undefined && (inTheWay.isDirectory() || !isFile))
    moveAside(parent, target, stage, REPLACED)
  renameSync(stage.at(name), parent.at(target))
}

function removeOthers(
  folder: DirHandle,
  prefix: string,
  wanted: ReadonlySet<string>,
  stage: DirHandle,
): void {
  for (const name of namesIn(folder)) {
    if (!wanted.has(`${prefix}${name.toString()}`) || !isUtf8(name)) moveAside(folder, name, stage, REPLACED)
  }
}

function openParent(data: DirHandle, path: string): DirHandle {
  const folder = dirname(path)
  const opened = folder === '.' ? openDir(`${data.self}/.`) : openBelow(data, folder)
  if (opened === undefined)
    throw new LocketError('io', `folder ${folder} was replaced by something else meanwhile`)
  return opened
}

/** Segment by segment, so that no link on the way is followed. Undefined: not a folder all the way. */
function openBelow(data: DirHandle, path: string): DirHandle | undefined {
  let current = openDir(`${data.self}/.`)
  for (const segment of path.split('/')) {
    const next = openDirIfAny(current.at(segment))
    current[Symbol.dispose]()
    if (next === undefined) return undefined
    current = next
  }
  return current
}

/** The owner first: chown clears the setuid and setgid bits. */
function setOwnerAndMode(fd: number, { uid, gid }: TreeOptions, mode: number): void {
  fchownSync(fd, uid ?? process.geteuid?.() ?? 0, gid ?? process.getegid?.() ?? 0)
  fchmodSync(fd, mode)
}

async function emptyStage(stage: DirHandle): Promise<void> {
  const disposal = (name: string): Disposal => (name.startsWith(`${REPLACED}-`) ? 'unlink' : 'overwrite')
  const failures = await emptyFolder(stage, { stage, disposal })
  if (failures.length > 0)
    throw new LocketError('io', `cannot empty its stage: ${failures.slice(0, 3).join(', ')}`)
}

function writeError(root: string, error: unknown): LocketError {
  const errno = errnoOf(error)
  if (errno !== undefined && FULL.includes(errno)) {
    return new LocketError('too_large', `the files do not fit into ${root}: ${errno}`, {
      cause: error,
      hint: 'raise the driver option size',
    })
  }
  const reason = error instanceof Error && errno === undefined ? error.message : errno
  return new LocketError('io', `cannot write the files of ${root}: ${reason ?? 'unknown error'}`, {
    cause: error,
  })
}
