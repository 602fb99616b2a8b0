import type { ChainFacts } from '../audit/chain.ts'

/** The file of the audit log. */
export interface AuditLog {
  /**
   * Appends one line for each of the facts, in their order. Resolves when they are on disk; calls that wait
   * at the same time share one write. Rejects with `io`: then none of these lines is in the log.
   */
  append(facts: readonly ChainFacts[]): Promise<void>
  /** Waits for the lines that are being written, and closes the file. */
  close(): Promise<void>
}

/** One line of a log, without its line break. */
export interface LogLine {
  readonly bytes: Uint8Array
  /** False: the line break is missing. Only the last line of a file may lack it. */
  readonly isWhole: boolean
}

/** The files of audit logs, for reading. */
export interface AuditFiles {
  /** Returns the file at `path` and those that were rotated away from it, the oldest first. */
  list(path: string): Promise<readonly string[]>
  /** Reads the lines of one file. Rejects with `io`. */
  lines(path: string): AsyncIterable<LogLine>
}
