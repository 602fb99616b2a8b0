import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
} from 'node:fs'
import { readSync, realpathSync, renameSync, rmdirSync, type Stats } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { errnoOf, isLocketError, LocketError } from '../../core/vocabulary/errors.ts'
import type { Place, Placed, PlacedFile, PlacedFiles, PlaceOptions } from '../../core/ports/files.ts'
import { openDir, openDirIfAny, type DirHandle } from './dir-handle.ts'
import { refuseSpecial, refuseSpecialPlaces } from './special-file.ts'
import { removeFile } from './wipe.ts'
import { writeBytes } from './write-bytes.ts'
import { writeError } from './write-error.ts'

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants
const FULL = ['ENOSPC', 'EDQUOT']

export function openPlacedFiles(): PlacedFiles {
  return { write, remove }
}

/** One call of `write`: the folders that it holds open and what it has made so far. */
interface Work extends Disposable {
  /** The folder of a file, by its absolute path; made if need be. */
  folderOf(file: Place): DirHandle
  readonly folders: readonly string[]
}

interface Staged {
  readonly file: PlacedFile
  readonly folder: DirHandle
  readonly name: string
  readonly temporary: string
  readonly isNew: boolean
}

async function write(files: readonly PlacedFile[], options: PlaceOptions): Promise<Placed> {
  using work = openWork()
  const staged: Staged[] = []
  const made: Place[] = []
  try {
    refuseSpecialPlaces(files)
    for (const file of files) {
      try {
        const folder = work.folderOf(file)
        const next = await stage(file, folder, options)
        if (next !== undefined) staged.push(next)
      } catch (thrown) {
        throw placeError(file, thrown)
      }
    }
    commit(staged, made)
    for (const folder of work.folders) finishFolder(folder, options)
    return { made, folders: work.folders, changed: staged.length }
  } catch (thrown) {
    for (const { folder, temporary } of staged) await removeIfAny(folder.at(temporary))
    // What went wrong first is what matters to its reader.
    await remove(made, work.folders).catch(() => undefined)
    throw thrown
  }
}

async function remove(files: readonly Place[], folders: readonly string[]): Promise<void> {
  const failures: string[] = []
  for (const { folder, path } of files) {
    try {
      using parent = openBelow(folder, dirname(path))
      if (parent !== undefined) await removeIfAny(parent.at(basename(path)))
    } catch (thrown) {
      failures.push(`${join(folder, path)}: ${errnoOf(thrown) ?? 'unknown error'}`)
    }
  }
  for (const folder of folders.toReversed()) removeIfEmpty(folder)
  if (failures.length === 0) return
  const more = failures.length > 3 ? ', …' : ''
  throw new LocketError('io', `cannot remove ${failures.slice(0, 3).join(', ')}${more}`)
}

function openWork(): Work {
  const stack = new DisposableStack()
  const open = new Map<string, DirHandle>()
  const folders: string[] = []
  const keep = (path: string, handle: DirHandle): DirHandle => {
    open.set(path, stack.use(handle))
    return handle
  }
  return {
    folders,
    folderOf({ folder, path }) {
      let handle = open.get(folder) ?? keep(folder, openDir(makeAbove(folder, folders)))
      let at = folder
      for (const segment of path.split('/').slice(0, -1)) {
        const inner = join(at, segment)
        handle = open.get(inner) ?? keep(inner, openOrMake(handle, segment, inner, folders))
        at = inner
      }
      return handle
    },
    [Symbol.dispose]: () => stack.dispose(),
  }
}

/** A folder that the user named, behind every link; what of it is missing is made. */
function makeAbove(path: string, folders: string[]): string {
  try {
    return realpathSync(path)
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT' || dirname(path) === path) throw thrown
  }
  const own = join(makeAbove(dirname(path), folders), basename(path))
  mkdirSync(own, { mode: 0o700 })
  folders.push(own)
  return own
}

function openOrMake(parent: DirHandle, name: string, path: string, folders: string[]): DirHandle {
  try {
    mkdirSync(parent.at(name), { mode: 0o700 })
    folders.push(path)
  } catch (thrown) {
    if (errnoOf(thrown) !== 'EEXIST') throw thrown
    if (lstatSync(parent.at(name)).isSymbolicLink())
      throw new LocketError('io', `${path} is a link, which outputs do not follow`, {
        hint: 'name the folder that it leads to',
      })
  }
  return openDir(parent.at(name))
}

/** Undefined: what is there is the same already. */
async function stage(
  file: PlacedFile,
  folder: DirHandle,
  options: PlaceOptions,
): Promise<Staged | undefined> {
  const name = basename(file.path)
  const before = lstatSync(folder.at(name), { throwIfNoEntry: false })
  if (before?.isDirectory() === true)
    throw new LocketError('plan_conflict', `${join(file.folder, file.path)} is a folder`)
  if (before !== undefined) refuseSpecial(file, folder.at(name), before)
  if (before !== undefined && options.existing === 'refuse')
    throw new LocketError('plan_conflict', `${join(file.folder, file.path)} is there already`)
  if (before !== undefined && isSame(folder.at(name), before, file, options)) return undefined
  const temporary = `.locket-${createHash('sha256').update(name).digest('hex').slice(0, 16)}.tmp`
  const fd = await openNew(folder.at(temporary))
  try {
    await writeBytes(fd, file.content.reveal())
    giveAway(fd, options.owner)
    fchmodSync(fd, options.fileMode)
  } catch (thrown) {
    await removeIfAny(folder.at(temporary))
    throw thrown
  } finally {
    closeSync(fd)
  }
  return { file, folder, name, temporary, isNew: before === undefined }
}

/** What is there already is of a process that was killed: only one at a time writes a file. */
async function openNew(path: string): Promise<number> {
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
  try {
    return openSync(path, flags, 0o600)
  } catch (thrown) {
    if (errnoOf(thrown) !== 'EEXIST') throw thrown
    await removeIfAny(path)
    return openSync(path, flags, 0o600)
  }
}

/** Synchronous from the first rename to the last. */
function commit(staged: readonly Staged[], made: Place[]): void {
  for (const { file, folder, name, temporary, isNew } of staged) {
    try {
      renameSync(folder.at(temporary), folder.at(name))
    } catch (thrown) {
      throw placeError(file, thrown)
    }
    if (isNew) made.push({ folder: file.folder, path: file.path })
  }
}

/** Rewriting what has not changed would wake up whoever watches it. */
function isSame(path: string, before: Stats, { content }: PlacedFile, options: PlaceOptions): boolean {
  const { fileMode, owner } = options
  const { uid, gid } = owner ?? ownerOfProcess()
  const isKept = before.isFile() && before.size === content.byteLength && before.nlink === 1
  if (!isKept || (before.mode & 0o7777) !== fileMode || before.uid !== uid || before.gid !== gid) return false
  const bytes = new Uint8Array(before.size)
  let fd: number
  try {
    fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  } catch {
    // A mode that its own writer cannot read.
    return false
  }
  try {
    let length = 0
    for (let read = 1; read > 0 && length < bytes.length; length += read)
      read = readSync(fd, bytes, length, bytes.length - length, length)
    return length === bytes.length && Buffer.compare(bytes, content.reveal()) === 0
  } finally {
    closeSync(fd)
    bytes.fill(0)
  }
}

function finishFolder(path: string, { owner, dirMode }: PlaceOptions): void {
  try {
    using folder = openDir(path)
    giveAway(folder.fd, owner)
    fchmodSync(folder.fd, dirMode)
  } catch (thrown) {
    throw writeError(path, thrown)
  }
}

/** Before the mode: chown clears the setuid and setgid bits. A folder with the setgid bit gives its group to what is made in it. */
function giveAway(fd: number, owner: PlaceOptions['owner']): void {
  const wanted = owner ?? ownerOfProcess()
  const { uid, gid } = fstatSync(fd)
  if (uid === wanted.uid && gid === wanted.gid) return
  try {
    fchownSync(fd, wanted.uid, wanted.gid)
  } catch (thrown) {
    if (errnoOf(thrown) !== 'EPERM') throw thrown
    throw new LocketError('io', `this user may not give files to ${wanted.uid}:${wanted.gid}`, {
      cause: thrown,
      hint: 'leave out --user, or run as root with CAP_CHOWN',
    })
  }
}

function ownerOfProcess() {
  return { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
}

/** What has another name elsewhere keeps its content there: it may be anybody's. */
async function removeIfAny(path: string): Promise<void> {
  try {
    await removeFile(path, lstatSync(path).nlink > 1 ? 'unlink' : 'overwrite')
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

/** Undefined when it is not a folder all the way. */
function openBelow(folder: string, path: string): DirHandle | undefined {
  let real: string
  try {
    real = realpathSync(folder)
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return undefined
    throw thrown
  }
  let current = openDirIfAny(real)
  for (const segment of path === '.' ? [] : path.split('/')) {
    if (current === undefined) return undefined
    using parent = current
    current = openDirIfAny(parent.at(segment))
  }
  return current
}

function placeError({ folder, path }: PlacedFile, thrown: unknown): unknown {
  const target = join(folder, path)
  if (FULL.includes(errnoOf(thrown) ?? ''))
    return new LocketError('too_large', `no room for ${target}: ${errnoOf(thrown)}`, { cause: thrown })
  if (isLocketError(thrown)) return thrown
  return writeError(target, thrown)
}
