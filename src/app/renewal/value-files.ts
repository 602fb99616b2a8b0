import { toLocketError, type LocketError } from '../../core/vocabulary/errors.ts'
import type { WatchPaths } from '../../core/ports/files.ts'

/** The functions that a volume passes to a watch. */
interface WatchListener {
  /** The files have changed, or may have changed before the watch was open. */
  readonly changed: () => void
  /** The files cannot be watched. */
  readonly failed: (error: LocketError) => void
}

/**
 * The watch of the files that hold values, such as the embedded store. Volumes with the same files share one
 * watch.
 */
export interface ValueFiles {
  /**
   * Joins the watch of these absolute paths, and opens it in the background if it is not open: a Mount does
   * not wait for it. Disposing leaves it; with its last volume it is closed.
   */
  join(paths: readonly string[], listener: WatchListener): AsyncDisposable
}

interface Shared {
  readonly listeners: Set<WatchListener>
  readonly opening: Promise<AsyncDisposable | undefined>
}

/** Makes the table of watches. */
export function createValueFiles(watch: WatchPaths): ValueFiles {
  const open = new Map<string, Shared>()

  function begin(key: string, paths: readonly string[]): Shared {
    const listeners = new Set<WatchListener>()
    const changed = () => {
      for (const listener of listeners) listener.changed()
    }
    const opening = watch(paths, changed, { debounceMs: DEBOUNCE_MS, isDeep: false }).then(
      (opened) => {
        // Changes since the values were read were not watched.
        changed()
        return opened
      },
      (thrown: unknown) => {
        // The next volume tries again.
        if (open.get(key) === shared) open.delete(key)
        for (const listener of listeners) listener.failed(toLocketError(thrown))
        return undefined
      },
    )
    const shared = { listeners, opening }
    open.set(key, shared)
    return shared
  }

  return {
    join(paths, listener) {
      const key = JSON.stringify(paths)
      const shared = open.get(key) ?? begin(key, paths)
      // An object of its own, so that one volume can join twice.
      const member = { ...listener }
      shared.listeners.add(member)
      return {
        async [Symbol.asyncDispose]() {
          if (!shared.listeners.delete(member) || shared.listeners.size > 0) return
          if (open.get(key) === shared) open.delete(key)
          await (await shared.opening)?.[Symbol.asyncDispose]()
        },
      }
    },
  }
}

const DEBOUNCE_MS = 500
