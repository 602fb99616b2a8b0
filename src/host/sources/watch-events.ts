import type { FSWatcher } from 'chokidar'

/** Paths that are watched to the same depth. */
interface Watched {
  readonly places: readonly string[]
  /** Levels of folders below a place that are watched too; undefined: all. */
  readonly depth?: number
}

/**
 * Watches paths. Calls `noticed` for every event, and for every failure to watch: too many watches, no
 * permission. Such a failure does not reject: the other paths stay watched, and the caller must poll. When it
 * rejects, nothing is left open.
 */
export async function openEvents(watched: readonly Watched[], noticed: () => void): Promise<AsyncDisposable> {
  // Imported here, because most volumes never watch, and chokidar takes some 25 ms to load.
  const { watch } = await import('chokidar')
  const watchers: FSWatcher[] = []
  // A watcher that fails to close must not keep the others open.
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

/**
 * Resolves when the watcher is ready. `ready` comes after errors too, at which `once` of node:events would
 * reject.
 */
async function untilReady(watcher: FSWatcher): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  watcher.once('ready', () => resolve())
  await promise
}
