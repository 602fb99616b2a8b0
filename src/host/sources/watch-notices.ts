/**
 * Most restarts of the debounce. A folder that changes without pause must not delay the comparison for ever.
 */
const MOST_RESTARTS = 10
/** More entries than these are not looked at one by one. */
const MOST_ENTRIES = 100

/** Collects what may have changed, until nothing has come for the time of the debounce. */
interface Notices extends Disposable {
  /** Anything may have changed. */
  all(): void
  /** This entry may have changed. */
  one(entry: string): void
}

/**
 * Makes an empty collection. `compare` gets the entries, or undefined when anything may have changed.
 * `debounceMs`: milliseconds.
 */
export function createNotices(
  debounceMs: number,
  compare: (entries: ReadonlySet<string> | undefined) => void,
): Notices {
  let entries = new Set<string>()
  let isAll = false
  let timer: NodeJS.Timeout | undefined
  let restarts = 0
  let isClosed = false

  function end(): void {
    const noticed = isAll || entries.size > MOST_ENTRIES ? undefined : entries
    entries = new Set()
    isAll = false
    restarts = 0
    compare(noticed)
  }
  function restart(): void {
    if (isClosed || restarts > MOST_RESTARTS) return
    clearTimeout(timer)
    restarts += 1
    timer = setTimeout(end, debounceMs)
  }
  return {
    all() {
      isAll = true
      restart()
    },
    one(entry) {
      entries.add(entry)
      restart()
    },
    [Symbol.dispose]() {
      isClosed = true
      clearTimeout(timer)
    },
  }
}
