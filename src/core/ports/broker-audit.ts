import type { AuditHead, AuditRow } from '../broker/audit/chain-rows.ts'
import type { AuditOutcome } from '../broker/seams.ts'

/** Conditions that lines must meet. Times are milliseconds since the epoch. */
export interface AuditFilter {
  /** The name of a machine. */
  readonly machine?: string | undefined
  /** A secret, `project/name`. */
  readonly secret?: string | undefined
  readonly outcome?: AuditOutcome | undefined
  readonly since?: number | undefined
  readonly until?: number | undefined
  /** Only lines with a smaller number. */
  readonly before?: number | undefined
}

/** The audit lines of a broker in its database. Rejects with `io` or `unavailable`. */
export interface AuditStore {
  /** Resolves with the last line of the chain. */
  head(): Promise<AuditHead>
  /** Resolves with the last line that was deleted: the first one that is kept follows it. */
  base(): Promise<AuditHead>
  /**
   * Appends rows that follow the head, all or none. They are durable when it resolves with true. False:
   * another process has appended lines since, and nothing was stored.
   */
  append(rows: readonly AuditRow[], after: AuditHead): Promise<boolean>
  /** Resolves with at most `most` rows that pass the filter, the newest first. */
  newest(filter: AuditFilter, most: number): Promise<readonly AuditRow[]>
  /** Resolves with at most `most` rows after a number, the oldest first. */
  after(seq: number, most: number): Promise<readonly AuditRow[]>
  /** Deletes at most `most` of the oldest rows that are older than a time. Resolves with the new base. */
  dropBefore(at: number, most: number): Promise<AuditHead>
}
