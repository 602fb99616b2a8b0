import type { VolumeRecord } from '../volume/record.ts'

/** The records on disk, where they came from, and what had to be done to read them. */
export interface LoadedState {
  readonly records: readonly VolumeRecord[]
  /** `previous`: the newest file was damaged and set aside. `none`: no state has ever been written here. */
  readonly source: 'current' | 'previous' | 'none'
  /** One line each, for the log and Status. */
  readonly warnings: readonly string[]
}

/** The records of volumes: the only data that outlives the daemon. */
export interface StateStore {
  /** Reads the records. Rejects with `state_corrupt` when there is a state and none of it can be read. */
  load(): Promise<LoadedState>
  /**
   * Writes the records; they are durable when it resolves. Calls that wait are merged: the newest records
   * win, and all callers get the one result.
   */
  save(records: readonly VolumeRecord[]): Promise<void>
}
