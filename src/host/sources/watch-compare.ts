/** A folder that never rests must not put off the comparison for ever. */
const MOST_RESTARTS = 10

/** Tells a change from mere events: it compares identities. */
export interface Comparison extends Disposable {
  /** Something may have changed. Compares when nothing more was noticed for the time of a debounce. */
  readonly noticed: () => void
  /** Compares by itself too. `pauseMs` is called before each pause. */
  pollEvery(pauseMs: () => number): void
}

/** Calls `onChange` when `identify` answers another text than before. */
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
