import type { BigIntStats } from 'node:fs'
import { readdir, readlink, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { liesUnder } from '../../core/plan/paths.ts'
import { errnoOf } from '../../core/vocabulary/errors.ts'
import { isTemplateName } from './source-trees.ts'

/** Folders below this depth are not watched. A list of the files is refused there too. */
const DEEPEST = 64
/** As many links as the kernel follows. */
const MOST_LINKS = 40

/** The files at the watched paths, and the folders that tell of a change there. Folders are real paths. */
export interface Look {
  /** Each file by its path as the caller knows it, and each watched path. The text changes with the file. */
  readonly places: Map<string, string>
  /** The paths in `places` that are this plain file. */
  readonly plain: Map<string, string[]>
  /** Entries of folders that decide what is at several places: links, folders, and what is missing. */
  readonly joints: Set<string>
  /** Folders in which a new entry may be a template. */
  readonly deep: Set<string>
  /** Folders to watch, each with its identity: a folder that was replaced must be watched anew. */
  readonly folders: Map<string, string>
}

/** Looks at all paths. Never rejects: what cannot be read is a place that is missing. */
export async function lookAt(paths: readonly string[], isDeep: boolean): Promise<Look> {
  const look: Look = {
    places: new Map(),
    plain: new Map(),
    joints: new Set(),
    deep: new Set(),
    folders: new Map(),
  }
  const ways: Ways = new Map()
  await Promise.all(paths.map((path) => lookAtPath(path, isDeep, look, ways)))
  return look
}

/** Returns a text that changes when the file is replaced or written. */
export function identityOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`
}

/** Follows links. A missing file is `missing`. */
async function identifyFile(path: string): Promise<string> {
  try {
    return identityOf(await stat(path, { bigint: true }))
  } catch {
    return 'missing'
  }
}

/** The real path of each path that was asked for, so that a thousand files of a folder ask once. */
type Ways = Map<string, Promise<string | undefined>>

async function lookAtPath(path: string, isDeep: boolean, look: Look, ways: Ways): Promise<void> {
  const real = await follow(path, look, ways, MOST_LINKS)
  if (real === undefined) return void look.places.set(path, 'missing')
  if (real !== '/') await addFolder(dirname(real), look)
  if (!isDeep) return await addFile(path, real, look)
  try {
    await lookBelow({ path, real, root: real, depth: 0 }, look, ways)
    look.joints.add(real)
    look.places.set(path, `folder ${look.folders.get(real) ?? ''}`)
  } catch (thrown) {
    // It is a file, or a folder that was removed meanwhile.
    await addFile(path, real, look)
    if (errnoOf(thrown) !== 'ENOTDIR') look.joints.add(real)
  }
}

async function addFile(place: string, real: string, look: Look): Promise<void> {
  look.places.set(place, await identifyFile(real))
  const others = look.plain.get(real)
  if (others === undefined) look.plain.set(real, [place])
  else others.push(place)
}

/**
 * Returns the path with every link followed, or undefined when nothing is there. Adds to `look` every entry
 * on the way whose replacement leads elsewhere, and the folders of these entries.
 */
function follow(path: string, look: Look, ways: Ways, links: number): Promise<string | undefined> {
  if (path === '/') return Promise.resolve(path)
  const known = ways.get(path)
  if (known !== undefined) return known
  const way = followOnce(path, look, ways, links)
  ways.set(path, way)
  return way
}

async function followOnce(path: string, look: Look, ways: Ways, links: number): Promise<string | undefined> {
  const parent = await follow(dirname(path), look, ways, links)
  if (parent === undefined) return undefined
  const entry = join(parent, basename(path))
  look.joints.add(parent)
  try {
    const target = await readlink(entry)
    look.joints.add(entry)
    await addFolder(parent, look)
    return links === 0 ? undefined : await follow(resolve(parent, target), look, ways, links - 1)
  } catch (thrown) {
    const isMissing = errnoOf(thrown) !== 'EINVAL'
    await addFolder(parent, look, isMissing ? 'any' : 'quiet')
    if (!isMissing) return entry
    look.joints.add(entry)
    return undefined
  }
}

const STICKY_AND_WRITABLE = 0o1002

/**
 * `quiet`: leaves out a folder such as /tmp, in which everybody makes files all the time. It matters only if
 * the folder below it is replaced, which the slow poll notices.
 */
async function addFolder(real: string, look: Look, which: 'any' | 'quiet' = 'any'): Promise<void> {
  if (look.folders.has(real)) return
  const facts = await stat(real).catch(() => undefined)
  if (facts === undefined) return
  if (which === 'quiet' && (facts.mode & STICKY_AND_WRITABLE) === STICKY_AND_WRITABLE) return
  // Not its times, which each new entry changes.
  look.folders.set(real, `${facts.dev} ${facts.ino}`)
}

interface Inner {
  /** As the caller knows it. */
  readonly path: string
  readonly real: string
  readonly root: string
  readonly depth: number
}

/** Adds the files below a folder. Rejects with the system's error when the folder cannot be read. */
async function lookBelow({ path, real, root, depth }: Inner, look: Look, ways: Ways): Promise<void> {
  const entries = await readdir(real, { withFileTypes: true })
  await addFolder(real, look)
  look.deep.add(real)
  const inner: Inner[] = []
  const files: Promise<void>[] = []
  for (const entry of entries) {
    if (!isTemplateName(entry.name)) continue
    const place = join(path, entry.name)
    const own = join(real, entry.name)
    if (entry.isSymbolicLink()) {
      const target = await follow(own, look, ways, MOST_LINKS)
      if (target !== undefined && (await isFolderBelow(own, target, root)))
        inner.push({ path: place, real: target, root, depth: depth + 1 })
      else if (target === undefined) look.places.set(place, 'missing')
      else files.push(addFile(place, target, look))
    } else if (entry.isDirectory()) {
      look.joints.add(own)
      inner.push({ path: place, real: own, root, depth: depth + 1 })
    } else files.push(addFile(place, own, look))
  }
  await Promise.all(files)
  if (depth < DEEPEST) for (const folder of inner) await lookBelow(folder, look, ways)
}

/**
 * Returns true for a link to a folder below the root. A link to a folder outside is refused elsewhere; here
 * it must not lead through the whole disk.
 */
async function isFolderBelow(link: string, target: string, root: string): Promise<boolean> {
  try {
    if (!liesUnder(target, root) || liesUnder(dirname(link), target)) return false
    return (await stat(await realpath(target))).isDirectory()
  } catch {
    return false
  }
}
