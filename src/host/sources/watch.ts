import { lstat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { WatchPaths } from '../../core/ports/files.ts'
import { isTemplateName } from './source-trees.ts'
import { openFolderWatches } from './watch-folders.ts'
import { identityOf, lookAt, type Look } from './watch-look.ts'
import { createNotices } from './watch-notices.ts'

/** Where the system tells of all changes, a poll is for those that an overflow of its queue has dropped. */
const SLOW_POLL_MS = 600_000
const LEAST_POLL_MS = 2000
/** Polling takes at most one fiftieth of a core. Looking at a thousand files takes some 30 ms. */
const POLL_SHARE = 50
/**
 * Watches the folders of the paths, of every link on the way, and of the folders above. An event at a plain
 * file leads to a look at that file; any other event that matters leads to a look at all paths. A poll looks
 * at all paths too: often where the system does not tell of all changes, else rarely.
 */
export const watchPaths: WatchPaths = async (paths, onChange, { debounceMs, isDeep, onNotice }) => {
  const noticing = createNotices(debounceMs, compare)
  const watches = openFolderWatches(noticed)
  let polling: NodeJS.Timeout | undefined
  let isClosed = false
  let pollMs = SLOW_POLL_MS
  let comparing: Promise<void> = Promise.resolve()
  let look = await lookAt(paths, isDeep)

  function noticed(folder: string, name: string | undefined): void {
    // An event of the folder itself has the name of the folder.
    const entry = name === undefined || name === basename(folder) ? folder : join(folder, name)
    if (entry === folder || look.joints.has(entry)) noticing.all()
    else if (look.plain.has(entry) || (look.deep.has(folder) && isTemplateName(basename(entry))))
      noticing.one(entry)
    else return
    onNotice?.()
  }

  /** Undefined: compares all paths. */
  function compare(entries: ReadonlySet<string> | undefined): void {
    comparing = compareAfter(comparing, entries)
  }

  async function compareAfter(
    before: Promise<void>,
    entries: ReadonlySet<string> | undefined,
  ): Promise<void> {
    await before
    if (isClosed) return
    const changed = (entries && (await compareEntries(entries, look))) ?? (await compareAll())
    if (!isClosed && changed.length > 0) onChange(changed)
  }

  async function compareAll(): Promise<readonly string[]> {
    const start = performance.now()
    const before = look.places
    look = await lookAt(paths, isDeep)
    const lookMs = performance.now() - start
    if (isClosed) return []
    const { hasNew, isComplete } = await watches.follow(look.folders)
    if (isClosed) watches[Symbol.dispose]()
    // Events in a new folder came before it was watched.
    else if (hasNew) noticing.all()
    pollAfter(isComplete ? SLOW_POLL_MS : Math.max(LEAST_POLL_MS, POLL_SHARE * lookMs))
    return differences(before, look.places)
  }

  function pollAfter(ms: number): void {
    if (isClosed || (polling !== undefined && ms === pollMs)) return
    pollMs = ms
    clearTimeout(polling)
    polling = setTimeout(() => {
      polling = undefined
      compare(undefined)
    }, ms)
  }

  await watches.follow(look.folders)
  await compareFirst()
  return {
    async [Symbol.asyncDispose]() {
      isClosed = true
      clearTimeout(polling)
      noticing[Symbol.dispose]()
      watches[Symbol.dispose]()
      await comparing
    },
  }

  /** Changes between the first look and the watch were not seen. */
  async function compareFirst(): Promise<void> {
    compare(undefined)
    await comparing
  }
}

/**
 * Looks at single entries, and keeps what is new in `look`. Returns the places that have changed, or
 * undefined when only a look at all paths can tell: an entry came, went, or is not a plain file.
 */
async function compareEntries(
  entries: ReadonlySet<string>,
  { places, plain }: Look,
): Promise<readonly string[] | undefined> {
  const changed = new Map<string, string>()
  const cameAndWent: string[] = []
  for (const entry of entries) {
    const facts = await lstat(entry, { bigint: true }).catch(() => undefined)
    const known = plain.get(entry)
    if (facts === undefined && known === undefined) {
      // It came and went. A reader of the folder may have seen it in between.
      cameAndWent.push(entry)
      continue
    }
    if (facts === undefined || known === undefined || !facts.isFile()) return undefined
    const identity = identityOf(facts)
    for (const place of known) if (places.get(place) !== identity) changed.set(place, identity)
  }
  for (const [place, identity] of changed) places.set(place, identity)
  return [...changed.keys(), ...cameAndWent]
}

/** Returns the places that are different, new or gone. */
function differences(before: Look['places'], now: Look['places']): readonly string[] {
  const gone = [...before.keys()].filter((place) => !now.has(place))
  return [...gone, ...[...now].filter(([place, text]) => before.get(place) !== text).map(([place]) => place)]
}
