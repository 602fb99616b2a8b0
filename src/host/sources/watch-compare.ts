/**
 * Most restarts of the debounce. A folder that changes without pause must not delay the comparison for ever.
 */
const MOST_RESTARTS = 10

/** Decides whether events are a change, by comparing identities. */
interface Comparison extends Disposable {
  /**
   * Reports that something may have changed. Compares when no other report came for the time of the debounce.
   */
  readonly noticed: () => void
  /** Compares at intervals too. `pauseMs` is called before each pause. */
  pollEvery(pauseMs: () => number): void
}

/**
 * Opens a comparison. It calls `onChange` when `identify` returns another text than before. `debounceMs`:
 * milliseconds.
 */
export async function openComparison(
  identify: () => Promise<string>,
  onChange: () => void,
  debounceMs: number,
): Promise<Comparison> {
  let seen = await identify()
  let timer: NodeJS.Timeout | undefined
  let polling: NodeJS.Timeout | undefined
  let restarts = 0
  let isClosed = false

  async function compare(): Promise<void> {
    restarts = 0
    const now = await identify()
    if (isClosed || now === seen) return
    seen = now
    onChange()
  }
  function noticed(): void {
    if (isClosed || restarts > MOST_RESTARTS) return
    clearTimeout(timer)
    restarts += 1
    timer = setTimeout(() => void compare(), debounceMs)
  }
  async function poll(): Promise<void> {
    if ((await identify()) !== seen) noticed()
  }
  function pollEvery(pauseMs: () => number): void {
    if (isClosed) return
    polling = setTimeout(() => void poll().then(() => pollEvery(pauseMs)), pauseMs())
  }
  return {
    noticed,
    pollEvery,
    [Symbol.dispose]() {
      isClosed = true
      clearTimeout(timer)
      clearTimeout(polling)
    },
  }
}
