import { chmodSync, closeSync, openSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { BrokerChange } from '../../core/ports/broker-store.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { migrationsFrom, READ_VERSION, VERSION_TABLE } from './migrations.ts'
import { watchOutsideCommits } from './records/outside-commits.ts'
import type { Database, SqlRow, Statement } from './sql.ts'

/**
 * Opens the SQLite file, which is made with mode 0600 if it is missing. Only one process may have it open,
 * which the lock of its folder ensures. Throws `io`, and `config` for a file of a newer locket.
 */
export function openSqlite(path: string): Database {
  return explain(path, () => {
    // SQLite gives its journal the mode of the file.
    closeSync(openSync(path, 'a', 0o600))
    chmodSync(path, 0o600)
    const durable = connect(path, 'FULL')
    migrate(durable)
    return databaseOf(path, durable, connect(path, 'NORMAL'))
  })
}

function connect(path: string, synchronous: 'FULL' | 'NORMAL'): DatabaseSync {
  const connection = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: 1000 })
  // Deleted bundles and tokens are overwritten in the file.
  connection.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; PRAGMA secure_delete = ON`)
  return connection
}

function migrate(connection: DatabaseSync): void {
  connection.exec('BEGIN IMMEDIATE')
  try {
    connection.exec(VERSION_TABLE)
    const version = Number(connection.prepare(READ_VERSION).get()?.['version'])
    for (const text of migrationsFrom(version)) connection.exec(text)
    connection.exec('COMMIT')
  } catch (thrown) {
    connection.exec('ROLLBACK')
    throw thrown
  }
}

function databaseOf(path: string, durable: DatabaseSync, quick: DatabaseSync): Database {
  const listeners: ((change: BrokerChange) => void)[] = []
  const durably = preparing(durable)
  const quickly = preparing(quick)
  const outside = watchOutsideCommits({ durable, quick }, ['durable', 'quick'])
  let changes = 0

  /** All of it happens in one turn of the event loop, so that no other statement gets between. */
  function transaction(statements: readonly Statement[]): (readonly SqlRow[])[] | undefined {
    durable.exec('BEGIN IMMEDIATE')
    try {
      const results: (readonly SqlRow[])[] = []
      for (const statement of statements) {
        const rows = durably(statement)
        if (statement.needsRow === true && rows.length === 0) {
          durable.exec('ROLLBACK')
          return undefined
        }
        results.push(rows)
      }
      durable.exec('COMMIT')
      return results
    } catch (thrown) {
      // A full disk ends the transaction by itself.
      if (durable.isTransaction) durable.exec('ROLLBACK')
      throw thrown
    }
  }

  /** Runs the work of the statements. Each one that is not known to keep the records counts as a change. */
  function counted<T>(by: 'durable' | 'quick', statements: readonly Statement[], work: () => T): T {
    try {
      if (!statements.every(({ text }) => text.startsWith('SELECT '))) outside.before(by)
      return explain(path, work)
    } finally {
      if (!statements.every(({ text }) => KEEPS_RECORDS.test(text))) changes += 1
    }
  }

  function runAll(statements: readonly Statement[]): readonly (readonly SqlRow[])[] | undefined {
    const [only, ...others] = statements
    if (only === undefined || others.length > 0) return transaction(statements)
    const rows = durably(only)
    return only.needsRow === true && rows.length === 0 ? undefined : [rows]
  }

  return {
    run: async (statements) => counted('durable', statements, () => runAll(statements)),
    runQuickly: async (statement) => counted('quick', [statement], () => quickly(statement)),
    // Both only grow.
    revision: () => changes + explain(path, () => outside.count()),
    async announce(change) {
      for (const listener of listeners) listener(change)
    },
    onChange: (listener) => void listeners.push(listener),
    async [Symbol.asyncDispose]() {
      quick.close()
      durable.close()
    },
  }
}

/** Questions, and the statements of a read: its nonce, the time of the machine, and its line of the audit. */
const KEEPS_RECORDS =
  /^(?:SELECT |INSERT INTO nonce |INSERT INTO audit |UPDATE audit_head |UPDATE machine SET last_seen )/

/** Returns a function that runs statements, and prepares each text once. */
function preparing(connection: DatabaseSync): (statement: Statement) => readonly SqlRow[] {
  const prepared = new Map<string, StatementSync>()
  return ({ text, values }) => {
    let statement = prepared.get(text)
    if (statement === undefined) {
      statement = connection.prepare(text.replaceAll(/\$(\d+)/g, '?$1'))
      prepared.set(text, statement)
    }
    return statement.all(...values)
  }
}

/** SQLite's codes (sqlite.org/rescode.html) that users can do something about. */
const REASONS: ReadonlyMap<number, string> = new Map([
  [5, 'another program has locked it'],
  [8, 'it cannot be written'],
  [10, 'the disk does not read or write'],
  [11, 'it is damaged'],
  [13, 'the disk is full'],
  [14, 'it cannot be opened'],
  [26, 'it is not an SQLite database'],
])

function explain<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    const code = errcodeOf(thrown)
    if (code === undefined) throw thrown
    const reason = REASONS.get(code & 0xff) ?? `SQLite's code is ${code}`
    throw new LocketError('io', `the broker's database ${path} does not work: ${reason}`, { cause: thrown })
  }
}

function errcodeOf(thrown: unknown): number | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('errcode' in thrown)) return undefined
  return typeof thrown.errcode === 'number' ? thrown.errcode : undefined
}
