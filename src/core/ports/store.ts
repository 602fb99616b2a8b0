import type { VolumeRecord } from '../volume/record.ts'

/** Where the records on disk came from, and what had to be done to read them. */
export interface LoadedState {
  readonly records: readonly VolumeRecord[]
  /** `previous`: the newest file was damaged and set aside; `none`: no state has ever been written here. */
  readonly source: 'current' | 'previous' | 'none'
  /** One line each, for the log and Status. */
  readonly warnings: readonly string[]
}

/** The only thing that outlives the daemon. */
export interface Store {
  /** Rejects with `state_corrupt` when a state was there and none of it can be read. */
  load(): Promise<LoadedState>
  /** Durable when it resolves. Calls that wait are merged: the newest records win, all waiters get the one result. */
  save(records: readonly VolumeRecord[]): Promise<void>
}
