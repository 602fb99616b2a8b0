import { randomBytes } from 'node:crypto'
import { lstatSync, mkdirSync, readlinkSync, renameSync, symlinkSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { parentFolders } from '../../../core/plan/paths.ts'
import type { Changes } from '../../../core/ports/files.ts'
import { openWithin, openDir, openDirIfAny, type DirHandle } from '../dir-handle.ts'
import { inodeIfSame, setOwnerAndMode, stageFile } from '../staged-file.ts'
import { namesIn } from '../wipe.ts'
import { place, removeOthers, type NewContent } from './place.ts'

// The layout of Kubernetes' AtomicWriter (pkg/volume/util/atomic_writer.go): data/NAME is a link to
// ..data/NAME, and ..data is a link to the folder of the generation. One rename of ..data changes all files.

const CURRENT = '..data'
const FOLDER = /^\.\.gen-[0-9a-f]{16}$/

/**
 * Makes `data/` hold a generation with exactly the files. A generation that is equal stays, with all inodes;
 * otherwise every file is a new one. A process that dies at any step leaves one whole generation behind
 * `..data`; the next call removes what is left of the others.
 */
export async function commitGeneration(generation: NewContent): Promise<Changes> {
  const { stage, data, files, options, owner } = generation
  const folders = parentFolders(files.map(({ path }) => path))
  const tops = new Set(files.map(({ path }) => path.split('/', 1)[0] ?? ''))
  const before = currentFolder(data)
  const changes = await compare(generation, before, new Set([...folders, ...files.map(({ path }) => path)]))
  const isSame = changes.changed.length + changes.made.length + changes.gone.length === 0
  const name = isSame && before !== undefined ? before : await stageGeneration(generation, folders)
  using folder = openDir(data.at(name))
  setOwnerAndMode(folder.fd, owner, options.rootMode)
  for (const path of folders) {
    using inner = openWithin(folder, path)
    if (inner !== undefined) setOwnerAndMode(inner.fd, owner, options.dirMode)
  }
  point(CURRENT, name, generation)
  for (const top of tops) point(top, `${CURRENT}/${top}`, generation)
  const touched = options.touched === undefined ? [] : [options.touched]
  const others = removeOthers(data, '', new Set([...tops, ...touched, CURRENT, name]), stage)
  setOwnerAndMode(data.fd, owner, options.rootMode)
  const gone = others.filter((other) => !FOLDER.test(other))
  return { ...changes, gone: [...changes.gone.filter((path) => path.includes('/')), ...gone] }
}

/**
 * Returns the name of the folder of the generation that containers see. A container may have made another
 * link.
 */
function currentFolder(data: DirHandle): string | undefined {
  try {
    const name = readlinkSync(data.at(CURRENT))
    if (!FOLDER.test(name)) return undefined
    using folder = openDirIfAny(data.at(name))
    return folder === undefined ? undefined : name
  } catch {
    return undefined
  }
}

/** Compares the files with those of a generation. `wanted`: the paths of files and folders. */
async function compare(
  { data, files, owner, pace }: NewContent,
  before: string | undefined,
  wanted: ReadonlySet<string>,
): Promise<Changes> {
  const changes = { changed: [] as string[], made: [] as string[], gone: [] as string[] }
  using folder = before === undefined ? undefined : openDirIfAny(data.at(before))
  for (const file of files) {
    await pace()
    using parent = folder && openWithin(folder, dirname(file.path))
    const path = parent?.at(basename(file.path))
    const found = path === undefined ? undefined : lstatSync(path, { throwIfNoEntry: false })
    if (path === undefined || found === undefined) changes.made.push(file.path)
    else if ((await inodeIfSame(path, { ...file, owner: file.owner ?? owner })) === undefined)
      changes.changed.push(file.path)
  }
  if (folder !== undefined) changes.gone.push(...unwanted(folder, '', wanted))
  return changes
}

/** Returns the paths of entries that are not wanted. A folder is named instead of the entries in it. */
function unwanted(folder: DirHandle, prefix: string, wanted: ReadonlySet<string>): string[] {
  return namesIn(folder).flatMap((bytes) => {
    const path = `${prefix}${bytes.toString()}`
    if (!wanted.has(path)) return [path]
    using inner = openDirIfAny(folder.at(bytes.toString()))
    return inner === undefined ? [] : unwanted(inner, `${path}/`, wanted)
  })
}

/** Writes all files into a new folder in stage/, and moves it into data/. Returns its name. */
async function stageGeneration(
  { stage, data, files, owner, pace }: NewContent,
  folders: readonly string[],
): Promise<string> {
  const name = `..gen-${randomBytes(8).toString('hex')}`
  mkdirSync(stage.at('next'), { mode: 0o700 })
  using next = openDir(stage.at('next'))
  for (const path of folders) {
    await pace()
    using parent = openWithin(next, dirname(path))
    if (parent !== undefined) mkdirSync(parent.at(basename(path)), { mode: 0o700 })
  }
  for (const file of files) {
    await pace()
    using parent = openWithin(next, dirname(file.path))
    if (parent !== undefined)
      await stageFile(parent.at(basename(file.path)), { ...file, owner: file.owner ?? owner })
  }
  renameSync(stage.at('next'), data.at(name))
  return name
}

/** Makes `data/NAME` a link to the target, by one rename. A link that is right already is not touched. */
function point(name: string, target: string, { stage, data }: NewContent): void {
  const found = lstatSync(data.at(name), { throwIfNoEntry: false })
  if (found?.isSymbolicLink() === true && readlinkSync(data.at(name)) === target) return
  symlinkSync(target, stage.at('link'))
  place(stage, { name: 'link', path: name, isFolder: false }, data)
}
