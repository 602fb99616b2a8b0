import type { FSWatcher } from 'chokidar'

export interface Watched {
  readonly places: readonly string[]
  /** Levels of folders below a place that are watched too; undefined: all. */
  readonly depth?: number
}

/**
 * Calls `noticed` for whatever happens there, and for failures to watch: too many watches, no permission.
 * Those do not reject: what cannot be watched leaves the rest watched, and is for the caller's poll. When it
 * rejects, nothing is left open.
 */
export async function openEvents(watched: readonly Watched[], noticed: () => void): Promise<AsyncDisposable> {
  // Here, because most volumes never watch, and chokidar takes some 25 ms to load.
  const { watch } = await import('chokidar')
  const watchers: FSWatcher[] = []
  // A watcher that does not close well is of no more use to anybody, and must not keep the others open.
  const close = async () => void (await Promise.allSettled(watchers.map((watcher) => watcher.close())))
  try {
    for (const { places, depth } of watched) {
      const options = { ignoreInitial: true, ...(depth === undefined ? {} : { depth }) }
      const watcher = watch([...places], options)
        .on('all', noticed)
        .on('error', noticed)
      watchers.push(watcher)
    }
    await Promise.all(watchers.map(untilReady))
  } catch (thrown) {
    await close()
    throw thrown
  }
  return { [Symbol.asyncDispose]: close }
}

/** It is said after errors too, which `once` of node:events would end at. */
async function untilReady(watcher: FSWatcher): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  watcher.once('ready', () => resolve())
  await promise
}
