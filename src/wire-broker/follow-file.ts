import { onHangup } from '../host/policy/on-hangup.ts'
import { watchPaths } from '../host/sources/watch.ts'

/** An editor writes a file in several steps. */
const DEBOUNCE_MS = 200

/** Calls the function now, when the file changes, and when SIGHUP comes, until the signal aborts. */
export async function followFile(
  path: string,
  reload: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const read = (): void => void reload()
  const watch = await watchPaths([path], read, { debounceMs: DEBOUNCE_MS, isDeep: false })
  // The file may have changed after it was read, and before it was watched.
  await reload()
  const hangups = onHangup(read)
  signal.addEventListener('abort', () => {
    hangups[Symbol.dispose]()
    void watch[Symbol.asyncDispose]()
  })
}
