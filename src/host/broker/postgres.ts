import { Client, Pool, types, type ClientConfig, type PoolClient } from 'pg'
import * as z from 'zod'
import type { BrokerChange } from '../../core/ports/broker-store.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { isLocketError, LocketError } from '../../core/vocabulary/errors.ts'
import { migrationsFrom, READ_VERSION, VERSION_TABLE } from './migrations.ts'
import type { Database, SqlRow, Statement } from './sql.ts'

/** Connections of this process to the database. */
const MOST_CONNECTIONS = 8
const CONNECT_MS = 5000
/** Milliseconds after which the server gives a statement up. */
const STATEMENT_MS = 5000
/** Milliseconds until a lost connection for news is made again. */
const RECONNECT_MS = 1000
/** The number of the lock that lets one process migrate: "locket" in ASCII. */
const MIGRATION_LOCK = '119171096470900'
/** The channel of NOTIFY. */
const CHANNEL = 'locket_broker'
/** The number of the type BIGINT, which pg returns as text. */
const INT8 = 20

/**
 * Opens the PostgreSQL database of this URL. Rejects with `unavailable` if it does not answer, and with
 * `config` for a database of a newer locket. Passwords come from PGPASSFILE and PGPASSWORD.
 */
export async function openPostgres(url: string, clock: Clock): Promise<Database> {
  const who = `the broker's database at ${placeOf(new URL(url))}`
  const durable = poolOf(url, 'on')
  const quick = poolOf(url, 'off')
  try {
    await explain(who, () => inTransaction(durable, migrate))
  } catch (thrown) {
    await Promise.all([durable.end(), quick.end()])
    throw thrown
  }
  const news = await openNews(url, clock)

  return {
    run: (statements) =>
      explain(who, async () => {
        const [only, ...others] = statements
        if (only === undefined || others.length > 0)
          return await inTransaction(durable, (client) => runAll(client, statements))
        return await runAll(durable, statements)
      }),
    runQuickly: (statement) => explain(who, () => rowsOf(quick, statement)),
    revision: () => undefined,
    announce: (change) =>
      explain(who, async () => {
        await quick.query('SELECT pg_notify($1, $2)', [CHANNEL, JSON.stringify(change)])
      }),
    onChange: (listener) => news.listeners.push(listener),
    async [Symbol.asyncDispose]() {
      await Promise.all([news.close(), durable.end(), quick.end()])
    },
  }
}

/** The host, or the folder of a Unix socket. */
function placeOf({ host, searchParams }: URL): string {
  return searchParams.get('host') ?? host
}

function optionsOf(url: string): ClientConfig {
  return {
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    query_timeout: 2 * STATEMENT_MS,
    application_name: 'locket',
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === INT8 ? Number : (types.getTypeParser as (oid: number, format?: string) => never)(oid, format),
    },
  }
}

function poolOf(url: string, synchronousCommit: 'on' | 'off'): Pool {
  const pool = new Pool({
    ...optionsOf(url),
    max: MOST_CONNECTIONS,
    options: `-c synchronous_commit=${synchronousCommit}`,
  })
  // An idle connection that breaks is replaced at the next statement.
  pool.on('error', () => undefined)
  return pool
}

type Queryable = Pool | PoolClient

async function rowsOf(on: Queryable, { text, values }: Statement): Promise<readonly SqlRow[]> {
  const bytes = values.map((value) => (value instanceof Uint8Array ? Buffer.from(value) : value))
  return (await on.query<SqlRow>({ text, values: bytes })).rows
}

/** Undefined: a statement that needs a row had none. */
async function runAll(
  on: Queryable,
  statements: readonly Statement[],
): Promise<readonly (readonly SqlRow[])[] | undefined> {
  const results: (readonly SqlRow[])[] = []
  for (const statement of statements) {
    const rows = await rowsOf(on, statement)
    if (statement.needsRow === true && rows.length === 0) return undefined
    results.push(rows)
  }
  return results
}

/** Runs the work as one transaction. Undefined as its result: nothing is stored. */
async function inTransaction<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T | undefined>,
): Promise<T | undefined> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('BEGIN')
    const result = await work(client)
    await client.query(result === undefined ? 'ROLLBACK' : 'COMMIT')
    return result
  } catch (thrown) {
    // A connection that cannot roll back is closed, which rolls back too.
    await client.query('ROLLBACK').catch((error: Error) => (broken = error))
    throw thrown
  } finally {
    client.release(broken)
  }
}

async function migrate(client: PoolClient): Promise<true> {
  await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
  await client.query(VERSION_TABLE)
  const { rows } = await client.query<SqlRow>(READ_VERSION)
  for (const text of migrationsFrom(Number(rows[0]?.['version']))) await client.query(text)
  return true
}

type Listener = (change: BrokerChange | { readonly kind: 'lost' }) => void

/** Listens to NOTIFY on a connection of its own, which is made again whenever it breaks. */
async function openNews(
  url: string,
  clock: Clock,
): Promise<{ readonly listeners: Listener[]; close(): Promise<void> }> {
  const listeners: Listener[] = []
  const closing = new AbortController()
  let client: Client | undefined

  function tell(change: BrokerChange | { readonly kind: 'lost' }): void {
    for (const listener of listeners) listener(change)
  }

  async function connect(): Promise<void> {
    // A connection that only waits is not noticed to be dead without keepalive packets.
    const own = new Client({ ...optionsOf(url), keepAlive: true })
    const ended = Promise.withResolvers<void>()
    own.on('error', () => undefined)
    own.on('end', () => ended.resolve())
    own.on('notification', ({ payload }) => tell(readChange(payload ?? '')))
    try {
      await own.connect()
      await own.query(`LISTEN ${CHANNEL}`)
      closing.signal.throwIfAborted()
    } catch (thrown) {
      own.end().catch(() => undefined)
      throw thrown
    }
    client = own
    void ended.promise.then(reconnect)
  }

  async function reconnect(): Promise<void> {
    client = undefined
    while (!closing.signal.aborted) {
      try {
        await clock.sleep(RECONNECT_MS, closing.signal)
        await connect()
        // Changes of the time in between are unknown.
        return tell({ kind: 'lost' })
      } catch {
        // The next turn of the loop tries again, or ends.
      }
    }
  }

  await connect().catch(() => void reconnect())
  return {
    listeners,
    async close() {
      closing.abort(new LocketError('aborted', 'the broker stops'))
      await client?.end()
    },
  }
}

const Change = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('machine'), machine: z.string() }),
  z.object({ kind: z.literal('secret'), project: z.string(), name: z.string() }),
])

/** A payload that cannot be read counts as a change of anything. */
function readChange(payload: string): BrokerChange | { readonly kind: 'lost' } {
  try {
    return Change.parse(JSON.parse(payload))
  } catch {
    return { kind: 'lost' }
  }
}

async function explain<T>(who: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    if (isLocketError(thrown)) throw thrown
    const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? String(thrown.code) : ''
    const reason = /^[0-9A-Z]{5}$/.test(code) ? `its code is ${code}` : 'it cannot be reached'
    throw new LocketError('unavailable', `${who} does not work: ${reason}`, { cause: thrown })
  }
}
