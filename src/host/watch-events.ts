import { once } from 'node:events'

export interface Watched {
  readonly places: readonly string[]
  /** Levels of folders below a place that are watched too; undefined: all. */
  readonly depth?: number
}

/** Calls `noticed` for whatever happens there, and for failures to watch: too many watches, no permission. */
export async function openEvents(watched: readonly Watched[], noticed: () => void): Promise<AsyncDisposable> {
  // Here, because most volumes never watch, and chokidar takes some 25 ms to load.
  const { watch } = await import('chokidar')
  const watchers = watched.map(({ places, depth }) => {
    const options = { ignoreInitial: true, ...(depth === undefined ? {} : { depth }) }
    // What cannot be watched leaves the rest watched.
    return watch([...places], options)
      .on('all', noticed)
      .on('error', noticed)
  })
  await Promise.all(watchers.map((watcher) => once(watcher, 'ready')))
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(watchers.map((watcher) => watcher.close()))
    },
  }
}
