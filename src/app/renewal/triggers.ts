import type { WatchOptions, WatchPaths } from '../../core/ports/files.ts'

/**
 * Calls `fire` when something is to be delivered again, from the moment that it resolves until it is
 * disposed.
 */
export type Trigger = (fire: () => void) => Promise<AsyncDisposable>

/** Fires when one of the files, or one below the folders, was changed. */
export function fileChanges(watch: WatchPaths, paths: readonly string[], options: WatchOptions): Trigger {
  return (fire) => watch(paths, fire, options)
}
