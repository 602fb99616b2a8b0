import type { VolumeRecord } from '../volume/record.ts'

/** The records of volumes as they were read from disk. */
export interface LoadedState {
  readonly records: readonly VolumeRecord[]
  /**
   * `incomplete`: the newest records, whose mount references are lost. `previous`: the newest file was
   * damaged and moved away. `none`: no state was ever written.
   */
  readonly source: 'current' | 'incomplete' | 'previous' | 'none'
  /** Problems that were found while reading, one line each, for the log and Status. */
  readonly warnings: readonly string[]
}

/** Keeps the records of volumes, which are the only data that outlives the daemon. */
export interface StateStore {
  /** Reads the records. Rejects with `state_corrupt` when a state exists and no copy of it can be read. */
  load(): Promise<LoadedState>
  /**
   * Writes the records. Resolves when the volumes and their options are durable, and the references as in
   * `saveMounts`. Waiting calls are merged into one write of the newest records, and all of them get its
   * result.
   */
  save(records: readonly VolumeRecord[]): Promise<void>
  /**
   * Writes the mount references of these volumes. Resolves when they outlive this process, not a power cut: a
   * reference of an earlier boot is worth nothing (ADR 0021).
   */
  saveMounts(records: readonly VolumeRecord[]): Promise<void>
}

/** A lease that has to be revoked one day, as the disk knows it. */
export interface LeaseRecord {
  /** The name of the volume. */
  readonly volume: string
  /** The name of the provider instance. */
  readonly provider: string
  /** See `Lease.id`. */
  readonly id: string
}

/** The leases of volumes, on the host's disk. Rejections are `io` and name the file. */
export interface LeaseStore {
  /** Returns the records of the last save; none without a file. */
  load(): Promise<readonly LeaseRecord[]>
  /** Replaces all records: an interruption leaves the old ones or the new ones. */
  save(records: readonly LeaseRecord[]): Promise<void>
}
