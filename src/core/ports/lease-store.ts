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
