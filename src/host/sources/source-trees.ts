import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { liesUnder } from '../../core/plan/paths.ts'
import { errnoOf, isLocketError, LocketError } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import type { SourceListing, SourceTrees } from '../../core/ports/files.ts'

/** Largest number of files. A mistake like `/usr` as a source must end before memory does. */
const MOST_FILES = 20_000
const DEEPEST = 64

/** Returns the functions that list the files of a source and find real paths. */
export function openSourceTrees(): SourceTrees {
  return { list, realPath }
}

async function list(path: string): Promise<SourceListing> {
  try {
    const facts = await statOrNothing(path)
    if (facts === undefined) {
      // Rejects if the folder is missing too: it may come back, and no template was deleted.
      await stat(dirname(path))
      return { kind: 'missing' }
    }
    if (facts.isFile()) return { kind: 'file' }
    if (!facts.isDirectory()) throw new LocketError('io', `${path} is neither a file nor a folder`)
    return { kind: 'folder', files: await filesBelow(await realpath(path), path) }
  } catch (thrown) {
    if (isLocketError(thrown)) throw thrown
    throw new LocketError('io', `cannot read ${path}: ${systemReason(errnoOf(thrown), 'read')}`, {
      cause: thrown,
    })
  }
}

/**
 * Files that vim, Emacs, editors of JetBrains and most others keep beside a file while it is edited, or as
 * its last version.
 */
const EDITORS_OWN = /~$|^\.#|^#.*#$|^\..*\.sw[a-z]$|^4913$|___jb_(tmp|old|bak)___$/

/**
 * Returns false for an entry of a folder that is not a template: the temporary file of an editor, or the
 * entries `..data` and `..2026_01_01`, which Kubernetes keeps behind links.
 */
export function isTemplateName(name: string): boolean {
  return !EDITORS_OWN.test(name) && !name.startsWith('..')
}

async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (thrown) {
    if (dirname(path) === path) throw thrown
    return join(await realPath(dirname(path)), basename(path))
  }
}

interface Folder {
  /** Behind every link. */
  readonly real: string
  /** Path below the source; empty for the source itself. */
  readonly path: string
  /** Real paths of the folders above it and its own: a link to one of them leads in circles. */
  readonly above: readonly string[]
}

/**
 * Returns the paths of all files below a folder. They are sorted, so that the same folder always gives the
 * same list.
 */
async function filesBelow(root: string, shown: string): Promise<string[]> {
  const files: string[] = []
  const waiting: Folder[] = [{ real: root, path: '', above: [root] }]
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const entry of await readdir(folder.real, { withFileTypes: true })) {
      const path = folder.path === '' ? entry.name : `${folder.path}/${entry.name}`
      if (!isTemplateName(entry.name)) continue
      const real = join(folder.real, entry.name)
      const found = entry.isSymbolicLink() ? await followed(real, root, join(shown, path)) : { real, entry }
      if (found.entry.isFile()) files.push(path)
      else if (found.entry.isDirectory()) waiting.push(inside(folder, found.real, path, shown))
      else throw new LocketError('io', `${join(shown, path)} is neither a file nor a folder`)
      if (files.length > MOST_FILES)
        throw new LocketError('io', `${shown} holds more than ${MOST_FILES} files`)
    }
  }
  return files.toSorted()
}

function inside({ above }: Folder, real: string, path: string, shown: string): Folder {
  if (above.includes(real)) throw new LocketError('io', `${join(shown, path)} is a link to a folder above it`)
  if (above.length > DEEPEST) throw new LocketError('io', `${shown} holds folders more than ${DEEPEST} deep`)
  return { real, path, above: [...above, real] }
}

async function followed(link: string, root: string, shown: string) {
  const real = await realpath(link).catch((thrown: unknown) => {
    throw new LocketError('io', `${shown} is a link that leads nowhere`, { cause: thrown })
  })
  if (!liesUnder(real, root))
    throw new LocketError('denied', `${shown} is a link that leads out of its source folder`, {
      hint: 'links are followed inside a source only: name what it leads to as a source of its own',
    })
  return { real, entry: await stat(real) }
}

async function statOrNothing(path: string) {
  try {
    return await stat(path)
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT') throw thrown
    return undefined
  }
}
