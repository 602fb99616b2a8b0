import type { BrokerChange } from '../../core/ports/broker-store.ts'

/** A value of a row: a text, a whole number, bytes, or nothing. */
type SqlValue = string | number | Uint8Array | null

/** A row by the names of its columns. */
export type SqlRow = Readonly<Record<string, unknown>>

/** One statement in the SQL that SQLite and PostgreSQL share. Parameters are `$1`, `$2`. */
export interface Statement {
  readonly text: string
  readonly values: readonly SqlValue[]
  /** True: without a row in its result, nothing of the batch is stored. */
  readonly needsRow?: true
}

/** A database. Rejects with `io` or `unavailable`; the text of a foreign error never gets into a message. */
export interface Database extends AsyncDisposable {
  /**
   * Runs the statements as one transaction and resolves with the rows of each. Undefined: a statement that
   * needs a row had none, and nothing is stored. The transaction is durable when the promise resolves.
   */
  run(statements: readonly Statement[]): Promise<readonly (readonly SqlRow[])[] | undefined>
  /** As `run` with one statement, which survives the end of the process and not always that of the power. */
  runQuickly(statement: Statement): Promise<readonly SqlRow[]>
  /**
   * Returns a number that is another one after each change of a record. Undefined: other processes change
   * records too, and only a question tells what is true now.
   */
  revision(): number | undefined
  announce(change: BrokerChange): Promise<void>
  onChange(listener: (change: BrokerChange | { readonly kind: 'lost' }) => void): void
}

/** Returns a statement with its parameters. */
export function sql(text: string, ...values: Statement['values']): Statement {
  return { text, values }
}

/** Returns a statement without whose row nothing of its batch is stored. */
export function must(text: string, ...values: Statement['values']): Statement {
  return { text, values, needsRow: true }
}
