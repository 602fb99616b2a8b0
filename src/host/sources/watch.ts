import { readdir, realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { liesUnder } from '../../core/plan/paths.ts'
import { errnoOf } from '../../core/vocabulary/errors.ts'
import type { WatchPaths } from '../../core/ports/files.ts'
import { isTemplateName } from './source-trees.ts'
import { openComparison } from './watch-compare.ts'
import { openEvents } from './watch-events.ts'

const LEAST_POLL_MS = 2000
/** A look at a thousand files takes some 30 ms: at most a fiftieth of a core goes into looking. */
const POLL_SHARE = 50
/** Folders are not followed deeper than this. A list of the files is refused there too. */
const DEEPEST = 64

/**
 * Any event at a path or beside it leads to a look at all of them, and a poll looks too: links further up,
 * folders that come back and network file systems send no events. Kubernetes swaps `..data`. When a watched
 * folder was replaced, by a rename or a link, the watch is opened anew: the old one stays with the old
 * folder.
 */
export const watchPaths: WatchPaths = async (paths, onChange, { debounceMs, isDeep }) => {
  const parents = paths.map((path) => dirname(path))
  const watched = isDeep
    ? [{ places: paths }, { places: [...new Set(parents)], depth: 0 }]
    : [{ places: [...new Set([...paths, ...parents])], depth: 0 }]
  let folders = ''
  let lookMs = 0
  let opened: Promise<AsyncDisposable> | undefined
  let isClosed = false

  async function identify(): Promise<string> {
    const start = performance.now()
    const looks = await Promise.all(paths.map((path) => lookAt(path, isDeep)))
    lookMs = performance.now() - start
    const now = looks.flatMap((look) => look.folders).join('\n')
    if (now !== folders) {
      folders = now
      if (opened !== undefined) opened = reopen(opened)
    }
    return looks.flatMap((look) => [...look.folders, ...look.files]).join('\n')
  }
  /** Never rejects: nobody waits for it before the end, and the poll goes on. */
  async function reopen(before: Promise<AsyncDisposable>): Promise<AsyncDisposable> {
    try {
      await (await before)[Symbol.asyncDispose]()
      return await open()
    } catch {
      return { [Symbol.asyncDispose]: async () => undefined }
    }
  }
  async function open(): Promise<AsyncDisposable> {
    const events = await openEvents(watched, noticed)
    // Between the last look and now nobody watched.
    noticed()
    if (isClosed) await events[Symbol.asyncDispose]()
    return events
  }
  function noticed(): void {
    comparison.noticed()
  }

  const comparison = await openComparison(identify, onChange, debounceMs)
  const first = open()
  opened = first
  try {
    await first
  } catch (thrown) {
    isClosed = true
    comparison[Symbol.dispose]()
    throw thrown
  }
  comparison.pollEvery(() => Math.max(LEAST_POLL_MS, POLL_SHARE * lookMs))
  return {
    async [Symbol.asyncDispose]() {
      isClosed = true
      comparison[Symbol.dispose]()
      await (await (opened ?? first))[Symbol.asyncDispose]()
    },
  }
}

/** One line for each folder and file that is there. */
interface Look {
  readonly folders: string[]
  readonly files: string[]
}

async function lookAt(path: string, isDeep: boolean): Promise<Look> {
  const look: Look = { folders: [], files: [] }
  try {
    if (!isDeep) look.files.push(`${path} ${await identifyFile(path)}`)
    else await lookBelow(path, { look, root: await realpath(path), depth: 0 })
  } catch (thrown) {
    // It is a file, or nothing, or a folder that was removed meanwhile.
    look.files.push(`${path} ${errnoOf(thrown) ?? 'unreadable'} ${await identifyFile(path)}`)
  }
  return look
}

async function lookBelow(
  path: string,
  { look, root, depth }: { readonly look: Look; readonly root: string; readonly depth: number },
): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true })
  // Only device and inode: temporary files of editors change its times.
  look.folders.push(`${path} ${(await identifyFile(path)).split(' ').slice(0, 2).join(' ')}`)
  const inner: string[] = []
  const files: string[] = []
  for (const entry of entries) {
    if (!isTemplateName(entry.name)) continue
    const place = join(path, entry.name)
    const isFolder = entry.isSymbolicLink() ? await isFolderBelow(place, root) : entry.isDirectory()
    if (isFolder) inner.push(place)
    else files.push(place)
  }
  look.files.push(...(await Promise.all(files.map(async (file) => `${file} ${await identifyFile(file)}`))))
  if (depth < DEEPEST) for (const place of inner) await lookBelow(place, { look, root, depth: depth + 1 })
}

/** A link to a folder outside is refused elsewhere. Here it must not lead to a look at the whole disk. */
async function isFolderBelow(link: string, root: string): Promise<boolean> {
  try {
    const real = await realpath(link)
    if (!liesUnder(real, root) || liesUnder(dirname(link), real)) return false
    return (await stat(real)).isDirectory()
  } catch {
    return false
  }
}

/**
 * Another text when the file is another one or was written to. Links are followed. A file that is not there
 * is `missing`.
 */
async function identifyFile(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
  } catch {
    return 'missing'
  }
}
