/**
 * Makes a `save` that writes once at a time. Calls that come during a write are merged: the newest records
 * win, and all of these calls get the result of that one write.
 */
export function mergeSaves<T>(write: (records: T) => Promise<void>): (records: T) => Promise<void> {
  let last: Promise<void> = Promise.resolve()
  let waiting: { records: T; readonly done: Promise<void> } | undefined
  return (records) => {
    if (waiting !== undefined) {
      waiting.records = records
      return waiting.done
    }
    const entry = { records, done: last.then(writeWaiting, writeWaiting) }
    function writeWaiting(): Promise<void> {
      waiting = undefined
      return write(entry.records)
    }
    waiting = entry
    last = entry.done
    return entry.done
  }
}
