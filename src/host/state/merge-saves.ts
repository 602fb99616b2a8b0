import type { StateStore } from '../../core/ports/state-store.ts'

/** One write at a time. Calls that come meanwhile become one: the newest records win, and all of them get its result. */
export function mergeSaves(write: StateStore['save']): StateStore['save'] {
  let last: Promise<void> = Promise.resolve()
  let waiting: { records: Parameters<StateStore['save']>[0]; readonly done: Promise<void> } | undefined
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
